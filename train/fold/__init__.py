"""One fold: training, checkpoints, prediction. Read fit.py first."""
