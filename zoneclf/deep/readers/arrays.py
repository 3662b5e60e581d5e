"""Precomputed spectrograms as arrays (``.npy``), with their labels.

Two layouts: a folder with one array of all clips, shape (clips, mels, frames) or (clips, frames,
mels), and an array of labels; or an array per clip in a folder per genre (see `gtzan`) or in a
plain table.  Nothing is unpickled.
"""

import json
import math
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zoneclf.audio.files import absolute
from zoneclf.deep.readers.listing import GenreTrack, Listing, Problem, listing_of
from zoneclf.deep.readers.tables import read_text
from zoneclf.deep.spectrograms import SpectrogramSettings
from zoneclf.errors import LabelError, TableError

_NAMES = ("genres.txt", "labels.txt", "classes.txt", "genres.json", "labels.json", "classes.json")


def read_arrays(
    folder: Path, *, labels: Path | None = None, names: Path | None = None
) -> Listing[GenreTrack]:
    """Return the clips of an array with more dimensions than its labels.

    Parameters
    ----------
    folder
        The array itself, or a folder with one array of clips and one of labels.
    labels
        Array with a row per clip: text, numbers of classes, or (clips, classes) of 0 and 1.
    names
        Names of the classes, one a line or a list in JSON; default: a file of that kind beside.

    Raises
    ------
    LabelError
        If arrays are missing or do not belong together.
    TableError
        If an array cannot be read without unpickling.
    """
    clips, label_path = _pair(folder, labels)
    count = len(load_array(clips))
    values = load_array(label_path)
    if len(values) != count:
        raise LabelError(
            f"{label_path}: has {len(values)} labels for {count} clips of {clips.name}; "
            "name the labels with --labels"
        )
    titles = _titles(clips.parent, names)
    tracks, problems = [], []
    for row, value in enumerate(values):
        genres = _genres(np.asarray(value), titles, label_path)
        if genres:
            tracks.append(GenreTrack(absolute(clips), genres, row=row))
        else:
            problems.append(Problem(f"{label_path}:{row}", "has no label; left out"))
    return listing_of(tracks, problems)


def _pair(folder: Path, labels: Path | None) -> tuple[Path, Path]:
    """Return the files of clips and of labels."""
    paths = sorted(folder.glob("*.npy")) if folder.is_dir() else [folder]
    shapes = {path: load_array(path).shape for path in paths}
    clips = [path for path, shape in shapes.items() if len(shape) in (3, 4)]
    if len(clips) != 1:
        raise LabelError(f"{folder}: holds {len(clips)} arrays of clips; name one of them")
    if labels is not None:
        return clips[0], labels
    beside = clips[0].parent.glob("*.npy") if not folder.is_dir() else paths
    others = [path for path in sorted(beside) if len(load_array(path).shape) in (1, 2)]
    if len(others) != 1:
        said = ", ".join(path.name for path in others) or "none"
        raise LabelError(f"{folder}: which array has the labels ({said})? name it with --labels")
    return clips[0], others[0]


def _titles(folder: Path, names: Path | None) -> list[str]:
    path = names or next((folder / one for one in _NAMES if (folder / one).is_file()), None)
    if path is None:
        return []
    text = read_text(path)
    try:
        found = json.loads(text) if path.suffix == ".json" else text.splitlines()
    except (ValueError, RecursionError) as error:
        raise LabelError(f"{path}: is not JSON ({error}); write a list of names") from error
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise LabelError(f"{path}: must be a list of names")
    return [one.strip() for one in found if one.strip()]


def _genres(value: npt.NDArray[Any], titles: list[str], path: Path) -> tuple[str, ...]:
    """Return the names that one clip's label stands for: text, a number, or a row of 0 and 1."""
    if value.dtype.kind in "US":
        texts = [str(one.decode() if isinstance(one, bytes) else one) for one in value.ravel()]
        return tuple(part.strip() for one in texts for part in one.split("|") if part.strip())
    if value.dtype.kind not in "biuf":
        raise LabelError(f"{path}: labels of type {value.dtype} are not read; take numbers or text")
    places = np.flatnonzero(value > 0.5) if value.ndim else [_class(float(value), path)]
    if titles and max(places, default=0) >= len(titles):
        raise LabelError(f"{path}: class {max(places)} has no name, there are {len(titles)}")
    return tuple(titles[place] if titles else f"class {place}" for place in places)


def _class(value: float, path: Path) -> int:
    if not math.isfinite(value) or value < 0 or value != int(value):
        raise LabelError(f"{path}: {value:g} is the number of no class; they count from 0")
    return int(value)


def load_array(path: Path) -> npt.NDArray[Any]:
    """Return an array as a view of its file.

    Raises
    ------
    TableError
        If it is no array, or one of Python objects, which only unpickling could read.
    """
    try:
        found: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        reason = " ".join(str(error).split())
        raise TableError(
            f"{path}: is no array of numbers or text ({reason}); save it anew"
        ) from error
    if not isinstance(found, np.ndarray):
        raise TableError(f"{path}: holds several arrays; save one as .npy")
    return found


def read_row(
    track: GenreTrack, settings: SpectrogramSettings
) -> tuple[npt.NDArray[np.float32] | None, str, str]:
    """Return a clip's spectrogram, shape (frames, mels), or None, with status and reason.

    The settings are what was said of the arrays: the number of mels, and how much of a long one
    is kept.
    """
    try:
        whole = _cached(track.path, track.path.stat().st_mtime_ns)
        found = np.squeeze(np.asarray(whole[track.row] if track.row >= 0 else whole))
    except (TableError, OSError, IndexError) as error:
        return None, "undecodable", str(error)
    shape = "x".join(map(str, found.shape))
    if found.ndim != 2 or found.dtype.kind not in "fiu":
        return None, "undecodable", f"an array of {shape} {found.dtype} is no spectrogram"
    if settings.mels not in found.shape:
        return None, "undecodable", f"no side of {shape} is {settings.mels}; say --mels"
    # A square one is taken as librosa makes them: mels, then frames.
    values = found.T if found.shape[0] == settings.mels else found
    kept = np.ascontiguousarray(_middle(values, settings), dtype=np.float32)
    if not np.isfinite(kept).all():
        return None, "nonfinite", "holds values that are not numbers"
    return kept, "ok", ""


def _middle(values: npt.NDArray[Any], settings: SpectrogramSettings) -> npt.NDArray[Any]:
    most = round(settings.excerpt_s / settings.frame_s)
    if not most or len(values) <= most:
        return values
    first = (len(values) - most) // 2
    return values[first : first + most]


@lru_cache(maxsize=8)
def _cached(path: Path, mtime_ns: int) -> npt.NDArray[Any]:
    del mtime_ns  # a changed file is read anew
    return load_array(path)
