"""Stage 2, instances to UF1 and UAR. Read `fit.py` first."""
