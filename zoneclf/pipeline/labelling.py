"""Zones for every source that has a track table, joined into ``dataset/unified.parquet``."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from zoneclf.audio.sound import WITH_ROWS
from zoneclf.errors import LabelError, SettingsError, TableError
from zoneclf.frames.frame_store import FrameStore
from zoneclf.labels.deam import annotation_files, load_deam
from zoneclf.labels.duplicates import Duplicates, join_duplicates
from zoneclf.labels.library import LabelRow, find_label_file, read_label_file
from zoneclf.labels.recordings import RULE
from zoneclf.labels.source_labels import (
    LABEL_COLUMNS,
    SourceLabels,
    label_deam,
    label_library,
    save_labels,
)
from zoneclf.labels.table import LabelledTable, load_unified, save_unified, unify
from zoneclf.labels.zones import ZoneMap, load_zones
from zoneclf.pipeline.workspace import Voice, Workspace
from zoneclf.settings import Settings, SourceSettings
from zoneclf.settings_reader import override
from zoneclf.store import TableNote
from zoneclf.tracks.fingerprints import COLUMNS, Fingerprint, fingerprint
from zoneclf.tracks.track_table import TrackTable, load_tracks
from zoneclf.writing import make_folder

# Paths that a warning names of one recording.
_PATHS_SAID = 4


@dataclass(frozen=True)
class Labelled:
    """What labelling found: table, note, near-duplicates; by source zones, drops and remarks."""

    table: LabelledTable
    note: TableNote
    duplicates: Duplicates
    zones: dict[str, Counter[str]]
    dropped: dict[str, Counter[str]]
    remarks: dict[str, tuple[str, ...]]


def label(
    workspace: Workspace, settings: Settings, chosen: Mapping[str, Any] | None = None
) -> Labelled:
    """Label every source that has a track table and write the labelled tables.

    `chosen` holds dotted keys and values that options of ``zoneclf label`` replace in the
    settings; they stay in force for this table until it is labelled anew without them.

    Raises
    ------
    TableError
        If no source was extracted, or sources were made differently.
    """
    settings = override(settings, chosen or {})
    zones = zone_map(settings)
    tables = {name: load_tracks(workspace.tracks(name)) for name in workspace.sources}
    if not tables:
        raise TableError("dataset/tracks: no source is extracted yet; run zoneclf extract")
    _require_chosen(settings, chosen or {}, list(tables))
    parts = {name: (table, _labels(name, table, settings, zones)) for name, table in tables.items()}
    table, note = unify(parts, zones)
    duplicates = join_duplicates(table, _fingerprints(workspace, tables))
    kept: dict[str, Any] = {"near_duplicates": duplicates.paths, "chosen": dict(chosen or {})}
    kept["inputs"] = _inputs_digest(workspace, settings)
    note = replace(note, notes={**note.notes, **kept})
    make_folder(workspace.labels("x").parent)
    for name, (tracks, part) in parts.items():
        save_labels(part, tracks.note, workspace.labels(name))
    save_unified(duplicates.table, note, workspace.unified)
    by_source = {name: part for name, (_, part) in parts.items()}
    return Labelled(
        duplicates.table,
        note,
        duplicates,
        {name: _zone_counts(part) for name, part in by_source.items()},
        {name: part.dropped for name, part in by_source.items()},
        {name: part.remarks for name, part in by_source.items()},
    )


def current_table(
    workspace: Workspace, settings: Settings, voice: Voice
) -> tuple[LabelledTable, TableNote]:
    """Return the unified table, labelling anew if any of its inputs has changed since."""
    chosen: dict[str, Any] = {}
    if workspace.unified.is_file():
        table, note = load_unified(workspace.unified)
        chosen = note.notes.get("chosen", {})
        for key, value in chosen.items():
            voice.say(f"labels as chosen with zoneclf label: {key} = {value}")
        if note.notes.get("inputs") == _inputs_digest(workspace, override(settings, chosen)):
            return table, note
        voice.say("dataset/unified.parquet is older than what it was made from: labelling again")
    found = label(workspace, settings, chosen)
    for name in found.zones:
        for line in said_of(found, name):
            voice.say(line)
    say_duplicates(found.duplicates, voice.say, voice.warn)
    return found.table, found.note


def said_of(found: Labelled, source: str) -> list[str]:
    """Return in words what labelling found in one source."""
    lines = [f"{source}: {remark}" for remark in found.remarks[source]]
    zones = ", ".join(f"{zone} {count}" for zone, count in found.zones[source].items())
    lines.append(f"{source}: {zones or 'no labels'}")
    if found.dropped[source]:
        dropped = ", ".join(f"{count} {why}" for why, count in found.dropped[source].items())
        lines.append(f"{source}: left out: {dropped}")
    return lines


def say_duplicates(
    found: Duplicates, say: Callable[[str], None], warn: Callable[[str], None]
) -> None:
    """Tell how many near-duplicates were joined, and of each contradiction the paths."""
    if found.recordings:
        say(
            f"near-duplicates: {found.track_count} tracks, recordings among them: "
            f"{len(found.recordings)}; versions of one stay on one side of every split"
        )
    if found.unheard:
        say(
            f"near-duplicates: {found.unheard} tracks without frames, or too short, were compared "
            "by features alone, which tells only equal ones"
        )
    for zones in found.contradictions:
        shown = ", ".join(f"{path} {zone}" for path, zone in _telling(zones))
        rest = len(zones) - _PATHS_SAID
        shown += f" and {rest} more (zoneclf label --json lists all)" if rest > 0 else ""
        warn(f"near-duplicates with different zones, all kept: {shown}; correct their labels")


def _telling(zones: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the first few paths and zones, the first path of every zone before others."""
    seen: Counter[str] = Counter()
    turns = []
    for _, zone in zones:
        turns.append(seen[zone])
        seen[zone] += 1
    order = sorted(range(len(zones)), key=turns.__getitem__)[:_PATHS_SAID]
    return [zones[place] for place in sorted(order)]


