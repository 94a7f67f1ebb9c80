"""The clips of a run: caches combined, sampled, labelled and split. Read plan.py first."""
