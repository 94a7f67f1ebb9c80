"""Networks that can be chosen: features only, the classifier is raicl's. Read make.py first."""
