"""AUDIO: a file becomes blocks of mono sound at 44.1 kHz, and a status that says how it went."""
