"""The databases: a reader turns a folder and its sheet into clips. Read database.py first."""
