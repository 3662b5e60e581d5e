"""Which tracks go into which table: files that are named, or the sources of a workspace."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoneclf.audio.files import AUDIO_SUFFIXES, expand, require_regular, text_path
from zoneclf.audio.sound_ids import sound_id
from zoneclf.deep.excerpts import WHOLE, Stretch
from zoneclf.errors import AudioError, SettingsError, TableError, UsageError
from zoneclf.settings import is_plain_name
from zoneclf.store import read_table

FILES = "files"
TRACKS = Path("dataset/tracks")


@dataclass(frozen=True)
class Wanted:
    """What is to be heard of a file; `track_id` is empty where it cannot even be opened."""

    path: Path
    track_id: str
    problem: AudioError | None = None
    stretch: Stretch = WHOLE


@dataclass(frozen=True)
class Job:
    """A table and the tracks that it is to hold."""

    table: Path
    wanted: list[Wanted]


def jobs_in(folder: Path, paths: Sequence[Path], source: str, *, command: str) -> list[Job]:
    """Return which tables of tracks are to be written to `folder`.

    Parameters
    ----------
    paths
        Files, folders, playlists; or none.
    source
        A source of the workspace, or the name of the table for `paths`; by default all sources.
    command
        What makes the tables, for errors.

    Raises
    ------
    UsageError
        If they do not go together.
    TableError
        If nothing is extracted, or the tracks of a source have no sound.
    """
    if source and not is_plain_name(source):
        raise UsageError(f"--source {source}: use letters, digits, dots and dashes only")
    if paths:
        name = source or FILES
        return [Job(folder / f"{name}.parquet", _named_as(name, files_wanted(paths)))]
    names = [source] if source else sorted(path.stem for path in TRACKS.glob("*.parquet"))
    if not names:
        raise TableError(f"{TRACKS}: no source is extracted yet; run zoneclf extract, or name PATH")
    return [Job(folder / f"{name}.parquet", _of_source(name, command)) for name in names]


def files_wanted(paths: Iterable[Path]) -> list[Wanted]:
    """Return the audio files that files, folders and playlists stand for, with their ids.

    Raises
    ------
    SettingsError
        If there is none.
    """
    named = list(paths)
    found = expand(named)
    if not found:
        raise SettingsError(f"{named[0]}: holds no audio file; name files, folders or playlists")
    return [_identified(path) for path in found]


def wanted_at(path: Path, track_id: str, stretch: Stretch = WHOLE) -> Wanted:
    """Return a track whose file is known by its id, if it is still there."""
    if path.is_file():
        return Wanted(path, track_id, stretch=stretch)
    return Wanted(path, track_id, AudioError("missing", "not there any more"))


def _of_source(name: str, command: str) -> list[Wanted]:
    """Return the tracks of a source, under the ids of its track table."""
    rows = [row for row in _tracks(name) if row["track_id"]]
    heard = [row for row in rows if text_path(row["path"]).suffix.lower() in AUDIO_SUFFIXES]
    if not heard:
        raise TableError(
            f"{TRACKS / name}.parquet: was made from features, not from sound; name the folder of "
            f"its sound: {command} FOLDER --source {name}"
        )
    return [wanted_at(text_path(row["path"]), row["track_id"]) for row in heard]


def _named_as(name: str, found: list[Wanted]) -> list[Wanted]:
    """Return files under the ids of a source that was made from features: by their names."""
    if not (TRACKS / f"{name}.parquet").is_file():
        return found
    rows = _tracks(name)
    if any(text_path(row["path"]).suffix.lower() in AUDIO_SUFFIXES for row in rows):
        return found
    ids = {str(row["name"]): str(row["track_id"]) for row in rows}
    known = [
        Wanted(one.path, ids[one.path.stem], one.problem) for one in found if one.path.stem in ids
    ]
    if not known:
        raise TableError(
            f"{TRACKS / name}.parquet: none of these files has the name of one of its tracks, such "
            f"as {next(iter(ids), '')!r}; name its sound, or another --source"
        )
    return known


def _tracks(name: str) -> list[dict[str, Any]]:
    path = TRACKS / f"{name}.parquet"
    if not path.is_file():
        known = ", ".join(sorted(path.stem for path in TRACKS.glob("*.parquet"))) or "none"
        raise UsageError(f"--source {name}: is not extracted (there: {known}); name PATH as well")
    table, _ = read_table(path, ["track_id", "path", "name"])
    return list(table.to_pylist())


def _identified(path: Path) -> Wanted:
    try:
        require_regular(path)
        return Wanted(path, sound_id(path))
    except AudioError as error:
        return Wanted(path, "", error)
