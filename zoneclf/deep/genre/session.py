"""Who plays a synthesised clip, and what all genres ask of a player: beats, notes, silence."""

from dataclasses import dataclass

import numpy as np

from zoneclf.deep.studio.artists import Artist
from zoneclf.deep.studio.voices import RATE_HZ, Wave, hertz_of


@dataclass(frozen=True)
class Session:
    """One clip in the making: who plays, how long, and its own chance."""

    artist: Artist
    seconds: float
    rng: np.random.Generator

    def beat_s(self, slowest: float, fastest: float) -> float:
        """Return the length of a beat in a genre's range of tempo in BPM."""
        bpm = slowest + (fastest - slowest) * self.artist.pace
        return 60.0 / (bpm * self.rng.uniform(0.98, 1.02))

    def beats(self, beat_s: float, step: float = 1.0) -> list[tuple[int, float]]:
        """Return number and time of each step; the clip begins anywhere within four beats."""
        first = -self.rng.integers(0, 4) * beat_s - self.rng.uniform(0, beat_s)
        count = int((self.seconds - first) / (beat_s * step)) + 1
        return [(number, first + number * step * beat_s) for number in range(count)]

    def note(self, octave: int) -> float:
        """Return the frequency of a note of the scale, octaves above MIDI note 36."""
        degree = int(self.rng.choice(self.artist.scale))
        return hertz_of(36 + self.artist.root + 12 * octave + degree)

    def root(self, octave: int) -> float:
        """Return the frequency of the key's root."""
        return hertz_of(36 + self.artist.root + 12 * octave)

    def empty(self) -> Wave:
        """Return silence as long as the clip."""
        return np.zeros(round(self.seconds * RATE_HZ), dtype=np.float32)
