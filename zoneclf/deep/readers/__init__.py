"""Layouts of data sets: each reader returns a `Listing` of tracks with genres, and what was odd."""
