"""Stage 1, raw frames to instances. Read `process.py` first."""
