"""Ablation: a run per row of settings and seed, and their table. Read study.py first."""
