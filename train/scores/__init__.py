"""From predictions to UF1, UAR and what a result says about itself. Read metrics.py first."""
