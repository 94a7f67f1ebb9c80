"""Protocols: which clips count and in which class, and whether they are the published ones."""
