"""FRAMES -> TRACKS: one row of features per track."""
