"""From predictions to UF1, UAR and the terms of a result. Read metrics.py first."""
