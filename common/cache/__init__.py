"""The cache: an index and one shard per clip; both stages meet here. Read flows.py first."""
