"""How well scores rank tracks of a genre above the others: areas under two curves.

In: one genre's targets and scores, shape (tracks,), and how often each track counts.  Out: average
precision (the area under the precision-recall curve without interpolation) and the area under the
ROC curve.  Equal scores are one step of a curve, so the order of tracks never matters.  Sources:
Davis and Goadrich, ICML 2006; Fawcett, Pattern Recognition Letters 27 (2006).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Steps:
    """What is counted as found down to each different score, the highest first.

    `hits` are true tracks, `found` all tracks, each of shape (countings, steps); `scores` are the
    steps' scores, shape (steps,).
    """

    scores: Values
    hits: Values
    found: Values

    @property
    def precision(self) -> Values:
        """Shape (countings, steps); 1 where nothing is found yet."""
        return np.divide(self.hits, self.found, np.ones_like(self.hits), where=self.found > 0)

    @property
    def recall(self) -> Values:
        """Shape (countings, steps); not a number where nothing is true."""
        return _shares(self.hits, self.hits[:, -1:])


def steps_of(
    targets: Bools, scores: npt.ArrayLike, weights: Values | None = None, *, joined: bool = False
) -> Steps:
    """Return the steps of the curves.

    Parameters
    ----------
    targets, scores
        Of one genre, shape (tracks,).
    weights
        How often each track counts, shape (countings, tracks); once each without it.
    joined
        Whether steps between two true tracks become one, which changes no area and takes a
        fraction of the time where true tracks are few.
    """
    values = np.asarray(scores, dtype=np.float64)
    counted = np.ones((1, values.size)) if weights is None else weights
    order = np.argsort(-values, kind="stable")
    falling, true = values[order], targets[order]
    last = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))
    if joined:
        holds = np.diff(np.cumsum(true)[last], prepend=0) > 0
        last = last[holds | np.append(holds[1:], True)]
    chosen = counted.T[order]  # rows of it lie together, as `resampled` yields them
    starts = np.append(0, last[:-1] + 1)
    found = np.add.reduceat(chosen, starts, axis=0)
    hits = np.zeros_like(found)
    places, firsts = np.unique(np.searchsorted(last, np.flatnonzero(true)), return_index=True)
    if places.size:
        hits[places] = np.add.reduceat(chosen[true], firsts, axis=0)
    return Steps(
        scores=falling[last], hits=np.cumsum(hits, axis=0).T, found=np.cumsum(found, axis=0).T
    )


def average_precision(steps: Steps) -> Values:
    """Return the sum of precision times gain in recall, shape (countings,).

    Not a number where no track is true.
    """
    gains = np.diff(steps.recall, axis=1, prepend=0)
    return np.asarray((gains * steps.precision).sum(axis=1))


def roc_area(steps: Steps) -> Values:
    """Return the chance that a true track scores above a false one, shape (countings,).

    A tie counts half.  Not a number where no track is true, or none is false.
    """
    wrong = np.diff(steps.found - steps.hits, axis=1, prepend=0)
    right_before = np.concatenate([np.zeros((len(wrong), 1)), steps.hits[:, :-1]], axis=1)
    above = (wrong * (steps.hits + right_before) / 2).sum(axis=1)
    pairs = steps.hits[:, -1] * (steps.found[:, -1] - steps.hits[:, -1])
    return _shares(above, pairs)


def _shares(parts: Values, wholes: Values) -> Values:
    """Return `parts` over `wholes`, not a number where a whole is 0."""
    some = np.broadcast_to(wholes, parts.shape)
    return np.asarray(np.divide(parts, some, np.full(parts.shape, np.nan), where=some > 0))
