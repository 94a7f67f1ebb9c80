"""Annotation: sheets, cells, corrections, the clips they describe. Read rows.py first."""
