"""Where in some sound a spectrogram comes from, and how long its frames are.

The mean of its bands in eight registers, frame by frame, is looked for along the sound, for every
length of a frame that the grid has; the wrong length falls out of step within seconds.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.signal

from zoneclf.deep.spectrograms import Spectrogram, SpectrogramSettings, Wave, log_mel

# Correlation from which it is worth looking closer.
LEAST = 0.5
# Of every length of a frame so many places, and of all of them so many, if they are nearly as good.
_PLACES, _MOST, _NEARLY = 4, 12, 0.25
# One that fades out and one that does not, whose high registers are the low ones' traces.
_WINDOWS = ("hann", "boxcar")
_REGISTERS = 8

Rows = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Location:
    """A clip begins at second `start_s` of a sound, if frames are `hop` at `rate_hz`."""

    rate_hz: int
    hop: int
    start_s: float
    correlation: float


def locate(
    clips: Sequence[Spectrogram], sound: Wave, rate_hz: int, hops: Iterable[int]
) -> list[list[Location]]:
    """Return where each clip fits best in a sound of this rate, a few places for each hop.

    Parameters
    ----------
    clips
        Shape (frames, mels) each.
    sound
        Shape (samples,).
    """
    looked_for = [_registers(clip) for clip in clips]
    found: list[list[Location]] = [[] for _ in clips]
    for hop, window in itertools.product(sorted(set(hops)), _WINDOWS):
        size = min(max(4 * hop, 512), 65_536)
        settings = SpectrogramSettings(
            rate_hz=rate_hz,
            n_fft=size,
            window_length=size,
            window=window,
            hop=hop,
            mels=clips[0].shape[1],
            excerpt_s=0.0,
        )
        rows = _registers(log_mel(sound, settings))
        for places, clip in zip(found, looked_for, strict=True):
            places.extend(_best(clip, rows, rate_hz, hop=hop))
    return found


def likeliest(found: Sequence[Location]) -> list[Location]:
    """Return the best locations, best first; none if the sound does not hold the clip."""
    best = max((one.correlation for one in found), default=0.0)
    if best < LEAST:
        return []
    near = [one for one in found if one.correlation >= best - _NEARLY]
    return sorted(near, key=lambda one: -one.correlation)[:_MOST]


def _registers(spectrogram: Spectrogram) -> Rows:
    """Return the mean of neighbouring bands, shape (frames, registers)."""
    edges = np.linspace(0, spectrogram.shape[1], _REGISTERS + 1).astype(int)[:-1]
    sums = np.add.reduceat(spectrogram.astype(np.float64), np.unique(edges), axis=1)
    return np.asarray(sums)


def _best(clip: Rows, sound: Rows, rate_hz: int, *, hop: int) -> list[Location]:
    """Return where the correlation of the registers is greatest, places that do not touch."""
    missing = len(clip) - len(sound)
    if missing > len(clip) // 2 or not len(sound):
        return []
    edge = max(2, missing)
    padded = np.pad(sound, ((edge, edge), (0, 0)), mode="edge")
    correlations = _sliding(clip - clip.mean(axis=0), padded - padded.mean(axis=0))
    found = []
    apart = max(2, len(clip) // 32)
    for _ in range(_PLACES):
        best = int(np.argmax(correlations))
        start_s = (best - edge) * hop / rate_hz
        found.append(Location(rate_hz, hop, start_s, float(correlations[best])))
        correlations[max(0, best - apart) : best + apart + 1] = -1
    return found


def _sliding(clip: Rows, sound: Rows) -> Rows:
    """Return the correlation of centred rows with every stretch of longer ones, all registers."""
    size = len(clip)
    products = scipy.signal.fftconvolve(sound, clip[::-1], mode="valid", axes=0).sum(axis=1)
    sums, squares = (
        np.cumsum(np.pad(rows, ((1, 0), (0, 0))), axis=0) for rows in (sound, sound**2)
    )
    total, square = sums[size:] - sums[:-size], squares[size:] - squares[:-size]
    variance = (square - total**2 / size).sum(axis=1)
    least = 1e-9 * max(1.0, float(square.max()))
    spreads = np.sqrt(np.maximum(variance, least) * max(float((clip**2).sum()), least))
    return np.asarray(products / spreads)
