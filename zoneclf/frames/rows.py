"""The rows of one track as they come: in memory while they are few, then in a temporary file.

A mix of ten hours has 72 000 rows, 68 MB; in memory are less than twice `CHUNK_ROWS`.  Every row
of every extractor passes here before it is stored or pooled, and is rounded here and nowhere else.
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
# Of the 24 bits of a float32.  2^-18 = 3.8e-6 of a value is lost at most, less than what separates
# `frames` from openSMILE (7e-6 in the worst column's median), and DEAM's files give 7 digits at
# most; bits below are noise that no codec shortens, a tenth of a store.
SIGNIFICANT_BITS = 18
_NOISE_BITS = np.uint32(24 - SIGNIFICANT_BITS)
_NOISE = np.uint32((1 << (24 - SIGNIFICANT_BITS)) - 1)
_SIGN, _INFINITY = np.uint32(0x8000_0000), np.uint32(0x7F80_0000)


def rounded(rows: Rows) -> Rows:
    """Return rows whose values have `SIGNIFICANT_BITS`, the nearest ones, ties to even.

    Values below the smallest normal number keep as many places behind the point as it has; what
    would become infinite stays as it is.
    """
    bits = rows.view(np.uint32)
    size = bits & ~_SIGN
    odd = (size >> _NOISE_BITS) & np.uint32(1)
    nearest = (size + (_NOISE >> np.uint32(1)) + odd) & ~_NOISE
    kept: npt.NDArray[np.uint32] = np.where(nearest < _INFINITY, nearest, size) | (bits & _SIGN)
    return kept.view(np.float32)


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
            piece = rounded(rows[first : first + CHUNK_ROWS])
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
