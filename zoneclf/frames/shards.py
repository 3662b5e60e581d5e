"""Shards: many tracks in one file, whose row groups are small enough to be read one by one.

A row group holds some whole tracks, or a part of a long one: 8 tracks of four minutes.  Larger
groups make a column over all tracks faster to read, smaller ones a single track.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from zoneclf.frames.extractor import Frames
from zoneclf.frames.rows import Rows
from zoneclf.frames.takes import TrackFacts
from zoneclf.store import TableFile

# 8 tracks of four minutes, 4 MB of 236 columns.
GROUP_ROWS = 4096


def regrouped(paths: list[Path]) -> Iterator[pa.Table]:
    """Yield the rows of table files in order, as tables of at most `GROUP_ROWS` rows."""
    waiting: list[pa.Table] = []
    count = 0
    for piece in itertools.chain.from_iterable(TableFile(path).groups() for path in paths):
        if count and count + piece.num_rows > GROUP_ROWS:
            yield _taken(waiting)
            count = 0
        waiting.append(piece.replace_schema_metadata(None))
        count += piece.num_rows
    yield _taken(waiting)


def _taken(waiting: list[pa.Table]) -> pa.Table:
    """Return tables joined and forget them, so that memory holds them no longer than needed."""
    joined = pa.concat_tables(waiting)
    waiting.clear()
    return joined


def shard_name(track_ids: list[str]) -> str:
    """Return the name of the shard of these tracks, sorted: it tells where to look for one."""
    return f"part-{track_ids[0]}-{track_ids[-1]}.parquet"


def may_hold(path: Path, track_id: str) -> bool:
    """Return whether a shard may hold a track, by its name."""
    first, _, last = path.stem.removeprefix("part-").partition("-")
    return not last or first <= track_id <= last  # older shards do not tell


class Shard:
    """A file of joined tracks, whose rows are read when they are asked for."""

    def __init__(self, path: Path) -> None:
        self._file = TableFile(path)
        sizes = self._file.group_sizes
        self._ends = np.cumsum(sizes, dtype=np.int64)
        self._starts = self._ends - sizes
        self._read: tuple[int, Rows] | None = None

    def tracks(self) -> Iterator[tuple[TrackFacts, Frames]]:
        """Yield facts and frames of every track that has frames."""
        start_s = self._file.read(["start_s"])["start_s"].to_numpy()
        first = 0
        for raw in self._file.note.notes["tracks"]:
            facts = TrackFacts(**raw)
            last = first + facts.frame_count
            if facts.frame_count:
                rows = ShardRows(self, first, last)
                yield facts, Frames(start_s[first:last], rows, facts.measures)
            first = last

    def columns(self, names: Sequence[str]) -> Iterator[tuple[str, Rows]]:
        """Yield id and rows of these columns of every track that has frames; reads no others."""
        table = self._file.read(list(names))
        rows = np.stack([table[name].to_numpy() for name in names], axis=1)
        first = 0
        for raw in self._file.note.notes["tracks"]:
            last = first + raw["frame_count"]
            if raw["frame_count"]:
                yield raw["track_id"], rows[first:last]
            first = last

    def pieces(self, first: int, last: int) -> Iterator[Rows]:
        """Yield the file's rows `first` to `last`, row group by row group."""
        group = int(np.searchsorted(self._ends, first, side="right"))
        while first < last:
            start = int(self._starts[group])
            yield self._group(group)[first - start : last - start]
            first, group = int(self._ends[group]), group + 1

    def _group(self, group: int) -> Rows:
        if self._read is None or self._read[0] != group:
            table = self._file.read_group(group)
            columns = [table[name].to_numpy() for name in self._file.note.spec.features]
            self._read = group, np.stack(columns, axis=1)
        return self._read[1]


@dataclass(frozen=True)
class ShardRows:
    """The rows of one track in a shard."""

    shard: Shard
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first

    def chunks(self) -> Iterator[Rows]:
        """Yield the rows in order, shape (rows, features)."""
        return self.shard.pieces(self.first, self.last)