def zone_map(settings: Settings) -> ZoneMap:
    """Return the zones and the rule in force."""
    return load_zones(settings.labels.zone_mapping, settings.labels.preset)


def _fingerprints(workspace: Workspace, tables: Mapping[str, TrackTable]) -> dict[str, Fingerprint]:
    """Return fingerprints by track id of every source's tracks that have frames."""
    found = {}
    for name, table in tables.items():
        present = set(table.rows["track_id"])  # frames of deleted files stay in the store
        for track_id, rows in FrameStore(workspace.frames(name), table.note).columns(COLUMNS):
            one = fingerprint(rows, table.spec.hop_s) if track_id in present else None
            if one is not None:
                found[track_id] = one
    return found


def _labels(name: str, table: TrackTable, settings: Settings, zones: ZoneMap) -> SourceLabels:
    source = settings.sources.get(name, SourceSettings())
    allowed = WITH_ROWS if settings.labels.allow_truncated else frozenset({"ok"})
    if source.kind == "deam":
        if source.root is None or not source.root.is_dir():
            raise LabelError(f"{source.root}: DEAM is not there; set sources.{name}.root or --root")
        annotations = load_deam(source.root, settings.labels.deam)
        return label_deam(table, annotations, zones, source=name, allowed=allowed)
    return label_library(table, _user_rows(source, zones), name, allowed=allowed)


def _user_rows(source: SourceSettings, zones: ZoneMap) -> list[LabelRow]:
    path = find_label_file(source.labels) if source.labels is not None else None
    return read_label_file(path, zones.names) if path is not None else []


def _require_chosen(settings: Settings, chosen: Mapping[str, Any], names: list[str]) -> None:
    """Check that what options name is there: a typing error must not lose all labels."""
    for key in chosen:
        if not key.startswith("sources."):
            continue
        name = key.split(".")[1]
        if name not in names:
            known = ", ".join(names)
            raise SettingsError(f"--source {name}: is not extracted; extracted are: {known}")
        labels = settings.sources[name].labels
        if key.endswith(".labels") and labels is not None and find_label_file(labels) is None:
            raise LabelError(f"{labels}: is not there; check --labels")


def _zone_counts(labels: SourceLabels) -> Counter[str]:
    counts = Counter(labels.rows["zone"].dropna())
    unlabelled = int(labels.rows["zone"].isna().sum())
    return counts + Counter({"without a label": unlabelled})


def _inputs_digest(workspace: Workspace, settings: Settings) -> str:
    """Return a hash of everything the unified table is made from."""
    seen: dict[str, object] = {
        "columns": LABEL_COLUMNS,
        "rule": zone_map(settings).digest,
        "deam": settings.labels.deam,
        "truncated": settings.labels.allow_truncated,
        "near-duplicates": RULE,
    }
    for name in workspace.sources:
        source = settings.sources.get(name, SourceSettings())
        seen[name] = [_state(workspace.tracks(name)), source.kind, str(source.root)]
        if source.kind == "deam" and source.root is not None:
            files = annotation_files(source.root)
            seen[f"{name} files"] = {str(path): _state(path) for path in files}
        labels = find_label_file(source.labels) if source.labels is not None else None
        if labels is not None:
            seen[f"{name} labels"] = hashlib.sha256(labels.read_bytes()).hexdigest()
    return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()[:12]


def _state(path: Path) -> Mapping[str, int]:
    found = path.stat()
    return {"size": found.st_size, "mtime": found.st_mtime_ns}


def labelled_only(table: LabelledTable) -> LabelledTable:
    """Return the tracks that have a zone."""
    return table.take(np.asarray(table.codes >= 0))
