"""Miniature databases with every known quirk of the real ones; every value is invented."""
