"""A context that slides over a track: the features of N seconds, from every frame on.

Pooled as a whole track is (`zoneclf.tracks.pooling`), less what N seconds do not tell: tempo,
and drops, which are a rise against the rest of the track.  Sums run along the track, so contexts
of any length cost little, and no more than a piece of the track is in memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from zoneclf.frames.extractor import Frames
from zoneclf.frames.grid import FrameGrid
from zoneclf.store import TableSpec
from zoneclf.tracks.pooling import RMS, SIMPLE, mean_and_spread, simple_features
from zoneclf.tracks.sets import pooled

Values = npt.NDArray[np.float64]

# In a table's spec; nothing stands before the dot, so it concerns every feature.
CONTEXT = ".context_s"
_SIMPLE = tuple(name for name in SIMPLE if name != "tempo")
# Rows taken at once: 2 MB of 236 columns.
_ROWS_AT_ONCE = 1024


@dataclass(frozen=True)
class Contexts:
    """Contexts of one track: `start_s`, shape (contexts,), and `features`, (contexts, features)."""

    start_s: Values
    features: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.start_s)


def context_spec(frames: TableSpec, context_s: float) -> TableSpec:
    """Return the spec of features pooled over `context_s` seconds of frames of a spec.

    It differs from that of whole tracks, so that a model of one refuses a table of the other.

    Raises
    ------
    ValueError
        If no frame fits into so little.
    """
    if not FrameGrid(frames.window_s, frames.hop_s).frames_within(context_s):
        raise ValueError(f"context_s={context_s}: a frame needs {frames.window_s}")
    return TableSpec(
        level="contexts",
        descriptors=frames.descriptors,
        window_s=frames.window_s,
        hop_s=frames.hop_s,
        rate_hz=frames.rate_hz,
        features=(*pooled(frames.features), *_SIMPLE),
        parameters=((CONTEXT, context_s),),
    )


def context_of(spec: TableSpec) -> float | None:
    """Return the seconds that a spec's features are pooled over; None if over whole tracks."""
    return dict(spec.parameters).get(CONTEXT)


def contexts(frames: Frames, spec: TableSpec, context_s: float) -> Iterator[Contexts]:
    """Yield the contexts of a track in order, some at once; one starts with every frame.

    A track that is shorter than a context is one context.

    Parameters
    ----------
    frames
        Rows of shape (frames, features).
    spec
        The frame table's spec, which names the columns and the grid.
    context_s
        Length of a context in seconds.
    """
    fitting = FrameGrid(spec.window_s, spec.hop_s).frames_within(context_s)
    count, first = min(fitting, len(frames)), 0
    held = np.empty((0, len(spec.features)))
    for rows in _pieces(frames):
        held = np.concatenate([held, rows])
        done = len(held) - count + 1
        if done > 0:
            features = _features(held, count, spec).astype(np.float32)
            yield Contexts(frames.start_s[first : first + done], features)
            held, first = held[done:], first + done


def _pieces(frames: Frames) -> Iterator[Values]:
    for rows in frames.source.chunks():
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            yield rows[first : first + _ROWS_AT_ONCE].astype(np.float64)


def _features(rows: Values, count: int, spec: TableSpec) -> Values:
    """Return the features of every `count` rows that follow each other."""
    centre = rows.mean(axis=0)
    moved = rows - centre  # else squares of large means would swallow small variances
    apart = _sums(moved, count) / count
    variance = np.maximum(_sums(moved**2, count) / count - apart**2, 0.0)
    mean = _sums(rows, count) / count
    simple = simple_features(mean, variance, spec.features)
    rms = sliding_window_view(rows[:, spec.features.index(RMS)], count)
    simple["low_energy"] = (rms < rms.mean(axis=1, keepdims=True)).mean(axis=1)
    columns = np.stack([simple[name] for name in _SIMPLE], axis=1)
    return np.concatenate([mean_and_spread(mean, variance), columns], axis=1)


def _sums(values: Values, count: int) -> Values:
    """Return the sums of every `count` rows that follow each other.

    They are put together from sums over 1, 2, 4, ... rows: nothing is subtracted, so silence
    after loud sound stays silence.
    """
    size, run, width, done = len(values) - count + 1, values, 1, 0
    total = np.zeros((size, values.shape[1]))
    while True:
        if count & width:
            total += run[done : done + size]
            done += width
        if done == count:
            return total
        run = run[:-width] + run[width:]
        width *= 2
