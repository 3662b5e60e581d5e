"""Ready-made spectrograms -> the settings they were made with, found by trying many."""
