"""The networks and their losses. Read siamese.py first."""
