"""Drops of files: times and strengths, and a picture of each track's energy."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from zoneclf.audio.files import path_text
from zoneclf.audio.sound import WITH_ROWS
from zoneclf.errors import UsageError
from zoneclf.frames.batch import Found, identify
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.takes import TrackFacts
from zoneclf.pipeline.listening import files_of, listen
from zoneclf.pipeline.planning import sound_reader
from zoneclf.pipeline.workspace import Voice, Workspace
from zoneclf.report.energy_curve import energy_figure
from zoneclf.report.figures import png
from zoneclf.settings import DropSettings, Settings
from zoneclf.tracks.drops import Curve, Drop, find_drops
from zoneclf.tracks.pooling import rms_curves
from zoneclf.writing import make_folder, replacing

# File systems take names of 255 bytes; suffixes and the mark of a partial file come on top.
_LONGEST_STEM_BYTES = 180
# A picture says in its first bytes which track it is of.
_HEAD_BYTES = 1024


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
    folder = output or _usual_folder(workspace)
    _require_apart(folder, files)
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
    picture = _picture_path(sight.folder, file)
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


def _usual_folder(workspace: Workspace) -> Path:
    return (workspace.results if workspace.results.is_dir() else workspace.root) / "drops"


def _require_apart(folder: Path, files: list[Path]) -> None:
    for path in files:
        if path.parent.resolve() == folder.resolve():
            raise UsageError(
                f"--output {folder}: holds the track {path.name}; pictures are not put beside "
                "music, name another folder"
            )


def _picture_path(folder: Path, file: Found) -> Path:
    """Return the track's own picture: by its name, and by its id too where that name is taken."""
    stem = file.path.stem
    while len(os.fsencode(stem)) > _LONGEST_STEM_BYTES:
        stem = stem[:-1]
    plain = folder / f"{stem}.png"
    if not plain.exists() or _shows(plain, file.track_id):
        return plain
    return folder / f"{stem}-{file.track_id[:12]}.png"


def _shows(picture: Path, track_id: str) -> bool:
    with picture.open("rb") as file:
        return track_id.encode() in file.read(_HEAD_BYTES)
