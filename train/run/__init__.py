"""One run: its folder, its folds, its pooled results. Read cross_validate.py first."""
