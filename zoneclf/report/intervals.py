"""What a sample allows to say of a score: 95 % intervals.

Sources: Wilson, JASA 22 (1927), for a share; Efron, Annals of Statistics 7 (1979), for every other
score, the percentiles over 1000 resamples; Field and Welsh, JRSS B 69 (2007), for resampling whole
groups, since the tracks of one artist succeed and fail together.
"""

from collections.abc import Callable, Mapping
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]
Interval = tuple[float, float]
# What a resample adds up to, sums by name, to one score per resample.
Statistic = Callable[[Mapping[str, Values]], Values]

_Z95 = 1.959964  # normal quantile of 0.975
_RESAMPLES = 1000
# Fewer groups than this cannot tell how much groups differ.
_FEWEST_GROUPS = 5


def wilson(hits: int, n: int) -> Interval:
    """Return the 95 % interval of a share of `n` (Wilson 1927)."""
    share, square = hits / n, _Z95**2
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = _Z95 * sqrt(share * (1 - share) / n + square / (4 * n**2)) / (1 + square / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def resampled(
    parts: Mapping[str, Values],
    statistics: Mapping[str, Statistic],
    groups: npt.NDArray[Any] | None = None,
) -> dict[str, Interval]:
    """Return the 95 % interval of each statistic, all from the same resamples.

    Parameters
    ----------
    parts
        What each track adds to a sum, by name, shape (tracks, ...).
    statistics
        Scores by name, each a function of such sums, shape (resamples, ...), to shape (resamples,).
    groups
        Drawn whole, shape (tracks,); tracks are drawn singly without it, and where there are
        fewer than five groups.
    """
    count = len(next(iter(parts.values())))
    names = np.arange(count) if groups is None else np.unique(groups, return_inverse=True)[1]
    size = int(names.max()) + 1
    if size < _FEWEST_GROUPS:
        names, size = np.arange(count), count
    drawn = _times_drawn(size)
    sums = {name: _resums(values, names, drawn) for name, values in parts.items()}
    found = {}
    for name, statistic in statistics.items():
        low, high = np.quantile(statistic(sums), [0.025, 0.975])
        found[name] = (float(low), float(high))
    return found


def _times_drawn(size: int) -> Values:
    """Return how often each of `size` groups is in each resample, shape (resamples, groups)."""
    draws = np.random.default_rng(0).integers(size, size=(_RESAMPLES, size))
    places = draws + size * np.arange(_RESAMPLES)[:, None]
    counts = np.bincount(places.ravel(), minlength=_RESAMPLES * size)
    return np.asarray(counts.reshape(_RESAMPLES, size), dtype=np.float64)


def _resums(values: Values, names: Codes, drawn: Values) -> Values:
    """Return the sums of `values` over each resample, shape (resamples, ...)."""
    by_group = np.zeros((drawn.shape[1], *values.shape[1:]))
    np.add.at(by_group, names, values)
    found: Values = np.tensordot(drawn, by_group, axes=1)
    return found
