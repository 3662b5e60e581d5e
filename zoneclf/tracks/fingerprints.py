"""Fingerprints: what of a track's frames survives another encoding, a trim or another level.

In: means over frames of the first cepstral coefficients, which the level does not move.  Out: their
curves over time, by which two tracks are laid over each other, and marks, by which tracks worth
that are found: moments at which the curves move most, described by how they move.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from scipy.ndimage import maximum_filter1d

from zoneclf.frames.columns import column_of
from zoneclf.frames.rows import Rows

Curves = npt.NDArray[np.float32]

CEPSTRA = 12
COLUMNS = tuple(
    column_of(f"pcm_fftMag_mfcc_sma[{number}]_amean") for number in range(1, CEPSTRA + 1)
)
# Curves have a point every 0.5 s or so; from coarser frames no fingerprint is made.
STEP_S = 0.5
COARSEST_S = 1.0
# A mark describes 8 s, the strongest within 2 s before and after it.
_HALF_S = 4.0
_REACH_S = 2.0
_ORDERS = 4
# Below this movement, in units of a cepstral coefficient, there is nothing but rounding.
_STILL = 0.5
# Marks of one track nearer than this are one: a loop need not be known twice.
_SAME = 0.1


@dataclass(frozen=True)
class Fingerprint:
    """`curves`, shape (points, cepstra); `marks`, unit vectors of shape (marks, values)."""

    curves: Curves
    marks: Curves
    step_s: float


def fingerprint(rows: Rows, hop_s: float) -> Fingerprint | None:
    """Return the fingerprint of rows of `COLUMNS`, shape (frames, cepstra).

    None if frames are too far apart for one, the track is shorter than 8.5 s, or nothing moves.
    """
    if hop_s > COARSEST_S:
        return None
    every = max(1, round(STEP_S / hop_s))
    count = len(rows) // every
    curves = rows[: count * every].reshape(count, every, -1).mean(axis=1, dtype=np.float32)
    marks = _marks(curves, every * hop_s)
    return Fingerprint(curves, marks, every * hop_s) if len(marks) else None


def _marks(curves: Curves, step_s: float) -> Curves:
    width = 2 * round(_HALF_S / step_s) + 1
    if len(curves) < width:
        return np.empty((0, curves.shape[1] * _ORDERS), np.float32)
    windows = sliding_window_view(curves, width, axis=0)
    shapes = (windows @ _waves(width)).reshape(len(windows), -1)
    movement = np.linalg.norm(shapes, axis=1)
    highest = maximum_filter1d(movement, 2 * round(_REACH_S / step_s) + 1, mode="nearest")
    chosen = np.flatnonzero((movement == highest) & (movement > _STILL))
    return _distinct(shapes[chosen] / movement[chosen, None])


def _waves(width: int) -> Curves:
    """Return cosines of 1, 2, ... half periods under a raised cosine, shape (width, orders).

    Each has no mean, so that a constant added to a curve, as an equaliser adds, does not show.
    """
    time = (np.arange(width) + 0.5) / width
    taper = np.sin(np.pi * time) ** 2
    waves = taper[:, None] * np.cos(np.pi * time[:, None] * np.arange(1, _ORDERS + 1))
    waves -= taper[:, None] * (waves.sum(axis=0) / taper.sum())
    return np.asarray(waves / np.linalg.norm(waves, axis=0), dtype=np.float32)


def _distinct(marks: Curves) -> Curves:
    """Return the marks that are not nearly one before them."""
    near = 2 - 2 * marks @ marks.T < _SAME**2
    return marks[~np.tril(near, -1).any(axis=1)]
