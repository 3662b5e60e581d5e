"""TRACKS -> LABELLED TABLE: zones from rules, from DEAM's annotations, from the user's file."""
