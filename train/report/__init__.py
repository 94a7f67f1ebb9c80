"""Reports on runs: comparison, published scores, one page of all. Read page.py first."""
