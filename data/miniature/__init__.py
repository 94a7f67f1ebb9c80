"""Miniature databases with the quirks of the real ones, invented. Read layouts.py first."""
