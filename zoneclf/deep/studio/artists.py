"""Who plays synthesised music: what all clips of an artist share, and how they are recorded."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.signal

from zoneclf.deep.studio.voices import RATE_HZ, Wave

_MINOR = (0, 3, 5, 7, 10)
_MAJOR = (0, 2, 4, 7, 9)


@dataclass(frozen=True)
class Artist:
    """What all clips of an artist share; `pace` 0 to 1 is the place in a genre's range of tempo."""

    name: str
    root: int
    pace: float
    brightness: float
    swing: float
    pitch: float
    tilt_db: float
    room: float
    hiss_db: float
    grit: float
    minor: bool

    @property
    def scale(self) -> tuple[int, ...]:
        """Semitones above the root."""
        return _MINOR if self.minor else _MAJOR


def artist_of(name: str, rng: np.random.Generator) -> Artist:
    """Return an artist with traits drawn at random."""
    return Artist(
        name=name,
        root=int(rng.integers(0, 12)),
        pace=float(rng.random()),
        brightness=float(rng.random()),
        swing=float(rng.random()),
        pitch=float(rng.uniform(0.85, 1.2)),
        tilt_db=float(rng.normal(0, 3)),
        room=float(rng.uniform(0, 0.5)),
        hiss_db=float(rng.uniform(-60, -28)),
        grit=float(rng.exponential(0.6)),
        minor=bool(rng.random() < 0.5),
    )


def level_of(wave: Wave) -> np.float32:
    """Return the root mean square of a wave, never 0."""
    return np.float32(np.sqrt(np.mean(np.square(wave))) + 1e-6)


def recorded(wave: Wave, artist: Artist, rng: np.random.Generator) -> Wave:
    """Return sound through the artist's equaliser and room, shape (samples,)."""
    size = 2 ** int(np.ceil(np.log2(wave.size + RATE_HZ // 2)))
    spectrum = np.fft.rfft(wave, size)
    octaves = np.log2(np.maximum(np.fft.rfftfreq(size, 1 / RATE_HZ), 40) / 640)
    spectrum *= 10 ** (artist.tilt_db * octaves / 4 / 20)
    spectrum *= np.fft.rfft(_room(artist, rng), size)
    return np.asarray(np.fft.irfft(spectrum, size)[: wave.size], dtype=np.float32)


def _room(artist: Artist, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return an impulse response: the sound itself, then noise that dies away in half a second."""
    at = np.arange(RATE_HZ // 2) / RATE_HZ
    tail = rng.standard_normal(at.size) * np.exp(-at / 0.12)
    tail *= artist.room / np.sqrt(np.square(tail).sum())
    tail[0] = 1.0
    return np.asarray(scipy.signal.lfilter([0.6], [1, -0.4], tail))
