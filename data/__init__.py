"""The databases: each reader turns a downloaded tree and its sheet into clips."""
