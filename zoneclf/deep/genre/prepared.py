"""A prepared set: tracks with genres, splits and spectrograms, in a folder of its own.

set.json                   genres in order, settings, filter, statistics, hash
tracks.parquet             a row per track: track_id, path, artist, album, group, genres, split,
                           status, reason, frame_count
problems.csv               where, what
spectrograms-<digest>/     see `zoneclf.deep.shards`
embeddings-<digest>.parquet   feature tables of `zoneclf.store`, where they were made

A set of single labels, as moods, is such a set with one genre a track.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zoneclf.deep.sets.storing import SetKind
from zoneclf.deep.sets.track_set import TrackSet

KIND = SetKind("genre", "genres", {"genres": pa.list_(pa.string())})


@dataclass(frozen=True, eq=False, kw_only=True)
class PreparedSet(TrackSet):
    """The tracks of a set in order; all arrays have a row per track.

    Attributes
    ----------
    genres
        Names of the columns of `targets`, most frequent first.
    targets
        Shape (tracks, genres), whether a track has a genre.
    """

    genres: tuple[str, ...]
    targets: npt.NDArray[np.bool_]


def save_prepared(folder: Path, rows: Mapping[str, Sequence[Any]], card: Mapping[str, Any]) -> None:
    """Write tracks.parquet, then set.json (`SetKind.save`); `card` holds at least ``genres``."""
    KIND.save(folder, rows, card)


def load_prepared(folder: Path) -> PreparedSet:
    """Return the set in a folder; errors are those of `SetKind.load`."""
    fields, table, genres = KIND.load(folder)
    targets = targets_of(table["genres"].to_pylist(), genres)
    return PreparedSet(**fields, genres=genres, targets=targets)


def targets_of(listed: Sequence[Sequence[str]], genres: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return which tracks have which genres, shape (tracks, genres); others are passed over."""
    columns = {genre: column for column, genre in enumerate(genres)}
    targets = np.zeros((len(listed), len(genres)), dtype=bool)
    for row, names in enumerate(listed):
        targets[row, [columns[name] for name in names if name in columns]] = True
    return targets
