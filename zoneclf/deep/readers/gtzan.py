"""GTZAN's layout: a folder per genre, ``genres/<genre>/<clip>.wav`` (or .au, mp3, .npy, ...).

Tzanetakis and Cook 2002.  It names no artists, so that repeated excerpts and artists (Sturm 2013)
cannot be kept together: scores on it are too good.
"""

from pathlib import Path

from zoneclf.audio.files import AUDIO_SUFFIXES, absolute
from zoneclf.deep.readers.listing import GenreTrack, Listing, Problem, listing_of
from zoneclf.errors import LabelError

SUFFIXES = AUDIO_SUFFIXES | {".au", ".npy"}


def read_gtzan(folder: Path) -> Listing[GenreTrack]:
    """Return the tracks in the folders of a folder; a folder's name is the genre.

    Raises
    ------
    LabelError
        If no folder in it holds sound.
    """
    for name in ("genres", "genres_original", "Data/genres_original", ""):
        root = folder / name
        found = _clips(root)
        if found is not None:
            return found
    raise LabelError(f"{folder}: holds no <genre>/<clip>.wav; name the folder of genres")


def _clips(root: Path) -> Listing[GenreTrack] | None:
    if not root.is_dir():
        return None
    tracks, problems = [], []
    for genre in sorted(path for path in root.iterdir() if path.is_dir()):
        if genre.name.startswith("."):
            continue
        names = [path for path in sorted(genre.iterdir()) if not path.name.startswith(".")]
        clips = [path for path in names if path.suffix.lower() in SUFFIXES]
        tracks += [GenreTrack(absolute(path), (genre.name,)) for path in clips]
        if names and not clips:
            problems.append(Problem(str(genre), "holds no sound; passed over"))
    return listing_of(tracks, problems) if tracks else None
