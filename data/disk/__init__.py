"""What lies on disk: the root, the trees of subjects, the folders and frames of clips."""
