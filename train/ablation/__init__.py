"""Ablation: rows of settings x seeds, each an ordinary run, and the table of what they came to."""
