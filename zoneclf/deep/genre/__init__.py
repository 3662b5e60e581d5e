"""Multi-label genre: a network on spectrograms, on MERT embeddings, and on both together."""
