"""Pairs of tracks that hold one recording in other encodings, lengths or levels.

In: fingerprints of tracks (`zoneclf.tracks.fingerprints`), or their features where a source has no
frames.  Out: pairs of places, lower place first.

Marks that lie close together name the pairs worth a look; they are found by random hyperplanes
(Charikar, "Similarity estimation techniques from rounding algorithms", STOC 2002).  Such a pair is
one recording if its curves, laid over each other where they fit best, correlate; lie at one height;
and fit nowhere else as well.  Correlation alone is no evidence: loops and pads that enter and leave
as others do move alike.  The limits are measured by ``scripts/check_duplicates.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft

from zoneclf.tracks.fingerprints import CEPSTRA, Curves, Fingerprint

Values = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
Pair = tuple[int, int]

# Goes up when the same tracks would give other pairs.
RULE = 2
# Curves of one recording correlate by 0.85 and more, the least where a cut falls between frames; of
# two by 0.62 at most, but by up to 0.98 where both are made of loops
# (results/benchmarks/duplicates.md).
SAME_RECORDING = 0.75
# Their mean cepstra then differ by little and 2 s off the best place they fit worse; of different
# loops none came nearer than 1.9 at a prominence of 0.06.
_NEAR_LEVEL, _PROMINENCE, _AWAY_S = 1.5, 0.1, 2.0
# Or, as some encoders move the means and a loop fits in many places: every single coefficient
# correlates so well (of two recordings the worst by 0.90 at most).
_SAME_COURSE, _SAME_LEVEL = 0.95, 7.0
# The shorter curve lies on the longer by at least half, and by at least 10 s.
_SHARE, _OVERLAP_S = 0.5, 10.0
# Distance of unit vectors up to which marks may be of one moment.  What is near by chance costs
# time only: the curves decide.
_NEAR = 0.45
_TABLES, _BITS = 24, 20
# Each mark is compared with so many that share its bucket: a loop that many use costs no more.
_NEIGHBOURS = 32
# In interquartile ranges: doubled songs in DEAM's tables are 0 apart, others 0.17 and more.
SAME_FEATURES = 0.01
_ROWS_AT_ONCE = 512
# Variance of all coefficients together below which nothing moves.
_STILL = 1.0


def recordings(prints: Sequence[Fingerprint | None]) -> list[Pair]:
    """Return pairs of places that hold one recording, lower place first.

    Pairs that follow from others are left out: the pairs connect what belongs together.
    """
    found: list[Pair] = []
    joined = np.arange(len(prints))
    for first, second in _candidates(prints):
        one, other = prints[first], prints[second]
        if joined[first] == joined[second] or one is None or other is None:
            continue
        if same_recording(one, other):
            found.append((first, second))
            joined[joined == joined[second]] = joined[first]
    return found


def same_recording(one: Fingerprint, other: Fingerprint) -> bool:
    """Return whether two tracks hold one recording."""
    fit = best_fit(one, other)
    if fit is None or fit.correlation < SAME_RECORDING:
        return False
    placed = fit.prominence >= _PROMINENCE and fit.level <= _NEAR_LEVEL
    return placed or (fit.course >= _SAME_COURSE and fit.level <= _SAME_LEVEL)


@dataclass(frozen=True)
class Fit:
    """How two tracks' curves fit where they fit best.

    Attributes
    ----------
    correlation
        Of all coefficients together, their means taken out, -1 to 1.
    prominence
        By how much it exceeds the highest correlation elsewhere, 2 s away or more.
    level
        Distance of the mean cepstra of the two stretches.
    course
        The lowest correlation of a single coefficient; 0 if one does not move.
    """

    correlation: float
    prominence: float
    level: float
    course: float


def best_fit(one: Fingerprint, other: Fingerprint) -> Fit | None:
    """Return how two tracks' curves fit where they fit best; None if they are too short to tell."""
    long, short = sorted((one.curves, other.curves), key=len, reverse=True)
    fewest = max(round(_SHARE * len(short)), round(_OVERLAP_S / one.step_s))
    if len(short) < fewest:
        return None
    found = _correlations(long, short, fewest)
    best = int(found.argmax())
    away = np.abs(np.arange(len(found)) - best) >= round(_AWAY_S / one.step_s)
    elsewhere = found[away].max() if away.any() else found[best]
    lag = best + fewest - len(short)
    count = min(lag + len(short), len(long)) - max(lag, 0)
    level, course = _compared(long[max(lag, 0) :][:count], short[max(-lag, 0) :][:count])
    return Fit(float(found[best]), float(found[best] - elsewhere), level, course)


def _compared(one: Curves, other: Curves) -> tuple[float, float]:
    """Return `level` and `course` of two stretches of one length."""
    level = float(np.linalg.norm(one.mean(axis=0) - other.mean(axis=0)))
    one, other = one - one.mean(axis=0), other - other.mean(axis=0)
    spread = np.sqrt((one**2).mean(axis=0) * (other**2).mean(axis=0))
    moving = spread > _STILL / CEPSTRA
    covered = (one * other).mean(axis=0) / np.where(moving, spread, 1)
    return level, float(np.where(moving, covered, 0).min())


