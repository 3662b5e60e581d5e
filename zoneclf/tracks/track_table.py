"""The track table of a source: one row per track, readable or not, in ``dataset/tracks``.

Columns: track_id, path, name (the file's name without suffix, or a table's id), copies (other
paths of the same sound), status, reason, duration_s, size_bytes, mtime_ns, then features, which
are null where the status says that there are no frames.
"""

import tempfile
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from zoneclf.audio.files import path_text
from zoneclf.frames.batch import Found
from zoneclf.frames.extractor import Frames
from zoneclf.frames.rows import Rows
from zoneclf.frames.takes import TrackFacts
from zoneclf.settings import DropSettings
from zoneclf.store import Origin, TableNote, TableSpec, read_table, write_groups
from zoneclf.tracks.pooling import track_features, track_spec

# Between the paths of copies: the one character that no path can hold.
SEPARATOR = "\0"
# 1 MB of features.
GROUP_ROWS = 512
ABOUT = (
    "track_id",
    "path",
    "name",
    "copies",
    "status",
    "reason",
    "duration_s",
    "size_bytes",
    "mtime_ns",
)


@dataclass(frozen=True)
class TrackTable:
    """Rows about tracks and their features, `ABOUT` then ``note.spec.features``."""

    rows: pd.DataFrame
    note: TableNote

    @property
    def spec(self) -> TableSpec:
        """What the features mean."""
        return self.note.spec


def pool(
    tracks: Iterable[tuple[TrackFacts, Frames]], frames: TableSpec, drops: DropSettings
) -> pd.DataFrame:
    """Return the features of tracks, indexed by track id."""
    pooled = Pooled(tracks, frames, drops)
    names = list(track_spec(frames, drops).features)
    return pd.DataFrame(pooled.rows(pooled.ids), pd.Index(pooled.ids, dtype=str), names)


class Pooled:
    """The features of tracks in a temporary file: memory does not grow with their number."""

    def __init__(
        self, tracks: Iterable[tuple[TrackFacts, Frames]], frames: TableSpec, drops: DropSettings
    ) -> None:
        self._width = len(track_spec(frames, drops).features)
        self._file = tempfile.TemporaryFile(prefix="zoneclf-")  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._places: dict[str, int] = {}
        for facts, rows in tracks:
            self._places[facts.track_id] = len(self._places)
            self._file.write(track_features(rows, frames, drops).astype(np.float32).tobytes())

    @property
    def ids(self) -> list[str]:
        """The tracks' ids."""
        return list(self._places)

    def rows(self, ids: Sequence[str]) -> Rows:
        """Return the features of tracks, shape (tracks, features); NaN where there are none."""
        found = np.full((len(ids), self._width), np.nan, dtype=np.float32)
        for row, track_id in enumerate(ids):
            if track_id in self._places:
                self._file.seek(self._places[track_id] * 4 * self._width)
                found[row] = np.frombuffer(self._file.read(4 * self._width), dtype=np.float32)
        return found


def about(found: Iterable[Found], facts: Mapping[str, TrackFacts]) -> pd.DataFrame:
    """Return the rows about the files found: one per sound, and one per unreadable file."""
    rows: dict[str, dict[str, object]] = {}
    for file in found:
        fact = file.facts or facts[file.track_id]
        key = file.track_id or path_text(file.path)
        if key in rows:
            rows[key]["copies"] = SEPARATOR.join(
                filter(None, [str(rows[key]["copies"]), path_text(file.path)])
            )
            continue
        rows[key] = {
            "track_id": file.track_id,
            "path": path_text(file.path),
            "name": Path(path_text(file.path)).stem,
            "copies": "",
            "status": fact.status,
            "reason": fact.reason,
            "duration_s": fact.duration_s,
            "size_bytes": file.size_bytes,
            "mtime_ns": file.mtime_ns,
        }
    table = pd.DataFrame(list(rows.values()), columns=list(ABOUT))
    return table.sort_values(["name", "path"], ignore_index=True)


def save_pooled(rows: pd.DataFrame, pooled: Pooled, note: TableNote, path: Path) -> None:
    """Write a track table: `rows` as from `about`, and the features of their tracks."""
    _save(rows, lambda start, end: pooled.rows(list(rows["track_id"][start:end])), note, path)


def save_tracks(table: TrackTable, path: Path) -> None:
    """Write a track table; features as float32."""
    features = table.rows[list(table.spec.features)].to_numpy(dtype=np.float32)
    _save(table.rows, lambda start, end: features[start:end], table.note, path)


def _save(
    rows: pd.DataFrame, features: Callable[[int, int], Rows], note: TableNote, path: Path
) -> None:
    """Write rows and their features, which are asked for by first row and last row + 1."""
    told = pa.table({name: pa.array(rows[name], from_pandas=True) for name in ABOUT})

    def group(start: int) -> pa.Table:
        table = told.slice(start, GROUP_ROWS)
        columns = np.ascontiguousarray(features(start, start + len(table)).T)
        for name, column in zip(note.spec.features, columns, strict=True):
            table = table.append_column(name, pa.array(column, from_pandas=True))
        return table

    write_groups(map(group, range(0, max(1, len(rows)), GROUP_ROWS)), note, path)


def load_tracks(path: Path) -> TrackTable:
    """Read a track table.

    Raises
    ------
    TableError
        If the file is not one.
    """
    table, note = read_table(path)
    return TrackTable(table.to_pandas(), note)


def note_of(frames: TableSpec, origin: Origin, drops: DropSettings) -> TableNote:
    """Return what a track table made from frames says of itself."""
    return TableNote(spec=track_spec(frames, drops), origins=(origin,))
