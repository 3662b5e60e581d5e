"""AUDIO -> FRAMES: one row of descriptors every 0.5 s, by openSMILE's definitions."""
