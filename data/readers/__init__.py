"""One reader per database: from its folders and sheet to a Database. Read casme2.py first."""
