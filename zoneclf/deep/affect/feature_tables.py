"""Predicted arousal and valence as feature tables: one row per track, one per half second.

The table of tracks is what ``zoneclf train --features affect`` reads; the table of half seconds
lies in the folder ``frames`` beside it.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from zoneclf.deep.affect.affect_set import NAMES
from zoneclf.deep.affect.predicting import STATISTICS, STEP_S, Asking, Prediction
from zoneclf.errors import TableError
from zoneclf.store import Origin, TableNote, TableSpec, read_note, read_table, write_table

PREFIX = "affect_"
EXTRACTOR, VERSION = "affect-network", 1
_ABOUT = ("track_id", "path", "status", "reason")


def note_of(asking: Asking) -> TableNote:
    """Return what a table of tracks says of itself: the network's weights, and how it was used."""
    card = asking.checkpoint.card
    statistics = STATISTICS if asking.has_course else STATISTICS[:1]
    settings = asking.ears.settings
    told = card.embedding["spec"] if card.embedding else {}
    chunk_s = float(told.get("window_s", card.parameters.get("frames", 0) * settings.frame_s))
    rate_hz = int(told.get("rate_hz", settings.rate_hz))
    stretched = asking.rescale.method if asking.rescale else "as-predicted"
    spec = TableSpec(
        level="tracks",
        descriptors=f"affect/{card.architecture}@{card.sha256[:16]}/{stretched}",
        window_s=chunk_s,
        hop_s=chunk_s,
        rate_hz=rate_hz,
        features=tuple(f"{PREFIX}{name}_{one}" for one in statistics for name in NAMES),
        parameters=((f"{PREFIX}.chunk_s", chunk_s), (f"{PREFIX}.rate_hz", float(rate_hz))),
    )
    licence = str(card.training.get("licence", ""))
    origin = Origin(extractor=EXTRACTOR, extractor_version=VERSION, licence=licence)
    return TableNote(spec=spec, origins=(origin,), notes={"rescaled": asking.rescale is not None})


def frames_path(table: Path) -> Path:
    """Return where the table of half seconds lies that belongs to a table of tracks."""
    return table.parent / "frames" / table.name


def write_tables(found: Sequence[Prediction], asking: Asking, path: Path) -> int:
    """Write both tables and return how many tracks the one at `path` has.

    Tracks that are in them already stay; those of `found` take the place of their earlier rows,
    unless only the earlier had sound.

    Raises
    ------
    TableError
        If a file is there and is not such a table of the same network.
    """
    note = note_of(asking)
    named = [one for one in found if one.track_id]
    rows = _merged(path, note, _tracks(named, note.spec.features), named)
    if asking.has_course:
        spec = dataclasses.replace(
            note.spec,
            level="frames",
            hop_s=STEP_S,
            features=tuple(f"{PREFIX}{name}" for name in NAMES),
        )
        framed = dataclasses.replace(note, spec=spec)
        _merged(frames_path(path), framed, _frames(named), named)
    return rows


def _merged(path: Path, note: TableNote, new: pa.Table, found: Sequence[Prediction]) -> int:
    """Write the rows of a file that stay, and the new ones; return how many there are."""
    replaced = {one.track_id for one in found if one.summary}
    if path.exists():
        if read_note(path).spec != note.spec:
            raise TableError(f"{path}: is a table of something else; delete it, or name another")
        old, _ = read_table(path)
        stays = [one not in replaced for one in old["track_id"].to_pylist()]
        kept = old.filter(pa.array(stays, pa.bool_()))
        known = set(kept["track_id"].to_pylist())
        fresh = [one not in known for one in new["track_id"].to_pylist()]
        new = pa.concat_tables([kept.cast(new.schema), new.filter(pa.array(fresh, pa.bool_()))])
    write_table(new, note, path)
    return int(new.num_rows)


def _tracks(found: Sequence[Prediction], features: Sequence[str]) -> pa.Table:
    """Return a row per track; values are null where there is no sound."""
    unique = {one.track_id: one for one in found}.values()
    columns: dict[str, Any] = {name: [getattr(one, name) for one in unique] for name in _ABOUT}
    texts = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    values = {
        name: pa.array([one.summary.get(name.removeprefix(PREFIX)) for one in unique], pa.float32())
        for name in features
    }
    return pa.table({**texts, **values})


def _frames(found: Sequence[Prediction]) -> pa.Table:
    """Return a row per half second of every track that has sound."""
    unique = list({one.track_id: one for one in found}.values())
    ids = np.repeat([one.track_id for one in unique], [len(one.times_s) for one in unique])
    courses = np.concatenate([np.empty((0, len(NAMES)), np.float32), *(o.course for o in unique)])
    times = np.concatenate([np.empty(0), *(one.times_s for one in unique)])
    columns = {"track_id": pa.array(ids.tolist(), pa.string()), "start_s": times}
    columns |= {f"{PREFIX}{name}": courses[:, place] for place, name in enumerate(NAMES)}
    return pa.table(columns)
