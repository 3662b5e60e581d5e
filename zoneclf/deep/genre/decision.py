"""Which genres a track is said to have: those above a threshold, the K likeliest, or both.

A probability equal to its threshold counts.  Of equal probabilities the genre that comes first in
the order of labels is kept first, so that a decision never depends on the machine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zoneclf.deep.genre.ranking import Bools

# Where nobody tuned anything.
DEFAULT_THRESHOLD = 0.5
# No probability reaches it: a genre with this threshold is never predicted.
ABOVE_ALL = float(np.nextafter(1.0, 2.0))


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A rule: one threshold or one per genre, and how many genres at most.

    Without a threshold the `top_k` highest are taken whatever they are.
    """

    threshold: float | tuple[float, ...] | None = DEFAULT_THRESHOLD
    top_k: int | None = None

    def __post_init__(self) -> None:
        if self.threshold is None and self.top_k is None:
            raise ValueError("neither a threshold nor a number of genres is given")
        if self.top_k is not None and self.top_k < 1:
            raise ValueError(f"the number of genres is {self.top_k}; it must be at least 1")
        found = np.asarray(0.0 if self.threshold is None else self.threshold, dtype=np.float64)
        if not ((found >= 0) & (found <= ABOVE_ALL)).all():
            raise ValueError(f"threshold {self.threshold}; it must lie between 0 and 1")

    @property
    def words(self) -> str:
        """The rule in words: ``probability at least 0.45, at most 5 genres``."""
        words = []
        if isinstance(self.threshold, tuple):
            words.append("a threshold of its own for each genre")
        elif self.threshold is not None:
            words.append(f"probability at least {self.threshold:.2f}")
        if self.top_k is not None:
            words.append(f"{'the' if self.threshold is None else 'at most'} {self.top_k} likeliest")
        return ", ".join(words)

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        threshold = self.threshold
        return {
            "threshold": list(threshold) if isinstance(threshold, tuple) else threshold,
            "top_k": self.top_k,
        }


def decision_from(raw: Mapping[str, Any], genres: Sequence[str]) -> Decision:
    """Return the rule that `Decision.as_json` wrote.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it is none, or has not one threshold per genre.
    """
    threshold, top_k = raw["threshold"], raw["top_k"]
    if isinstance(threshold, list):
        threshold = tuple(float(value) for value in threshold)
        if len(threshold) != len(genres):
            raise ValueError(f"{len(threshold)} thresholds for {len(genres)} genres")
    elif threshold is not None:
        threshold = float(threshold)
    return Decision(threshold=threshold, top_k=None if top_k is None else int(top_k))


def decide(probabilities: npt.NDArray[Any], rule: Decision) -> Bools:
    """Return which genres each track is said to have, shape (tracks, genres) like the input."""
    decided = np.ones(probabilities.shape, dtype=np.bool_)
    if rule.threshold is not None:
        decided = probabilities >= np.asarray(rule.threshold, dtype=np.float64)
    if rule.top_k is not None:
        decided = decided & (ranks(probabilities) < rule.top_k)
    return decided


def ranks(probabilities: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Return how many genres of the same track come before each, shape (tracks, genres)."""
    order = np.argsort(-probabilities, axis=1, kind="stable")
    found = np.empty_like(order)
    places = np.broadcast_to(np.arange(order.shape[1]), order.shape)
    np.put_along_axis(found, order, places, axis=1)
    return found
