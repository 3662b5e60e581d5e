"""The track table of a source: one row per track, readable or not, in ``dataset/tracks``.

Columns: track_id, path, name (the file's name without suffix, or a table's id), copies (other
paths of the same sound), status, reason, duration_s, size_bytes, mtime_ns, then features, which
are null where the status says that there are no frames.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from zoneclf.audio.files import path_text
from zoneclf.frames.batch import Found
from zoneclf.frames.extractor import Frames
from zoneclf.frames.takes import TrackFacts
from zoneclf.settings import DropSettings
from zoneclf.store import Origin, TableNote, TableSpec, read_table, write_table
from zoneclf.tracks.pooling import track_features, track_spec

# Between the paths of copies: the one character that no path can hold.
SEPARATOR = "\0"
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
    spec = track_spec(frames, drops)
    values = {
        facts.track_id: track_features(rows, frames, drops).astype(np.float32)
        for facts, rows in tracks
    }
    rows = np.array(list(values.values()), dtype=np.float32).reshape(-1, len(spec.features))
    return pd.DataFrame(rows, index=pd.Index(list(values), dtype=str), columns=list(spec.features))


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
    return pd.DataFrame(list(rows.values()), columns=list(ABOUT))


def join(rows: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    """Return `rows` with the features of their track ids; null where there are none."""
    joined = rows.merge(features, how="left", left_on="track_id", right_index=True)
    return joined.sort_values(["name", "path"], ignore_index=True)


def save_tracks(table: TrackTable, path: Path) -> None:
    """Write a track table; features as float32."""
    columns = [pa.array(table.rows[name], from_pandas=True) for name in ABOUT]
    names = list(table.spec.features)
    values = table.rows[names].to_numpy(dtype=np.float32)
    columns += [pa.array(column, from_pandas=True) for column in np.ascontiguousarray(values.T)]
    write_table(pa.table(columns, names=[*ABOUT, *names]), table.note, path)


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
