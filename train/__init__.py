"""Stage 2: from instances to UF1 and UAR. Read fold/fit.py first."""
