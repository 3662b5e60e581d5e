"""Drawing tracks again and again, for what a sample allows to say of a score.

Groups, as the tracks of one artist, are drawn whole, since they succeed and fail together; tracks
are drawn singly where there are fewer than five groups.  Sources: Efron, Annals of Statistics 7
(1979); Field and Welsh, JRSS B 69 (2007).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from zoneclf.deep.genre.ranking import Values

RESAMPLES = 1000
# Fewer groups than this cannot tell how much groups differ.
_FEWEST_GROUPS = 5
# Numbers of one block of resamples, so that memory stays small: 32 MB.
_AT_ONCE = 1 << 22


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
        yield times[:, places].astype(np.float64)
