"""The labelled table: every source's track features with zone, source and group, in one file.

`dataset/labels/<source>.parquet` holds a source's labels, `dataset/unified.parquet` the join.
What is dropped on the way is counted by reason.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from zoneclf.audio.files import path_text
from zoneclf.errors import LabelError, TableError
from zoneclf.labels.deam import DeamAnnotations
from zoneclf.labels.library import LabelRow, contradictions
from zoneclf.labels.zones import ZoneMap
from zoneclf.store import TableNote, TableSpec, read_table, write_table
from zoneclf.tracks.track_table import TrackTable

LABEL_COLUMNS = ("track_id", "path", "name", "source", "zone", "group", "arousal", "valence")


@dataclass(frozen=True)
class SourceLabels:
    """One source's labels: `rows` has `LABEL_COLUMNS`; `dropped` counts tracks by reason.

    `zone` is None for tracks without a label; `arousal` and `valence` are NaN where unknown.
    """

    rows: pd.DataFrame
    dropped: Counter[str]
    remarks: tuple[str, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LabelledTable:
    """Tracks with features and zones; all arrays have one entry per track.

    `features` is a frame whose columns are ``spec.features``; `codes` are places in `zones`, -1
    for tracks without a label; `group` keeps together what must not be split.
    """

    features: pd.DataFrame
    codes: npt.NDArray[np.int64]
    source: npt.NDArray[np.str_]
    group: npt.NDArray[np.str_]
    about: pd.DataFrame
    zones: tuple[str, ...]
    spec: TableSpec

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: npt.NDArray[Any]) -> "LabelledTable":
        """Return these rows, by number or by truth value."""
        places = np.flatnonzero(rows) if rows.dtype == bool else rows
        return LabelledTable(
            self.features.iloc[places].reset_index(drop=True),
            self.codes[places],
            self.source[places],
            self.group[places],
            self.about.iloc[places].reset_index(drop=True),
            self.zones,
            self.spec,
        )

    def with_features(self, names: Sequence[str]) -> "LabelledTable":
        """Return the table with these feature columns only."""
        return LabelledTable(
            self.features[list(names)],
            self.codes,
            self.source,
            self.group,
            self.about,
            self.zones,
            self.spec.select(names),
        )


def label_library(
    tracks: TrackTable, labels: Sequence[LabelRow], source: str, *, allowed: frozenset[str]
) -> SourceLabels:
    """Return the user's labels by track; a label's path leads to its track's content."""
    rows = tracks.rows
    by_path = _paths(rows)
    opposed = contradictions(labels)
    remarks, dropped = [], Counter[str]()
    for same in opposed.values():
        said = ", ".join(f"line {row.line} {row.zone}" for row in same)
        remarks.append(f"contradictory labels, track left out: {same[0].path.name} ({said})")
    zones: dict[str, LabelRow] = {}
    clashing = set()
    for row in labels:
        track_id = by_path.get(path_text(row.path))
        if track_id is None:
            dropped["not extracted"] += 1
            continue
        earlier = zones.get(track_id)
        if earlier and row.zone and earlier.zone not in (None, row.zone):
            clashing.add(track_id)
        zones[track_id] = earlier if earlier and earlier.zone and not row.zone else row
    usable = rows[rows["status"].isin(allowed)]
    _count_statuses(rows, allowed, dropped)
    kept = usable[~usable["track_id"].isin(clashing)]
    dropped["contradictory labels"] += len(usable) - len(kept)
    chosen = [zones.get(track_id) for track_id in kept["track_id"]]
    table = _rows(kept, source, [row.zone if row else None for row in chosen])
    table["group"] = [
        f"artist:{row.artist.casefold()}" if row and row.artist else f"track:{track_id}"
        for row, track_id in zip(chosen, kept["track_id"], strict=True)
    ]
    return SourceLabels(table, +dropped, tuple(remarks))


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
    found = annotations.songs.loc[ids]
    arousal, valence = found["arousal_mean"].to_numpy(), found["valence_mean"].to_numpy()
    names = [zones.names[code] for code in zones.codes(arousal, valence)]
    table = _rows(kept, source, names)
    table["arousal"], table["valence"] = arousal, valence
    artists = annotations.artists
    table["group"] = [
        f"artist:{artists[song].casefold()}" if song in artists else f"deam:{song}" for song in ids
    ]
    notes = {"label_repair": annotations.repair, "statements": list(annotations.statements)}
    return SourceLabels(table, +dropped, annotations.statements, notes)


