"""The clips of a run: caches put together, sampled, labelled, split. Read plan.py first."""
