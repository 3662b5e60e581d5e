"""A small music library and a DEAM-layout folder, both synthesised: no data, no network needed."""
