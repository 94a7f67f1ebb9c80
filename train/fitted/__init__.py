"""A model for use: fitted on every clip, saved with a card, and loaded. Read fit.py first."""
