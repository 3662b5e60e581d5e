"""Zones over the time of a track: what a model of contexts says every half second, with drops."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from zoneclf.audio.files import path_text
from zoneclf.audio.sound import WITH_ROWS
from zoneclf.errors import ModelError
from zoneclf.frames.batch import Found, identify
from zoneclf.frames.extractor import Frames
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.takes import TrackFacts
from zoneclf.labels.zones import Zone
from zoneclf.model.artifact import ZoneModel, load_model
from zoneclf.model.card import newest_model
from zoneclf.model.plan import parts_of
from zoneclf.model.predictors import Affect, Calibrated, Predictor, Shifted
from zoneclf.pipeline.contexts import spec_at
from zoneclf.pipeline.labelling import zone_map
from zoneclf.pipeline.listening import files_of, listen
from zoneclf.pipeline.pictures import picture_path, require_apart, usual_folder
from zoneclf.pipeline.planning import sound_reader
from zoneclf.pipeline.workspace import Voice, Workspace
from zoneclf.report.errors import spreadsheet_safe
from zoneclf.report.figures import png
from zoneclf.report.timeline_figure import Course, timeline_figure
from zoneclf.settings import DropSettings, Settings
from zoneclf.store import TableSpec
from zoneclf.tracks.contexts import context_of, contexts
from zoneclf.tracks.drops import Curve, Drop, find_drops
from zoneclf.tracks.pooling import rms_of
from zoneclf.writing import make_folder, replacing, write_text

# Before a zone's name, in the columns of a timeline.
SHARE = "p_"
_DIGITS = 4


@dataclass(frozen=True, kw_only=True)
class TrackTimeline:
    """The zones of one file over time; without sound, `reason` says why and there is no table.

    `points` has a row per context: start_s, a column ``p_<zone>`` per zone, zone, and arousal and
    valence where the model predicts them.
    """

    path: str
    status: str
    reason: str
    duration_s: float | None = None
    drops: tuple[Drop, ...] = ()
    points: pd.DataFrame | None = None
    picture: str | None = None
    table: str | None = None


def timeline_model(workspace: Workspace, name: str) -> tuple[ZoneModel, float]:
    """Return the timeline model called `name`, or the newest, and the seconds of its contexts.

    Raises
    ------
    ModelError
        If there is none, or it is a model of whole tracks.
    """
    folder = workspace.models / name if name else newest_model(workspace.models, timeline=True)
    model = load_model(folder)
    context_s = context_of(model.card.spec)
    if context_s is None:
        raise ModelError(
            f"model {model.card.name}: is one of whole tracks; name one that zoneclf train "
            "--timeline made"
        )
    return model, context_s


def timelines_of(
    workspace: Workspace,
    settings: Settings,
    paths: Sequence[Path],
    *,
    name: str,
    output: Path | None,
    voice: Voice,
) -> tuple[ZoneModel, list[TrackTimeline]]:
    """Return a timeline model and what it says of files, folders and playlists, in order.

    Pictures and CSV tables go into `output`, by default ``results/timeline`` of a workspace.  A
    file that is there already is replaced only if it is of the same track.

    Raises
    ------
    ModelError
        If there is no such model, or it learnt from features of another spec.
    SettingsError
        If the paths hold no audio file, or `output` is a folder that holds one of the tracks.
    """
    model, context_s = timeline_model(workspace, name)
    reader = sound_reader(settings, "frames")
    extractor = reader.extractor
    model.require_spec(spec_at(reader.spec, context_s), {extractor.name: extractor.version})
    files = files_of(paths)
    folder = output or usual_folder(workspace, "timeline")
    require_apart(folder, files)
    make_folder(folder)
    judge = _Judge(model, context_s, reader.spec)
    found = identify(files, {})
    facts, heard = listen(reader, settings, found, voice=voice, use=judge.all)
    sight = _Sight(folder, judge, settings.drops, _zones(settings, model))
    done = [
        _timeline(file, file.facts or facts[file.track_id], heard.get(file.track_id), sight)
        for file in found
    ]
    return model, done


@dataclass(frozen=True)
class _Heard:
    """What is kept of a track's frames: RMS per frame, and what the model says of contexts."""

    rms: Curve
    points: pd.DataFrame


