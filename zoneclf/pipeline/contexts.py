"""Labelled tracks -> labelled contexts, cut from the frames that the workspace has stored."""

from collections.abc import Iterable

import numpy as np

from zoneclf.errors import SettingsError, TableError
from zoneclf.frames.extractor import Frames
from zoneclf.frames.frame_store import FrameStore, stored
from zoneclf.labels.contexts import context_table, follow, read_courses
from zoneclf.labels.table import LabelledTable, shared_spec
from zoneclf.pipeline.labelling import zone_map
from zoneclf.pipeline.workspace import Voice, Workspace
from zoneclf.settings import Settings
from zoneclf.store import TableNote, TableSpec
from zoneclf.tracks.contexts import Contexts, context_spec, contexts


def contexts_of(
    workspace: Workspace, settings: Settings, tracks: LabelledTable, voice: Voice
) -> LabelledTable:
    """Return contexts of labelled tracks, spread over each, with those features they can have.

    DEAM's songs follow their dynamic annotations where these are there.

    Raises
    ------
    SettingsError
        If a context is shorter than a frame.
    TableError
        If no source has frames, or their frames differ.
    """
    if not len(tracks):
        raise TableError("beside the holdout no labelled track is left; label more tracks")
    stores = _stores(workspace, tracks, voice)
    context_s = settings.timeline.context_s
    notes = {name: _note(store.note, context_s) for name, store in stores.items()}
    shared = shared_spec(notes)
    spec = shared.select([name for name in tracks.spec.features if name in shared.features])
    wanted = dict.fromkeys(zip(tracks.source.tolist(), tracks.about["track_id"], strict=True))
    cuts = {}
    for source, store in stores.items():
        places = [notes[source].spec.features.index(name) for name in spec.features]
        for facts, frames in store.tracks():
            if (source, facts.track_id) in wanted:
                found = spread(contexts(frames, store.note.spec, context_s), settings)
                since = found.start_s - _first_s(frames)
                cuts[source, facts.track_id] = Contexts(since, found.features[:, places])
    if not cuts:
        raise TableError("dataset/frames: no labelled track has frames; run zoneclf extract")
    table = context_table(tracks, cuts, spec)
    for source in stores:
        table = _following(table, source, settings, voice)
    return table


def spread(found: Iterable[Contexts], settings: Settings) -> Contexts:
    """Return at most ``timeline.per_track`` contexts of a track, evenly spread from end to end."""
    parts = list(found)
    starts = np.concatenate([part.start_s for part in parts])
    count = min(settings.timeline.per_track, len(starts))
    last = len(starts) - 1
    places = np.linspace(0, last, count) if count > 1 else np.array([last / 2])
    chosen = places.round().astype(np.intp)
    features = np.concatenate([part.features for part in parts])
    return Contexts(starts[chosen], features[chosen])


def spec_at(frames: TableSpec, context_s: float) -> TableSpec:
    """Return the spec of contexts of `context_s` seconds.

    Raises
    ------
    SettingsError
        If a context is shorter than a frame.
    """
    try:
        return context_spec(frames, context_s)
    except ValueError as error:
        raise SettingsError(
            f"timeline.{error}; give --context more, or frames.window_s less"
        ) from None


def _stores(workspace: Workspace, tracks: LabelledTable, voice: Voice) -> dict[str, FrameStore]:
    stores = {}
    for source in map(str, np.unique(tracks.source)):
        store = stored(workspace.frames(source))
        if store is None:
            voice.warn(f"{source}: has no stored frames to cut contexts from, left out")
        else:
            stores[source] = store
    if not stores:
        raise TableError("dataset/frames: holds no frames to cut contexts from; extract from sound")
    return stores


def _note(frames: TableNote, context_s: float) -> TableNote:
    return TableNote(spec=spec_at(frames.spec, context_s), origins=frames.origins)


def _first_s(frames: Frames) -> float:
    """Return where a track's frames begin: those of an excerpt count from the whole file's start.

    Dynamic annotations count from the excerpt's.
    """
    return float(frames.start_s[0])


def _following(
    table: LabelledTable, source: str, settings: Settings, voice: Voice
) -> LabelledTable:
    configured = settings.sources.get(source)
    if configured is None or configured.kind != "deam" or configured.root is None:
        return table
    courses = read_courses(configured.root)
    if courses is None:
        voice.say(f"{source}: no dynamic annotations; contexts have their song's labels")
        return table
    followed, count = follow(table, source, courses, zone_map(settings))
    voice.say(f"{source}: {count} contexts have arousal and valence of their own")
    return followed
