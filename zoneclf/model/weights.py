"""How much each training track counts: weight of its source times weight of its zone."""

import numpy as np
import numpy.typing as npt

from zoneclf.labels.table import LabelledTable

Values = npt.NDArray[np.float64]
# A column that an adaptation adds to a table: what else a track counts.
EMPHASIS = "emphasis"


def track_weights(
    table: LabelledTable, own: frozenset[str], *, user_weight: float, by_zone: bool
) -> Values:
    """Return one weight per track, shape (tracks,), with mean 1.

    Parameters
    ----------
    table
        Labelled tracks.
    own
        Names of the sources that are the user's.
    user_weight
        Weight of a user's track against 1 for any other.
    by_zone
        Whether zones are balanced: each then has the same weight in sum.
    """
    weight = np.where(np.isin(table.source, list(own)), user_weight, 1.0)
    if EMPHASIS in table.about:
        weight = weight * table.about[EMPHASIS].to_numpy(np.float64)
    if by_zone:
        sums = np.bincount(table.codes, weights=weight, minlength=len(table.zones))
        weight = weight / sums[table.codes]
    return np.asarray(weight / weight.mean())
