"""What both stages must agree on: clips, instances, the cache, errors. Knows no stage."""
