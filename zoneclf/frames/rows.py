"""The rows of one track as they come: in memory while they are few, then in a temporary file.

A mix of ten hours has 72 000 rows, 68 MB; in memory are less than twice `CHUNK_ROWS`.
"""

import tempfile
import weakref
from collections.abc import Iterator
from typing import IO, Protocol

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.float32]
# 17 minutes at two rows a second, 2 MB of 236 columns.
CHUNK_ROWS = 2048


class RowSource(Protocol):
    """Rows that are given out piece by piece, as often as asked."""

    def __len__(self) -> int:
        """Return the number of rows."""
        ...

    def chunks(self) -> Iterator[Rows]:
        """Yield the rows in order, shape (rows, features), few enough to be held at once."""
        ...


class RowSpool:
    """A sink for rows of shape (rows, `feature_count`)."""

    def __init__(self, feature_count: int) -> None:
        self._feature_count = feature_count
        self._waiting: list[Rows] = []
        self._waiting_count = 0
        self._spilt_count = 0
        self._file: IO[bytes] | None = None

    def __len__(self) -> int:
        return self._spilt_count + self._waiting_count

    def append(self, rows: Rows) -> None:
        """Take rows.

        Raises
        ------
        ValueError
            If they have another number of columns.
        """
        if rows.shape[1] != self._feature_count:
            raise ValueError(f"{rows.shape[1]} columns, announced were {self._feature_count}")
        for first in range(0, len(rows), CHUNK_ROWS):
            piece = rows[first : first + CHUNK_ROWS]
            self._waiting.append(piece)
            self._waiting_count += len(piece)
            if self._waiting_count >= CHUNK_ROWS:
                self._spill()

    def chunks(self) -> Iterator[Rows]:
        """Yield the rows in order, at most `CHUNK_ROWS` at once, shape (rows, features)."""
        if self._file is not None:
            bytes_at_once = CHUNK_ROWS * self._feature_count * 4
            for chunk in range(self._spilt_count // CHUNK_ROWS):
                self._file.seek(chunk * bytes_at_once)  # another reader may have moved it
                raw = self._file.read(bytes_at_once)
                yield np.frombuffer(raw, dtype=np.float32).reshape(-1, self._feature_count)
        if self._waiting_count or self._file is None:
            yield self._joined()

    def _joined(self) -> Rows:
        nothing = np.empty((0, self._feature_count), np.float32)
        self._waiting = [np.concatenate([nothing, *self._waiting])]
        return self._waiting[0]

    def _spill(self) -> None:
        """Leave less than a chunk in memory."""
        joined = self._joined()
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="zoneclf-")  # noqa: SIM115
            weakref.finalize(self, self._file.close)
        self._file.seek(0, 2)
        self._file.write(joined[:CHUNK_ROWS].tobytes())
        self._spilt_count += CHUNK_ROWS
        self._waiting = [joined[CHUNK_ROWS:].copy()]
        self._waiting_count = len(self._waiting[0])