def alike(features: Values) -> list[Pair]:
    """Return pairs of rows whose features, shape (tracks, features), are the same but for rounding.

    Distances are root mean squares over columns, each in units of its interquartile range.
    """
    low, middle, high = np.quantile(features, [0.25, 0.5, 0.75], axis=0)
    moving = high > low  # false where a value is missing
    scaled = (features[:, moving] - middle[moving]) / (high - low)[moving]
    scaled = np.clip(scaled, -5, 5) / np.sqrt(max(1, moving.sum()))
    squares = (scaled**2).sum(axis=1)
    found: list[Pair] = []
    for start in range(0, len(scaled) if moving.any() else 0, _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        apart = squares[rows, None] + squares - 2 * scaled[rows] @ scaled.T
        first, second = np.nonzero(apart <= SAME_FEATURES**2)
        later = first + start < second
        found += zip((first[later] + start).tolist(), second[later].tolist(), strict=True)
    return found


@dataclass(frozen=True)
class _Marks:
    """Marks of all tracks, and the place of the track each is of."""

    values: Curves
    owners: Places


def _candidates(prints: Sequence[Fingerprint | None]) -> list[Pair]:
    """Return pairs of tracks with marks that lie close together, sorted."""
    owned = [(place, print_.marks) for place, print_ in enumerate(prints) if print_ is not None]
    if not owned:
        return []
    owners = np.repeat([place for place, _ in owned], [len(marks) for _, marks in owned])
    marks = _Marks(np.concatenate([marks for _, marks in owned]), owners.astype(np.intp))
    planes = np.random.default_rng(0).normal(size=(_TABLES, marks.values.shape[1], _BITS))
    codes = [_near(marks, plane.astype(np.float32), len(prints)) for plane in planes]
    first, second = np.divmod(np.unique(np.concatenate(codes)), len(prints))
    return list(zip(first.tolist(), second.tolist(), strict=True))


def _near(marks: _Marks, plane: Curves, count: int) -> npt.NDArray[np.int64]:
    """Return pairs of tracks, as first * count + second, near in one table of buckets."""
    buckets = ((marks.values @ plane > 0) @ (2.0 ** np.arange(_BITS))).astype(np.int64)
    order = np.argsort(buckets, kind="stable")
    buckets = buckets[order]
    found = [np.empty(0, np.int64)]
    for shift in range(1, _NEIGHBOURS + 1):
        together = np.flatnonzero(buckets[shift:] == buckets[:-shift])
        one, other = order[together], order[together + shift]
        apart = marks.owners[one] != marks.owners[other]
        one, other = one[apart], other[apart]
        likeness = np.einsum("ij,ij->i", marks.values[one], marks.values[other])
        ends = np.sort([marks.owners[one], marks.owners[other]], axis=0)
        found.append((ends[0] * count + ends[1])[likeness > 1 - _NEAR**2 / 2])
    return np.unique(np.concatenate(found))


def _correlations(long: Curves, short: Curves, fewest: int) -> Values:
    """Return the correlation of two curves at every lag with an overlap of `fewest` points.

    Each coefficient's mean over the overlap is taken out: what an equaliser does to it.
    """
    size = fft.next_fast_len(len(long) + len(short), real=True)
    cross = fft.rfft(long, size, axis=0) * fft.rfft(short, size, axis=0).conj()
    products = fft.irfft(cross.sum(axis=1), size)
    lags = np.arange(fewest - len(short), len(long) - fewest + 1)
    start, end = np.maximum(lags, 0), np.minimum(lags + len(short), len(long))
    sums_long, squares_long = _moments(long, start, end)
    sums_short, squares_short = _moments(short, start - lags, end - lags)
    points = end - start
    covered = products[lags % size] - (sums_long * sums_short).sum(axis=1) / points
    spread_long = squares_long - (sums_long**2).sum(axis=1) / points
    spread_short = squares_short - (sums_short**2).sum(axis=1) / points
    # Where nothing moves there is only rounding.
    still = np.minimum(spread_long, spread_short) < _STILL * points
    return np.where(still, 0, covered / np.sqrt(np.where(still, 1, spread_long * spread_short)))


def _moments(curves: Curves, start: Places, end: Places) -> tuple[Values, Values]:
    """Return sums, shape (lags, cepstra), and sums of squares over points `start` to `end`."""
    values = curves.astype(np.float64)
    sums = np.concatenate([np.zeros((1, values.shape[1])), values.cumsum(axis=0)])
    squares = np.concatenate([[0.0], (values**2).sum(axis=1).cumsum()])
    return sums[end] - sums[start], squares[end] - squares[start]