@dataclass(frozen=True)
class _Judge:
    """A model of contexts of `context_s` seconds, and the spec of frames they are cut from."""

    model: ZoneModel
    context_s: float
    frames: TableSpec

    @property
    def grid(self) -> FrameGrid:
        """Where the frames lie."""
        return FrameGrid(self.frames.window_s, self.frames.hop_s)

    def all(self, tracks: Iterable[tuple[TrackFacts, Frames]]) -> dict[str, _Heard]:
        """Return what is heard in tracks, by track id; a piece of one is in memory at a time."""
        return {
            facts.track_id: _Heard(rms_of(frames, self.frames.features), self.points(frames))
            for facts, frames in tracks
        }

    def points(self, frames: Frames) -> pd.DataFrame:
        """Return the columns of `TrackTimeline.points`."""
        columns = spec_at(self.frames, self.context_s).features
        pieces = []
        for part in contexts(frames, self.frames, self.context_s):
            features = pd.DataFrame(part.features, columns=list(columns))
            pieces.append(self._said(part.start_s, features))
        return pd.concat(pieces, ignore_index=True)

    def _said(self, start_s: np.ndarray, features: pd.DataFrame) -> pd.DataFrame:
        zones = self.model.card.zones
        shares = self.model.probabilities(features)
        table = pd.DataFrame({"start_s": start_s})
        for code, zone in enumerate(zones):
            table[f"{SHARE}{zone}"] = shares[:, code].astype(np.float64).round(_DIGITS)
        table["zone"] = np.array(zones, dtype=object)[shares.argmax(axis=1)]
        affect = affect_of(self.model.predictor)
        if affect is not None:
            values = affect.values(features[list(self.model.card.spec.features)])
            table["arousal"], table["valence"] = values.round(_DIGITS).T
        return table


def affect_of(predictor: Predictor) -> Affect | None:
    """Return the regressors of arousal and valence that a model asks with its own features."""
    if any(not isinstance(part, Affect | Calibrated | Shifted) for part in parts_of(predictor)):
        return None
    return next((part for part in parts_of(predictor) if isinstance(part, Affect)), None)


@dataclass(frozen=True)
class _Sight:
    """Where pictures go, and what they show."""

    folder: Path
    judge: _Judge
    drops: DropSettings
    zones: tuple[Zone, ...]


def _timeline(file: Found, facts: TrackFacts, heard: _Heard | None, sight: _Sight) -> TrackTimeline:
    path = path_text(file.path)
    if facts.status not in WITH_ROWS or heard is None:
        return TrackTimeline(path=path, status=facts.status, reason=facts.reason)
    course = _course(heard, sight)
    figure = timeline_figure(
        file.path.stem,
        course,
        sight.zones,
        context_s=sight.judge.context_s,
        model=sight.judge.model.card.name,
    )
    picture = picture_path(sight.folder, file, beside=(".csv",))
    table = picture.with_name(f"{picture.stem}.csv")
    with replacing(picture) as partial:
        partial.write_bytes(png(figure, about=file.track_id))
    write_text(spreadsheet_safe(heard.points).to_csv(index=False), table)
    return TrackTimeline(
        path=path,
        status=facts.status,
        reason=facts.reason,
        duration_s=facts.duration_s,
        drops=tuple(course.drops),
        points=heard.points,
        picture=path_text(picture),
        table=path_text(table),
    )


def _course(heard: _Heard, sight: _Sight) -> Course:
    judge, points = sight.judge, heard.points
    grid = judge.grid
    drops = find_drops(heard.rms, grid, sight.drops)
    rms_s = grid.starts(heard.rms.size) + grid.window_s / 2
    # A short track is one context that ends with it.
    whole_s = (heard.rms.size - 1) * grid.hop_s + grid.window_s
    middle_s = min(judge.context_s, whole_s) / 2
    shares = points[[f"{SHARE}{zone}" for zone in judge.model.card.zones]].to_numpy(np.float64)
    at_s = points["start_s"].to_numpy(np.float64) + middle_s
    return Course(at_s, shares, rms_s, heard.rms, drops)


def _zones(settings: Settings, model: ZoneModel) -> tuple[Zone, ...]:
    """Return how the model's zones are drawn.

    Raises
    ------
    ModelError
        If the settings know others.
    """
    known = zone_map(settings)
    if known.names != model.card.zones:
        raise ModelError(
            f"model {model.card.name}: knows the zones {', '.join(model.card.zones)}, "
            f"{settings.labels.zone_mapping} {', '.join(known.names)}; train again"
        )
    return known.zones
