"""A database on disk: its root, the trees of subjects, the folders and frames of clips."""
