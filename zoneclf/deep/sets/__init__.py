"""What sets of tracks share, whatever is learnt from them: files, splits, embeddings, loading."""
