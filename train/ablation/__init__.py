"""Ablation: a run for every row of settings and every seed, and a table of their results."""
