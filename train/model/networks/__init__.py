"""Networks that can be chosen: features only, the classifier is raicl's. Read body.py first."""
