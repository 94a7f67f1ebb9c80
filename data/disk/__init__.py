"""A database on disk: root, folders of subjects and clips, frames. Read tree.py first."""
