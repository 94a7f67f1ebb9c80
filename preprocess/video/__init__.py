"""A person's own videos: from files to clips, and back to pictures. Read `command.py` first."""
