"""Protocols: which clips count, in which class, what is published. Read protocol.py first."""
