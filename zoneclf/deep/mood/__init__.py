"""Moods: which tags mean one mood, and networks that say one mood of a track."""
