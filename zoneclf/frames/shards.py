"""Shards: many tracks in one file, whose row groups are small enough to be read one by one.

A row group holds some whole tracks, or a part of a long one: 8 tracks of four minutes.  Larger
groups make a column over all tracks faster to read, smaller ones a single track.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zoneclf.frames.rows import CHUNK_ROWS, Rows
from zoneclf.store import TableFile


def regrouped(paths: list[Path]) -> Iterator[pa.Table]:
    """Yield the rows of table files in order, as tables of at most `CHUNK_ROWS` rows."""
    waiting: list[pa.Table] = []
    count = 0
    for path in paths:
        for piece in TableFile(path).groups():
            if count and count + piece.num_rows > CHUNK_ROWS:
                yield pa.concat_tables(waiting)
                waiting, count = [], 0
            waiting.append(piece.replace_schema_metadata(None))
            count += piece.num_rows
    yield pa.concat_tables(waiting)


class Shard:
    """A file of joined tracks; tracks are taken in order, their rows are read when asked for."""

    def __init__(self, path: Path) -> None:
        self._file = TableFile(path)
        self.note = self._file.note
        sizes = self._file.group_sizes
        self._ends = np.cumsum(sizes, dtype=np.int64)
        self._starts = self._ends - sizes
        self._taken = 0
        self._read: tuple[int, npt.NDArray[np.float64], Rows] | None = None

    def take(self, frame_count: int) -> tuple[npt.NDArray[np.float64], "ShardRows"]:
        """Return the starts of the next track's frames, shape (frames,), and its rows."""
        first = self._taken
        self._taken += frame_count
        pieces = [starts for starts, _ in self.pieces(first, self._taken)]
        return np.concatenate([np.empty(0), *pieces]), ShardRows(self, first, self._taken)

    def pieces(self, first: int, last: int) -> Iterator[tuple[npt.NDArray[np.float64], Rows]]:
        """Yield starts and rows of the file's rows `first` to `last`, row group by row group."""
        group = int(np.searchsorted(self._ends, first, side="right"))
        while first < last:
            starts, rows = self._group(group)
            here = slice(first - self._starts[group], last - self._starts[group])
            yield starts[here], rows[here]
            first, group = int(self._ends[group]), group + 1

    def _group(self, group: int) -> tuple[npt.NDArray[np.float64], Rows]:
        if self._read is None or self._read[0] != group:
            table = self._file.read(group)
            columns = [table[name].to_numpy() for name in self.note.spec.features]
            self._read = group, table["start_s"].to_numpy(), np.stack(columns, axis=1)
        return self._read[1:]


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
        for _, rows in self.shard.pieces(self.first, self.last):
            yield rows
