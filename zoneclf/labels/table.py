"""The labelled table: every source's track features with zone, source and group, in one file.

`dataset/unified.parquet` holds it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from zoneclf.errors import TableError
from zoneclf.labels.source_labels import LABEL_COLUMNS, SourceLabels
from zoneclf.labels.zones import ZoneMap
from zoneclf.store import TableNote, TableSpec, read_table, write_table
from zoneclf.tracks.track_table import TrackTable


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
        """Return the table with these feature columns only.

        Raises
        ------
        TableError
            If a column is not there.
        """
        spec = self.spec.select(names)
        return LabelledTable(
            self.features[list(names)],
            self.codes,
            self.source,
            self.group,
            self.about,
            self.zones,
            spec,
        )


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
        "sources": {name: _about_source(*part) for name, part in parts.items()},
    }
    return from_rows(joined, zones.names, spec), TableNote(
        spec=spec, origins=tuple(origins), notes=notes
    )


def _about_source(tracks: TrackTable, labels: SourceLabels) -> dict[str, Any]:
    """Return what a model's card will say of a source it learnt from."""
    made = {origin.extractor: origin.extractor_version for origin in tracks.note.origins}
    licence = max(tracks.note.licence, labels.licence)
    return {**labels.notes, "extractors": made, "licence": licence}


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
            pooled_only = apart.startswith("parameters")  # from frames that are there
            again = "zoneclf extract" if pooled_only else f"zoneclf extract --force --source {name}"
            raise TableError(
                f"{first_name} and {name} were made differently ({apart}); run {again} with the "
                f"settings of {first_name}"
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
    joined = rows.to_pandas()
    for name in LABEL_COLUMNS:
        if name not in joined:  # written before tables had it; labelling again fills it
            joined[name] = np.nan
    return from_rows(joined, tuple(note.notes["zones"]), note.spec), note
