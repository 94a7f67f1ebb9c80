"""From cached instances to the mini-batches of an epoch. Read instances.py first."""
