"""The tests, as a package: an installed package may bear the name, and processes would find it."""
