"""A model at work: what it says of clips, and what is out of its range. Read predict.py first."""
