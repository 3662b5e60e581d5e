"""What spectrograms look like on the whole: range, mean, spread, quantiles per mel band.

A checkpoint keeps these of its training tracks, so that other sound can be compared with them.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from zoneclf.deep.spectrograms import Spectrogram

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
# 200 000 frames of 128 bands are 100 MB; further frames are passed over evenly in every clip.
MOST_FRAMES = 200_000


def statistics_of(spectrograms: Iterable[Spectrogram], frame_count: int) -> dict[str, Any]:
    """Return the statistics as plain values; empty if there is no frame.

    Parameters
    ----------
    spectrograms
        Shape (frames, mels) each, `frame_count` frames together.

    Returns
    -------
    dict
        ``range`` (least, greatest), ``mean`` and ``sd`` over all values; ``quantiles`` (levels),
        ``bands`` (mean, sd, and quantiles of shape (levels, mels)); ``clips``: quantiles over clips
        of each of `clip_numbers`; ``frames`` and ``frames_used``, which are fewer where a set
        is large: then every so many frames of each clip are used.
    """
    step = max(1, -(-frame_count // MOST_FRAMES))
    pieces, numbers = [], []
    for one in spectrograms:
        if len(one):
            pieces.append(np.asarray(one[::step], dtype=np.float32))
            numbers.append(clip_numbers(one))
    if not pieces:
        return {}
    frames = np.concatenate(pieces)
    return {
        "range": [float(frames.min()), float(frames.max())],
        "mean": float(frames.mean(dtype=np.float64)),
        "sd": float(frames.std(dtype=np.float64)),
        "quantiles": list(QUANTILES),
        "bands": _bands(frames),
        "clips": {name: _quantiles([one[name] for one in numbers]) for name in numbers[0]},
        "frames": int(frame_count),
        "frames_used": len(frames),
    }


def clip_numbers(spectrogram: Spectrogram) -> dict[str, float]:
    """Return what tells how a clip, shape (frames, mels), was made, if compared with others.

    Mean, spread, extremes, and how much neighbouring frames and bands differ, as a part of the
    spread: the first grows with the hop and shrinks with the window, the second tells the filters.
    """
    values = np.asarray(spectrogram, dtype=np.float32)
    spread = max(float(values.std(dtype=np.float64)), 1e-6)
    frame_change, band_change = (_change(values, axis) for axis in (0, 1))
    return {
        "mean": float(values.mean(dtype=np.float64)),
        "sd": spread,
        "top": float(values.max()),
        "least": float(values.min()),
        "frame_change": frame_change / spread,
        "band_change": band_change / spread,
    }


def _change(values: Spectrogram, axis: int) -> float:
    """Return the mean difference of neighbours along an axis; 0 where there are none."""
    steps = np.abs(np.diff(values, axis=axis))
    return float(steps.mean(dtype=np.float64)) if steps.size else 0.0


def _bands(frames: Spectrogram) -> dict[str, Any]:
    """Return mean, spread and quantiles of each mel band."""
    levels = [_quantiles(band) for band in frames.T]
    return {
        "mean": _rounded(frames.mean(axis=0, dtype=np.float64)),
        "sd": _rounded(frames.std(axis=0, dtype=np.float64)),
        "quantiles": [list(level) for level in zip(*levels, strict=True)],
    }


def _quantiles(values: Any) -> list[float]:
    return _rounded(np.quantile(values, QUANTILES))


def _rounded(values: Any) -> list[float]:
    return [round(float(value), 5) for value in values]
