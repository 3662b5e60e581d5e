"""Arousal and valence by neural networks."""
