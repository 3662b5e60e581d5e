"""Zones for files that nobody labelled: extract what is new, then ask the model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from zoneclf.audio.files import path_text
from zoneclf.audio.sound import WITH_ROWS
from zoneclf.frames.batch import Found, identify
from zoneclf.frames.takes import TrackFacts
from zoneclf.model.artifact import ZoneModel
from zoneclf.model.calibration import ZoneSets, sets_of
from zoneclf.pipeline.embedding import stored_embeddings
from zoneclf.pipeline.listening import files_of, listen
from zoneclf.pipeline.planning import sound_reader
from zoneclf.pipeline.shaping import middles, pool_at
from zoneclf.pipeline.workspace import Voice, Workspace
from zoneclf.report.why import Why, reference_for, why
from zoneclf.settings import Settings
from zoneclf.store import TableSpec
from zoneclf.tracks.embeddings import (
    command_for,
    embedded_part,
    has_embeddings,
    has_others,
    joined_spec,
)
from zoneclf.tracks.excerpts import longest_of, middle_spec
from zoneclf.tracks.pooling import track_spec
from zoneclf.tracks.track_table import load_tracks

_AT_ONCE = 32
NOT_DESCRIBED = "none of the neural features that the model asks for are stored of it"


@dataclass(frozen=True)
class Prediction:
    """What a model says of one file; without sound, `zone` is None and `reason` says why.

    `set` names the zones that cannot be ruled out, ``listen`` where none can; it is empty for a
    model that does not know how sure it is.  `arousal` and `valence`, from 1 to 9, are None where
    the model does not predict them.  `why` is told where it is asked for.
    """

    path: str
    status: str
    reason: str
    zone: str | None
    confidence: float | None
    probabilities: dict[str, float]
    set: str = ""
    arousal: float | None = None
    valence: float | None = None
    why: Why | None = None


def predict(
    workspace: Workspace,
    settings: Settings,
    model: ZoneModel,
    paths: Sequence[Path],
    *,
    method: str,
    voice: Voice,
    explain: bool = False,
) -> list[Prediction]:
    """Return what a model says of files, folders and playlists, in order; `explain`: and why.

    Tracks that the workspace has extracted with the same method are not read again.

    Raises
    ------
    ModelError
        If the model learnt from features of another spec, or cannot tell why.
    SettingsError
        If the paths hold no audio file.
    """
    if explain:
        reference_for(model)  # asked before any work
    found = identify(files_of(paths), {})
    spec = model.card.spec
    embedded = stored_embeddings(workspace, spec) if has_embeddings(spec) else None
    lacking = {} if embedded is None else _lacking(found, embedded, spec, voice)
    asked = [file for file in found if file.track_id not in lacking]
    if embedded is None or has_others(spec):
        facts, features = _described(workspace, settings, model, asked, method=method, voice=voice)
        features = features if embedded is None else features.join(embedded)
    else:
        facts = {file.track_id: TrackFacts(track_id=file.track_id, status="ok") for file in asked}
        features = embedded
    said = _said(found, facts, features, model=model, lacking=lacking)
    if not explain:
        return said
    return _explained(said, [file.track_id for file in found], features, model=model, voice=voice)


def _described(
    workspace: Workspace,
    settings: Settings,
    model: ZoneModel,
    found: Sequence[Found],
    *,
    method: str,
    voice: Voice,
) -> tuple[dict[str, TrackFacts], pd.DataFrame]:
    """Return facts and features by track id, of tables or of frames that are made now."""
    reader = sound_reader(settings, method)
    spec = track_spec(reader.spec, settings.drops)
    extractor = reader.extractor
    longest_s = longest_of(model.card.spec)
    whole = middle_spec(spec, longest_s)
    if has_embeddings(model.card.spec):
        whole = joined_spec(whole, embedded_part(model.card.spec))
    model.require_spec(whole, {extractor.name: extractor.version})
    known = _extracted(workspace, spec.digest, extractor.name)
    known = _at_length(workspace, settings, known, found, longest_s)
    fresh = [file for file in found if file.track_id not in known.index]
    pooled = partial(pool_at, frames=reader.spec, drops=settings.drops, longest_s=longest_s)
    facts, heard = listen(reader, settings, fresh, voice=voice, use=pooled)
    facts |= {track_id: TrackFacts(track_id=track_id, status="ok") for track_id in known.index}
    return facts, pd.concat([known, heard])


def _lacking(
    found: Sequence[Found], embedded: pd.DataFrame, spec: TableSpec, voice: Voice
) -> dict[str, str]:
    """Return the tracks without neural features, by id, and say once which command makes them."""
    sound = dict.fromkeys(file.track_id for file in found if file.problem is None)
    lacking = {track_id: NOT_DESCRIBED for track_id in sound if track_id not in embedded.index}
    if lacking:
        first = next(path_text(file.path) for file in found if file.track_id in lacking)
        voice.warn(
            f"{len(lacking)} of {len(sound)} tracks have no neural features such as the model asks "
            f"for (first {first}); run {command_for(spec, 'PATH...')}"
        )
    return lacking


def _said(
    found: Sequence[Found],
    facts: Mapping[str, TrackFacts],
    features: pd.DataFrame,
    *,
    model: ZoneModel,
    lacking: Mapping[str, str],
) -> list[Prediction]:
    sets = sets_of(model.card.calibration, model.card.zones)
    said = []
    for file in found:
        path, why_not = path_text(file.path), lacking.get(file.track_id)
        if why_not is not None:
            said.append(Prediction(path, "not_described", why_not, None, None, {}))
            continue
        known = file.facts or facts[file.track_id]
        said.append(_prediction(path, known, features, model, sets))
    return said


def _explained(
    said: Sequence[Prediction],
    track_ids: Sequence[str],
    features: pd.DataFrame,
    *,
    model: ZoneModel,
    voice: Voice,
) -> list[Prediction]:
    """Return the predictions with why, asked for some tracks at a time."""
    reasons: dict[str, Why] = {}
    whose = {name: None for name, one in zip(track_ids, said, strict=True) if one.zone}
    told = features.loc[list(whose)]
    for first in range(0, len(told), _AT_ONCE):
        some = told.iloc[first : first + _AT_ONCE]
        found = why(model, some, reference_for(model))
        reasons |= dict(zip(map(str, some.index), found, strict=True))
        voice.progress("explain", len(reasons), len(told))
    return [replace(one, why=reasons.get(name)) for name, one in zip(track_ids, said, strict=True)]


def _extracted(workspace: Workspace, digest: str, extractor: str) -> pd.DataFrame:
    """Return the features of tracks that the workspace holds under the same spec, by track id."""
    pieces = []
    for source in workspace.sources:
        table = load_tracks(workspace.tracks(source))
        if table.spec.digest == digest and table.note.origins[0].extractor == extractor:
            whole = table.rows[table.rows["status"] == "ok"]
            pieces.append(whole.set_index("track_id")[list(table.spec.features)])
    if not pieces:
        return pd.DataFrame()
    joined = pd.concat(pieces)
    return joined[~joined.index.duplicated()]


def _at_length(
    workspace: Workspace,
    settings: Settings,
    known: pd.DataFrame,
    found: Sequence[Found],
    longest_s: float,
) -> pd.DataFrame:
    """Return features over at most `longest_s` seconds of what was found; 0: as they are.

    Tracks without stored frames are left out, to be listened to.
    """
    if not longest_s:
        return known
    ids = {file.track_id for file in found} & set(known.index)
    pieces = [
        middles(workspace, settings, source, ids=ids, longest_s=longest_s)
        for source in workspace.sources
    ]
    joined = pd.concat([piece for piece in pieces if len(piece)] or [pd.DataFrame()])
    return joined[~joined.index.duplicated()]


def _prediction(
    path: str, facts: TrackFacts, features: pd.DataFrame, model: ZoneModel, sets: ZoneSets | None
) -> Prediction:
    if facts.status not in WITH_ROWS:
        return Prediction(path, facts.status, facts.reason, None, None, {})
    track = features.loc[[facts.track_id]]
    row, values = model.probabilities(track)[0], model.values(track)
    zones = model.card.zones
    best = int(np.argmax(row))
    whole = {zone: float(p) for zone, p in zip(zones, row, strict=True)}
    shares = {zone: round(p, 4) for zone, p in whole.items()}
    words = sets.words(whole) if sets else ""
    moods = () if values is None else [round(float(value), 3) for value in values[0]]
    return Prediction(
        path, facts.status, facts.reason, zones[best], float(row[best]), shares, words, *moods
    )
