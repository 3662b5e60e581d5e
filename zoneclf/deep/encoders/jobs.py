"""Which tracks go into which table: paths, the sources of a workspace, or a prepared set."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoneclf.audio.files import AUDIO_SUFFIXES, text_path
from zoneclf.deep.encoders.making import Wanted, files_wanted
from zoneclf.deep.sets.loading import load_set
from zoneclf.errors import AudioError, TableError, UsageError
from zoneclf.settings import is_plain_name
from zoneclf.store import read_table

FILES = "files"
TRACKS, EMBEDDINGS = Path("dataset/tracks"), Path("dataset/embeddings")


@dataclass(frozen=True)
class Job:
    """A table and the tracks that it is to hold."""

    table: Path
    wanted: list[Wanted]


def jobs_of(paths: Sequence[Path], source: str, folder: Path | None, digest: str) -> list[Job]:
    """Return what is to be embedded.

    Parameters
    ----------
    paths
        Files, folders, playlists; or none.
    source
        A source of the workspace, or the name of the table for `paths`.
    folder
        Folder of a prepared set, instead of either.
    digest
        Of the embeddings' spec: names the file in a prepared set.

    Raises
    ------
    UsageError
        If they do not go together.
    TableError
        If nothing is extracted, or the tracks of a source or set have no sound.
    """
    if folder is not None:
        if paths or source:
            raise UsageError("--set: goes without PATH and --source; run it once for each")
        return [Job(folder / f"embeddings-{digest}.parquet", _of_set(folder))]
    if source and not is_plain_name(source):
        raise UsageError(f"--source {source}: use letters, digits, dots and dashes only")
    if paths:
        name = source or FILES
        return [Job(EMBEDDINGS / f"{name}.parquet", _named_as(name, files_wanted(paths)))]
    names = [source] if source else sorted(path.stem for path in TRACKS.glob("*.parquet"))
    if not names:
        raise TableError(f"{TRACKS}: no source is extracted yet; run zoneclf extract, or name PATH")
    return [Job(EMBEDDINGS / f"{name}.parquet", _of_source(name)) for name in names]


def _of_source(name: str) -> list[Wanted]:
    """Return the tracks of a source, under the ids of its track table."""
    rows = [row for row in _tracks(name) if row["track_id"]]
    heard = [row for row in rows if text_path(row["path"]).suffix.lower() in AUDIO_SUFFIXES]
    if not heard:
        raise TableError(
            f"{TRACKS / name}.parquet: was made from features, not from sound; name the folder of "
            f"its sound: zoneclf deep embed FOLDER --source {name}"
        )
    return [_there(text_path(row["path"]), row["track_id"]) for row in heard]


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


def _of_set(folder: Path) -> list[Wanted]:
    """Return the tracks of a prepared set that a network may read: those that are in a split."""
    prepared = load_set(folder)
    if prepared.spectrogram_settings.foreign:
        raise TableError(
            f"{folder}: was prepared from ready-made arrays, which hold no sound to embed; prepare "
            "a set from sound, or train on this one with --architecture mel-cnn"
        )
    ids = prepared.track_ids
    places = np.flatnonzero(prepared.used).tolist()
    return [_there(prepared.path(place), str(ids[place])) for place in places]


def _there(path: Path, track_id: str) -> Wanted:
    if path.is_file():
        return Wanted(path, track_id)
    return Wanted(path, track_id, AudioError("missing", "not there any more"))
