"""The stages joined: extract, label, train, analyze, visualize_2d, predict as plain functions."""
