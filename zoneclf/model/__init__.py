"""LABELLED TABLE -> MODEL: splits, weights, boosting, strategies, the model folder."""
