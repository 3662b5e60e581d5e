"""Zones of one source's tracks: the user's by label file, DEAM's by rule.

`dataset/labels/<source>.parquet` holds the result.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from zoneclf.audio.files import path_text
from zoneclf.errors import LabelError
from zoneclf.labels.deam import DeamAnnotations
from zoneclf.labels.deam_songs import described
from zoneclf.labels.library import LabelRow, contradictions
from zoneclf.labels.zones import ZoneMap
from zoneclf.store import TableNote, write_table
from zoneclf.tracks.track_table import SEPARATOR, TrackTable

_SHOWN = 10
METADATA = ("artist", "title", "bpm", "key")
LABEL_COLUMNS = (
    "track_id",
    "path",
    "name",
    "source",
    "zone",
    "group",
    "arousal",
    "valence",
    "arousal_se",
    "valence_se",
    "duration_s",
    *METADATA,
)


@dataclass(frozen=True)
class SourceLabels:
    """One source's labels: `rows` has `LABEL_COLUMNS`; `dropped` counts tracks by reason.

    `zone` is None for tracks without a label; `arousal`, `valence`, the standard errors of these
    means over raters, `arousal_se` and `valence_se`, and `duration_s`, the seconds of sound, are
    NaN where unknown.
    `licence` is ``non-commercial`` where the labels' own licence says so.
    """

    rows: pd.DataFrame
    dropped: Counter[str]
    remarks: tuple[str, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)
    licence: str = ""


def label_library(
    tracks: TrackTable, labels: Sequence[LabelRow], source: str, *, allowed: frozenset[str]
) -> SourceLabels:
    """Return the user's labels by track; a label's path leads to its track's content."""
    rows = tracks.rows
    by_path, dropped = _paths(rows), Counter[str]()
    opposed = contradictions(labels, lambda row: by_path.get(path_text(row.path)) or str(row.path))
    zones: dict[str, LabelRow] = {}
    for row in labels:
        track_id = by_path.get(path_text(row.path))
        if track_id is None:
            dropped["not extracted"] += 1
            continue
        earlier = zones.get(track_id)
        zones[track_id] = earlier if earlier and earlier.zone and not row.zone else row
    if labels and dropped["not extracted"] == len(labels):
        raise LabelError(
            f"{source}: none of the {len(labels)} tracks of its label file is in the table under "
            "its path; run zoneclf extract, which finds moved files by their content"
        )
    usable = rows[rows["status"].isin(allowed)]
    _count_statuses(rows, allowed, dropped)
    kept = usable[~usable["track_id"].isin(opposed)]
    dropped["contradictory labels"] += len(usable) - len(kept)
    chosen = [zones.get(track_id) for track_id in kept["track_id"]]
    table = _rows(kept, source, [row.zone if row else None for row in chosen])
    table["group"] = [
        f"artist:{row.artist.casefold()}" if row and row.artist else f"track:{track_id}"
        for row, track_id in zip(chosen, kept["track_id"], strict=True)
    ]
    for name in METADATA:
        table[name] = [getattr(row, name) if row else "" for row in chosen]
    listed = {row.line for same in opposed.values() for row in same}
    others = [row for row in labels if row.line not in listed]
    remarks = (*map(_opposed, opposed.values()), *_line_remarks(others, rows))
    return SourceLabels(table, +dropped, remarks)


def label_deam(
    tracks: TrackTable,
    annotations: DeamAnnotations,
    zones: ZoneMap,
    *,
    source: str,
    allowed: frozenset[str],
) -> SourceLabels:
    """Return DEAM's zones by rule; a track's name is its song id."""
    rows, dropped = tracks.rows, Counter[str]()
    _count_statuses(rows, allowed, dropped)
    usable = rows[rows["status"].isin(allowed)]
    songs = pd.to_numeric(usable["name"], errors="coerce")
    annotated = songs.isin(annotations.songs.index)
    dropped["no annotation"] += int((~annotated).sum())
    kept, ids = usable[annotated], songs[annotated].astype(int)
    about = described(annotations, ids.to_list())
    codes = zones.codes(about["arousal"].to_numpy(), about["valence"].to_numpy())
    table = _rows(kept, source, [zones.names[code] for code in codes])
    for name in ("arousal", "valence", "arousal_se", "valence_se", "group", "artist"):
        table[name] = about[name].to_numpy()
    notes = {"label_repair": annotations.repair, "statements": list(annotations.statements)}
    return SourceLabels(table, +dropped, annotations.statements, notes, "non-commercial")


def save_labels(labels: SourceLabels, note: TableNote, path: Path) -> None:
    """Write one source's labels."""
    arrays = [pa.array(labels.rows[name], from_pandas=True) for name in LABEL_COLUMNS]
    spec = note.spec.select(())
    said = TableNote(
        spec=spec,
        origins=note.origins,
        notes={**labels.notes, "dropped": dict(labels.dropped)},
    )
    write_table(pa.table(arrays, names=list(LABEL_COLUMNS)), said, path)


def _line_remarks(labels: Sequence[LabelRow], rows: pd.DataFrame) -> list[str]:
    """Return what is odd about single lines: a file that is not there, a track listed before."""
    gone = set(rows.loc[rows["status"] == "missing", "path"])
    first: dict[Path, int] = {}
    remarks = []
    for row in labels:
        if path_text(row.path) in gone:
            remarks.append(f"line {row.line}: {row.path} is not there")
        elif first.setdefault(row.path, row.line) != row.line:
            remarks.append(f"line {row.line}: {row.path.name} is on line {first[row.path]} already")
    more = [f"and {len(remarks) - _SHOWN} more such lines"] if len(remarks) > _SHOWN else []
    return remarks[:_SHOWN] + more


def _opposed(same: Sequence[LabelRow]) -> str:
    names = ", ".join(dict.fromkeys(row.path.name for row in same))
    said = ", ".join(f"line {row.line} {row.zone}" for row in same)
    return f"contradictory labels, track left out: {names} ({said})"


def _paths(rows: pd.DataFrame) -> dict[str, str]:
    found = {}
    for track_id, path, copies in zip(rows["track_id"], rows["path"], rows["copies"], strict=True):
        for text in (path, *copies.split(SEPARATOR)):
            found[text] = track_id
    return found


def _count_statuses(rows: pd.DataFrame, allowed: frozenset[str], dropped: Counter[str]) -> None:
    for status, count in rows["status"].value_counts().items():
        if status not in allowed:
            dropped[f"status {status}"] += int(count)


def _rows(kept: pd.DataFrame, source: str, zones: Sequence[str | None]) -> pd.DataFrame:
    if not len(kept):
        raise LabelError(
            f"{source}: no track is left to label; see dataset/tracks/{source}.parquet"
        )
    table = kept[["track_id", "path", "name", "duration_s"]].reset_index(drop=True)
    table["duration_s"] = table["duration_s"].replace(0.0, np.nan)  # a table of means tells none
    named = np.array(zones, dtype=object)
    table = table.assign(source=source, zone=named, group="")
    numbers = dict.fromkeys(("arousal", "valence", "arousal_se", "valence_se"), np.nan)
    return table.assign(**numbers, **dict.fromkeys(METADATA, ""))
