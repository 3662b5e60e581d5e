"""Near-duplicates in the labelled table: one group each, and what their labels contradict.

In: the table and the fingerprints of its tracks.  Out: the table with groups joined, so that no
split, and no holdout, has one recording on both sides.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from zoneclf.labels.recordings import Pair, alike, recordings
from zoneclf.labels.table import LabelledTable
from zoneclf.tracks.fingerprints import Fingerprint

Places = npt.NDArray[np.intp]
Names = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Duplicates:
    """The table with groups joined, and each recording that several tracks hold: their rows.

    `unheard` counts tracks without a fingerprint.
    """

    table: LabelledTable
    recordings: tuple[tuple[int, ...], ...]
    unheard: int

    @property
    def track_count(self) -> int:
        """How many tracks are near-duplicates of another."""
        return sum(map(len, self.recordings))

    @property
    def paths(self) -> list[list[str]]:
        """The paths of each recording's tracks."""
        return [self.table.about["path"].iloc[list(rows)].tolist() for rows in self.recordings]

    @property
    def contradictions(self) -> list[list[tuple[str, str]]]:
        """Path and zone of the labelled tracks of each recording that has several zones."""
        about = self.table.about
        labelled = [about.iloc[list(rows)].dropna(subset="zone") for rows in self.recordings]
        return [
            list(zip(found["path"], found["zone"], strict=True))
            for found in labelled
            if found["zone"].nunique() > 1
        ]


def join_duplicates(table: LabelledTable, prints: Mapping[str, Fingerprint]) -> Duplicates:
    """Return the table whose groups no recording crosses.

    Parameters
    ----------
    table
        Tracks in groups, by artist where one is known.
    prints
        Fingerprints by track id; tracks without one are compared by their features, and must
        have the same but for rounding.
    """
    known = [prints.get(track_id) for track_id in table.about["track_id"]]
    features = alike(table.features.to_numpy(dtype=np.float64))
    pairs = [(a, b) for a, b in features if known[a] is None or known[b] is None]
    pairs += recordings(known)
    group = joined_groups(table.group, pairs)
    joined = replace(table, group=group, about=table.about.assign(group=group))
    return Duplicates(joined, _parts(len(table), pairs), known.count(None))


def joined_groups(groups: Names, pairs: Iterable[Pair]) -> Names:
    """Return group names in which the groups of each pair are one, named like the first of them."""
    names, places = np.unique(groups, return_inverse=True)
    parts = _connected(names.size, [(int(places[a]), int(places[b])) for a, b in pairs])
    _, first = np.unique(parts, return_index=True)  # names are sorted
    return np.asarray(names[first[parts]][places])


def _parts(count: int, pairs: list[Pair]) -> tuple[tuple[int, ...], ...]:
    """Return the places that pairs connect, each part in order."""
    parts = _connected(count, pairs)
    among = np.unique(np.array(pairs, dtype=np.intp))
    return tuple(tuple(np.flatnonzero(parts == part).tolist()) for part in np.unique(parts[among]))


def _connected(count: int, pairs: list[Pair]) -> Places:
    """Return for each of `count` places the number of the part it is in."""
    ends = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.intp)
