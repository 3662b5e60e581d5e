"""What a spectrogram's settings leave in it, whatever the music: numbers of pieces of 64 frames.

Every number is the same for any gain and any unit.  Neighbouring bands tell the filters and the
transform's length (where filters are narrower than its steps, bands are alike), neighbouring
frames the hop and the window, nulls between them the power.
"""

import numpy as np
import numpy.typing as npt

from zoneclf.deep.spectrograms import Spectrogram

FRAMES = 64
# Pieces taken of a clip, evenly spread.
MOST_PIECES = 8
_LAGS = (2, 4, 8)
_REGISTERS = 16
_QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
# Added to variances, so that bands that never change do not count.
_LEAST = 1e-3

Floats = npt.NDArray[np.float32]


def pieces_of(spectrogram: Spectrogram) -> Floats:
    """Return pieces of shape (pieces, frames, mels) of one with at least 64 frames."""
    count = len(spectrogram) // FRAMES
    places = np.linspace(0, count - 1, min(count, MOST_PIECES)).round().astype(int)
    whole = spectrogram[: count * FRAMES].reshape(count, FRAMES, -1)
    return np.asarray(whole[places], dtype=np.float32)


def shapes_of(pieces: Floats) -> Floats:
    """Return numbers of pieces, shape (pieces, numbers)."""
    spread = np.maximum(pieces.std(axis=(1, 2), keepdims=True), _LEAST)
    values = (pieces - pieces.mean(axis=(1, 2), keepdims=True)) / spread
    level = values.mean(axis=1)
    moving = values - level[:, None]
    variance = np.square(moving).mean(axis=1) + np.float32(_LEAST / 10)
    low = values.min(axis=(1, 2), keepdims=True) + np.float32(_LEAST)
    parts = [
        np.diff(level, 2),
        _registers(level),
        np.diff(np.log(variance), 2),
        _registers(np.log(variance)),
        *_between_frames(moving, variance),
        *_between_bands(moving, variance),
        np.quantile(values[:, ::2], _QUANTILES, axis=(1, 2)).T,
        np.log((values <= low).mean(axis=(1, 2)) + _LEAST)[:, None],
    ]
    return np.concatenate(parts, axis=1).astype(np.float32)


def _between_frames(moving: Floats, variance: Floats) -> list[Floats]:
    """Return how much frames differ at some lags, and the shape of their curvature."""
    found = [np.log(_energy(moving[:, 1:] - moving[:, :-1]) / variance + _LEAST)]
    for lag in _LAGS:
        energy = _energy(moving[:, lag:] - moving[:, :-lag])
        found.append(_registers(np.log(energy / variance + _LEAST)))
    bent = moving[:, 2:] - 2 * moving[:, 1:-1] + moving[:, :-2]
    square = np.square(bent)
    energy = square.mean(axis=1) + np.float32(_LEAST / 10)
    lopsided = (square * bent).mean(axis=1) / energy**1.5
    peaked = np.log(np.square(square).mean(axis=1) / energy**2 + 0.1)
    return [*found, _registers(lopsided), _registers(peaked)]


def _between_bands(moving: Floats, variance: Floats) -> list[Floats]:
    """Return how much bands differ from the next and the next but one, and their curvature."""
    next_one = _energy(np.diff(moving, axis=2)) / (variance[:, 1:] + variance[:, :-1])
    next_but = _energy(moving[..., 2:] - moving[..., :-2]) / (variance[:, 2:] + variance[:, :-2])
    bent = np.diff(moving, 2, axis=2)
    square = np.square(bent)
    lopsided = (square * bent).mean(axis=1) / (square.mean(axis=1) + np.float32(_LEAST / 10)) ** 1.5
    return [
        np.log(next_one + _LEAST),
        _registers(np.log(next_but + _LEAST), 2 * _REGISTERS),
        _registers(lopsided),
    ]


def _energy(differences: Floats) -> Floats:
    return np.asarray(np.square(differences).mean(axis=1))


def _registers(rows: Floats, count: int = _REGISTERS) -> Floats:
    """Return means of neighbouring columns, shape (rows, at most `count`)."""
    edges = np.unique(np.linspace(0, rows.shape[1], count + 1).astype(int))
    return np.asarray(np.add.reduceat(rows, edges[:-1], axis=1) / np.diff(edges))
