"""Where the pictures of tracks go: their own folder, under names that tell tracks apart."""

import os
from collections.abc import Sequence
from pathlib import Path

from zoneclf.errors import UsageError
from zoneclf.frames.batch import Found
from zoneclf.pipeline.workspace import Workspace

# File systems take names of 255 bytes; suffixes and the mark of a partial file come on top.
_LONGEST_STEM_BYTES = 180
# A picture says in its first bytes which track it is of.
_HEAD_BYTES = 1024


def usual_folder(workspace: Workspace, name: str) -> Path:
    """Return ``results/<name>`` of a workspace, ``<name>`` in any other folder."""
    return (workspace.results if workspace.results.is_dir() else workspace.root) / name


def require_apart(folder: Path, files: Sequence[Path]) -> None:
    """Check that a folder for pictures holds none of the tracks.

    Raises
    ------
    UsageError
        If it does.
    """
    for path in files:
        if path.parent.resolve() == folder.resolve():
            raise UsageError(
                f"--output {folder}: holds the track {path.name}; pictures are not put beside "
                "music, name another folder"
            )


def picture_path(folder: Path, file: Found, beside: Sequence[str] = ()) -> Path:
    """Return the track's own picture: by its name, and by its id too where that name is taken.

    A name is taken by another track's picture, and by a file with one of the suffixes `beside`
    where no picture tells that it is this track's.
    """
    stem = file.path.stem
    while len(os.fsencode(stem)) > _LONGEST_STEM_BYTES:
        stem = stem[:-1]
    plain = folder / f"{stem}.png"
    if plain.exists():
        free = _shows(plain, file.track_id)
    else:
        free = not any((folder / f"{stem}{suffix}").exists() for suffix in beside)
    return plain if free else folder / f"{stem}-{file.track_id[:12]}.png"


def _shows(picture: Path, track_id: str) -> bool:
    with picture.open("rb") as file:
        return track_id.encode() in file.read(_HEAD_BYTES)
