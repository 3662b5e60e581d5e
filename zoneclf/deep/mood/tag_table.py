"""Tags of tracks as a matrix, and how often they stand together.

Counts are kept as float64, in which whole numbers up to 2^53 are exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TagTable:
    """Which track has which tag: `has`, shape (tracks, tags); tags in order of frequency."""

    tags: tuple[str, ...]
    has: npt.NDArray[np.bool_]

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """How many tracks have each tag, shape (tags,)."""
        return np.asarray(self.has.sum(axis=0), dtype=np.int64)

    def together(self) -> Matrix:
        """Return how many tracks have both of two tags, shape (tags, tags)."""
        ones = self.has.astype(np.float64)
        return ones.T @ ones


def tag_table(listed: Sequence[Sequence[str]]) -> TagTable:
    """Return the table of tracks' tags; what their order is does not show in its columns."""
    counts: dict[str, int] = {}
    for names in listed:
        for name in set(names):
            counts[name] = counts.get(name, 0) + 1
    tags = tuple(sorted(counts, key=lambda tag: (-counts[tag], tag)))
    columns = {tag: column for column, tag in enumerate(tags)}
    has = np.zeros((len(listed), len(tags)), dtype=bool)
    for row, names in enumerate(listed):
        has[row, [columns[name] for name in names]] = True
    return TagTable(tags, has)


def surprise(together: Matrix, first: Matrix, second: Matrix, *, tracks: int) -> Matrix:
    """Return how far co-occurrence is from chance: about a standard normal where it is chance.

    The signed root of the log-likelihood ratio of a 2 x 2 table (Dunning, "Accurate Methods for the
    Statistics of Surprise and Coincidence", 1993, Computational Linguistics 19(1)).

    Parameters
    ----------
    together
        Tracks that have both, of any shape.
    first, second
        Tracks that have the one and the other, of shapes that `together` is a broadcast of.
    tracks
        All tracks.
    """
    chance = first * second / tracks
    ratio = _term(together, chance)
    ratio += _term(first - together, first * (tracks - second) / tracks)
    ratio += _term(second - together, (tracks - first) * second / tracks)
    rest = tracks - first - second + together
    ratio += _term(rest, (tracks - first) * (tracks - second) / tracks)
    return np.sign(together - chance) * np.sqrt(np.maximum(2 * ratio, 0))


def _term(found: Matrix, expected: Matrix) -> Matrix:
    """Return found x log(found / expected), 0 where nothing was found."""
    there = (found > 0) & (expected > 0)
    ratio = np.divide(found, expected, out=np.ones_like(expected), where=there)
    return np.asarray(found * np.log(ratio))
