"""Which frames of a clip become instances, in both stages. Read sample.py first."""
