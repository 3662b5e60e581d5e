"""Neural features joined to what a model learns from and is asked about."""

import dataclasses
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zoneclf.errors import TableError, UsageError
from zoneclf.labels.table import LabelledTable
from zoneclf.model.strategies import OWN_ONLY
from zoneclf.pipeline.labelling import current_table
from zoneclf.pipeline.workspace import Voice, Workspace, own_sources
from zoneclf.settings import Settings, TrainSettings
from zoneclf.store import TableNote, TableSpec, read_note
from zoneclf.tracks.embeddings import (
    Kind,
    command_for,
    embedded_part,
    joined_spec,
    kind_of,
    read_embeddings,
)
from zoneclf.tracks.sets import is_neural_alone, neural_kind

Embeddings = tuple[pd.DataFrame, TableNote]


def with_embeddings(
    workspace: Workspace,
    table: LabelledTable,
    note: TableNote,
    *,
    features: str,
    needed: Collection[str],
    voice: Voice,
) -> tuple[LabelledTable, TableNote]:
    """Return the unified table and its note with neural features, if `features` asks for them.

    Tracks without sound are left out, and so are sources without such features unless they are
    `needed`.

    Raises
    ------
    TableError
        If a needed source has none, lacks some, or they were made otherwise than another's.
    """
    kind = neural_kind(features)
    if kind is None:
        return table, note
    sources = list(map(str, np.unique(table.source)))
    files = {source: workspace.neural(kind, source) for source in sources}
    parts = {name: read_embeddings(path, kind) for name, path in files.items() if path.is_file()}
    for source in (name for name in sources if name not in parts):
        if source in needed:
            command = _command(parts, f"--source {source}", kind)
            raise TableError(f"{files[source]}: is not there; run {command}")
        voice.say(f"{source}: left out, it has no {kind.name} features ({kind.command})")
    spec = _common(workspace, parts, kind)
    kept = _kept(workspace, table, parts, needed=needed, voice=voice)
    alone = is_neural_alone(features)
    return _joined(kept, parts, spec, alone=alone), _noted(note, parts, alone=alone)


def table_for(
    workspace: Workspace, settings: Settings, voice: Voice
) -> tuple[LabelledTable, TableNote]:
    """Return the unified table to learn from, with neural features where the settings ask for them.

    Errors are those of `with_embeddings`.
    """
    table, note = current_table(workspace, settings, voice)
    alone = settings.train.strategy in OWN_ONLY or settings.train.from_starter
    needed = set(map(str, np.unique(table.source[table.codes >= 0])))
    if alone:
        needed &= own_sources(table, settings)
    features = settings.train.features
    return with_embeddings(workspace, table, note, features=features, needed=needed, voice=voice)


def stored_embeddings(workspace: Workspace, spec: TableSpec) -> pd.DataFrame:
    """Return all neural features that are such as a model learnt from, by track id."""
    asked, kind = embedded_part(spec), kind_of(spec)
    assert kind is not None
    found = [pd.DataFrame(columns=list(asked.features), dtype=np.float32)]
    for path in sorted(workspace.neural(kind, "x").parent.glob("*.parquet")):
        if kind_of(read_note(path).spec) != kind:
            continue
        values, note = read_embeddings(path, kind)
        if set(asked.features) <= set(values) and not note.spec.select(asked.features).difference(
            asked
        ):
            found.append(values[list(asked.features)].dropna())
    joined = pd.concat([part for part in found if len(part)] or found[:1])
    return joined[~joined.index.duplicated()]


def require_whole_tracks(settings: TrainSettings, *, timeline: bool) -> None:
    """Check that no part of a track is to be described, which neural features do not do.

    Raises
    ------
    UsageError
        If one is.
    """
    if neural_kind(settings.features) is None:
        return
    if timeline:
        raise UsageError("--timeline: neural features are of whole tracks; use other --features")
    if settings.match_length_s:
        raise UsageError(
            "train.match_length_s: neural features are of whole tracks; leave out --match-length, "
            "or use other --features"
        )