def unify(
    parts: Mapping[str, tuple[TrackTable, SourceLabels]], zones: ZoneMap
) -> tuple[LabelledTable, TableNote]:
    """Return the join of all sources over the features they share, and its note.

    Raises
    ------
    TableError
        If two sources' specs differ over the features they share, or share none.
    """
    spec = shared_spec({name: tracks.note for name, (tracks, _) in parts.items()})
    pieces = []
    for tracks, labels in parts.values():
        features = tracks.rows.set_index("track_id")[list(spec.features)]
        pieces.append(labels.rows.merge(features, left_on="track_id", right_index=True))
    joined = pd.concat(pieces, ignore_index=True)
    origins = {origin: None for tracks, _ in parts.values() for origin in tracks.note.origins}
    notes = {
        "zones": list(zones.names),
        "rule": zones.digest,
        "sources": {name: dict(labels.notes) for name, (_, labels) in parts.items()},
    }
    return from_rows(joined, zones.names, spec), TableNote(
        spec=spec, origins=tuple(origins), notes=notes
    )


def shared_spec(notes: Mapping[str, TableNote]) -> TableSpec:
    """Return the spec of the features that all tables share.

    Raises
    ------
    TableError
        If the specs differ in anything but their columns, or an extractor's versions differ.
    """
    (first_name, first), *others = notes.items()
    common = [
        name for name in first.spec.features if all(name in n.spec.features for _, n in others)
    ]
    if not common:
        raise TableError(f"the sources {', '.join(notes)} share no feature; extract them alike")
    spec = first.spec.select(common)
    versions = {origin.extractor: origin.extractor_version for origin in first.origins}
    for name, note in others:
        apart = spec.difference(note.spec.select(common))
        for origin in note.origins:
            if versions.setdefault(origin.extractor, origin.extractor_version) != (
                origin.extractor_version
            ):
                apart = f"extractor {origin.extractor} in two versions"
        if apart:
            raise TableError(
                f"{first_name} and {name} were made differently ({apart}); run zoneclf extract "
                f"--force --source {name} with the settings of {first_name}"
            )
    return spec


def from_rows(joined: pd.DataFrame, zones: tuple[str, ...], spec: TableSpec) -> LabelledTable:
    """Return the labelled table of rows that have `LABEL_COLUMNS` and the spec's features."""
    place = {zone: code for code, zone in enumerate(zones)}
    return LabelledTable(
        joined[list(spec.features)].reset_index(drop=True),
        joined["zone"].map(place).fillna(-1).to_numpy().astype(np.int64),
        joined["source"].to_numpy(dtype=str),
        joined["group"].to_numpy(dtype=str),
        joined[list(LABEL_COLUMNS)].reset_index(drop=True),
        zones,
        spec,
    )


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


def save_unified(table: LabelledTable, note: TableNote, path: Path) -> None:
    """Write the unified table."""
    arrays = [pa.array(table.about[name], from_pandas=True) for name in LABEL_COLUMNS]
    values = table.features.to_numpy(dtype=np.float32)
    arrays += [pa.array(column, from_pandas=True) for column in np.ascontiguousarray(values.T)]
    write_table(pa.table(arrays, names=[*LABEL_COLUMNS, *table.spec.features]), note, path)


def load_unified(path: Path) -> tuple[LabelledTable, TableNote]:
    """Read the unified table.

    Raises
    ------
    TableError
        If the file is not one.
    """
    rows, note = read_table(path)
    if "zones" not in note.notes:
        raise TableError(f"{path}: not a unified table; write it with `zoneclf label`")
    return from_rows(rows.to_pandas(), tuple(note.notes["zones"]), note.spec), note


def _paths(rows: pd.DataFrame) -> dict[str, str]:
    found = {}
    for track_id, path, copies in zip(rows["track_id"], rows["path"], rows["copies"], strict=True):
        for text in (path, *copies.split("\n")):
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
    table = kept[["track_id", "path", "name"]].reset_index(drop=True)
    named = np.array(zones, dtype=object)
    return table.assign(source=source, zone=named, group="", arousal=np.nan, valence=np.nan)
