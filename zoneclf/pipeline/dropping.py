"""Drops of files: times and strengths, and a picture of each track's energy."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from zoneclf.audio.files import path_text
from zoneclf.audio.sound import WITH_ROWS
from zoneclf.frames.batch import Found, identify
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.takes import TrackFacts
from zoneclf.pipeline.listening import files_of, listen
from zoneclf.pipeline.pictures import picture_path, require_apart, usual_folder
from zoneclf.pipeline.planning import sound_reader
from zoneclf.pipeline.workspace import Voice, Workspace
from zoneclf.report.energy_curve import energy_figure
from zoneclf.report.figures import png
from zoneclf.settings import DropSettings, Settings
from zoneclf.tracks.drops import Curve, Drop, find_drops
from zoneclf.tracks.pooling import rms_curves
from zoneclf.writing import make_folder, replacing


@dataclass(frozen=True, kw_only=True)
class TrackDrops:
    """The drops of one file; without sound, `reason` says why and there is no picture."""

    path: str
    status: str
    reason: str
    duration_s: float | None = None
    tempo_bpm: float | None = None
    drops: tuple[Drop, ...] = ()
    picture: str | None = None


def drops_of(
    workspace: Workspace,
    settings: Settings,
    paths: Sequence[Path],
    *,
    output: Path | None,
    voice: Voice,
) -> list[TrackDrops]:
    """Return the drops of files, folders and playlists, in order, and draw each track's energy.

    Pictures go into `output`, by default ``results/drops`` of a workspace and ``drops`` in any
    other folder.  One that is there already is replaced only if it shows the same track.

    Raises
    ------
    SettingsError
        If the paths hold no audio file, or `output` is a folder that holds one of the tracks.
    OutputError
        If `output` cannot be made; that is known before anything is listened to.
    """
    reader = sound_reader(settings, "frames")
    files = files_of(paths)
    folder = output or usual_folder(workspace, "drops")
    require_apart(folder, files)
    make_folder(folder)
    curves = partial(rms_curves, features=reader.extractor.features)
    found = identify(files, {})
    facts, rms = listen(reader, settings, found, voice=voice, use=curves)
    sight = _Sight(folder, reader.extractor.grid, settings.drops)
    return [
        _drops_of(file, file.facts or facts[file.track_id], rms.get(file.track_id), sight)
        for file in found
    ]


@dataclass(frozen=True)
class _Sight:
    """Where pictures go, and what drops are sought with."""

    folder: Path
    grid: FrameGrid
    settings: DropSettings


def _drops_of(file: Found, facts: TrackFacts, rms: Curve | None, sight: _Sight) -> TrackDrops:
    path = path_text(file.path)
    if facts.status not in WITH_ROWS or rms is None:
        return TrackDrops(path=path, status=facts.status, reason=facts.reason)
    drops = find_drops(rms, sight.grid, sight.settings)
    tempo = facts.measures.get("tempo", math.nan)
    figure = energy_figure(
        file.path.stem, rms, grid=sight.grid, settings=sight.settings, drops=drops, tempo=tempo
    )
    picture = picture_path(sight.folder, file)
    with replacing(picture) as partial:
        partial.write_bytes(png(figure, about=file.track_id))
    return TrackDrops(
        path=path,
        status=facts.status,
        reason=facts.reason,
        duration_s=facts.duration_s,
        tempo_bpm=None if math.isnan(tempo) else tempo,
        drops=tuple(drops),
        picture=path_text(picture),
    )