def _common(workspace: Workspace, parts: Mapping[str, Embeddings], kind: Kind) -> TableSpec:
    """Return the one spec of all sources' neural features."""
    if not parts:
        folder = workspace.neural(kind, "x").parent
        raise TableError(f"{folder}: holds no {kind.name} features; run {kind.command}")
    (first, (_, note)), *others = parts.items()
    for name, (_, other) in others:
        apart = note.spec.difference(other.spec)
        if apart:
            again = command_for(note.spec, f"--source {name} --force")
            raise TableError(
                f"{workspace.neural(kind, name)}: was made otherwise than {first}'s ({apart}); run "
                f"{again}"
            )
    return note.spec


def _kept(
    workspace: Workspace,
    table: LabelledTable,
    parts: Mapping[str, Embeddings],
    *,
    needed: Collection[str],
    voice: Voice,
) -> LabelledTable:
    """Return the tracks that have embeddings; those that a needed source lacks are an error."""
    keep = np.zeros(len(table), dtype=bool)
    ids = table.about["track_id"].to_numpy(dtype=str)
    for source, (values, note) in parts.items():
        mine = table.source == source
        there = np.isin(ids, values.index.to_numpy(dtype=str))
        lacking = np.flatnonzero(mine & ~there & (table.codes >= 0))
        if len(lacking) and source in needed:
            path = table.about["path"].iloc[lacking[0]]
            file = _file(workspace, note, source)
            raise TableError(
                f"{file}: lacks {len(lacking)} of {int(mine.sum())} tracks "
                f"(first {path}); run {command_for(note.spec, f'--source {source}')}"
            )
        heard = np.isin(ids, values.dropna().index.to_numpy(dtype=str))
        keep |= mine & heard
        silent = int((mine & there & ~heard & (table.codes >= 0)).sum())
        if silent:
            voice.warn(f"{source}: {silent} labelled tracks have no sound to describe, left out")
    return table.take(keep)


def _joined(
    table: LabelledTable, parts: Mapping[str, Embeddings], spec: TableSpec, *, alone: bool
) -> LabelledTable:
    values = pd.concat([part[list(spec.features)] for part, _ in parts.values()])
    values = values[~values.index.duplicated()]
    own = values.loc[table.about["track_id"]].reset_index(drop=True)
    if alone:
        return dataclasses.replace(table, features=own, spec=spec)
    both = pd.concat([table.features.reset_index(drop=True), own], axis=1)
    return dataclasses.replace(table, features=both, spec=joined_spec(table.spec, spec))


def _noted(note: TableNote, parts: Mapping[str, Embeddings], *, alone: bool) -> TableNote:
    """Return the note with what made the embeddings, and their licence, at every source."""
    made = {origin: None for _, part in parts.values() for origin in part.origins}
    origins = (*(() if alone else note.origins), *made)
    sources = dict(note.notes["sources"])
    for name, (_, part) in parts.items():
        sources[name] = _about(sources[name], part, alone=alone)
    return dataclasses.replace(
        note,
        spec=next(iter(parts.values()))[1].spec if alone else note.spec,
        origins=origins,
        notes={**note.notes, "sources": sources},
    )


def _about(source: Mapping[str, Any], part: TableNote, *, alone: bool) -> dict[str, Any]:
    made = {origin.extractor: origin.extractor_version for origin in part.origins}
    before = {} if alone else source["extractors"]
    licence = max(str(source["licence"]), part.licence)
    return {**source, "extractors": {**before, **made}, "licence": licence}


def _command(parts: Mapping[str, Embeddings], what: str, kind: Kind) -> str:
    """Return the command that makes features like those that are there, or any."""
    for _, note in parts.values():
        return command_for(note.spec, what)
    return f"{kind.command} {what}" if kind.folder == "embeddings" else f"{kind.command} RUN {what}"


def _file(workspace: Workspace, note: TableNote, source: str) -> Path:
    kind = kind_of(note.spec)
    assert kind is not None
    return workspace.neural(kind, source)
