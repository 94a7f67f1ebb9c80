"""Annotation: sheets and their cells, the corrections, and the clips they describe."""
