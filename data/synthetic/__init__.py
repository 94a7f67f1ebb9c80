"""The synthetic database: faces with exactly known motion. Read database.py first."""
