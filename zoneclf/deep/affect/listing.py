"""Tracks with arousal and valence, from a table of ``zoneclf targets`` or a plain CSV or TSV.

A plain table has a header: path (or file), arousal and valence; and, where they are known, artist,
album, split, start_s and end_s (the part of the file that was rated, in seconds), arousal_se and
valence_se (standard errors).  Further columns are passed over.

A table of ``zoneclf targets`` is a feature table of `zoneclf.store` with these columns (text is
empty, and a list without entries, where something is not known): path, arousal, valence,
arousal_se, valence_se, artist, start_s, end_s, and the lists course_time_s (seconds from start_s),
course_arousal, course_valence.  All ratings in it are on the scale 1 to 9.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from zoneclf.audio.files import absolute, audio_files, text_path
from zoneclf.deep.affect.affect_set import HIGHEST, LOWEST, NAMES, Course
from zoneclf.deep.readers.listing import Listing, Problem
from zoneclf.deep.readers.plain import SPLIT_NAMES
from zoneclf.deep.readers.tables import read_rows
from zoneclf.errors import LabelError, TableError
from zoneclf.store import read_table

# Least and greatest value of the scales that ratings come on.
SCALES = {"1..9": (1.0, 9.0), "-1..1": (-1.0, 1.0), "0..1": (0.0, 1.0)}
TARGETS_SUFFIX = ".parquet"
_COLUMNS = {
    "path": ("path", "file", "filename", "location"),
    "arousal": ("arousal", "arousal_mean"),
    "valence": ("valence", "valence_mean"),
    "artist": ("artist", "artist_id"),
    "album": ("album", "album_id"),
    "split": ("split",),
    "start_s": ("start_s",),
    "end_s": ("end_s",),
    "arousal_se": ("arousal_se",),
    "valence_se": ("valence_se",),
}
_NUMBERS = (*NAMES, "start_s", "end_s", "arousal_se", "valence_se")
LEVEL = "targets"
LISTS = ("course_time_s", "course_arousal", "course_valence")
RATINGS_KEPT = "the first one's ratings stay"


@dataclass(frozen=True)
class AffectTrack:
    """A track, or a stretch of one, and its ratings on the scale 1 to 9.

    The rest is as `zoneclf.deep.readers.listing.Listed` says.  Standard errors are NaN where they
    are not known; times of the `course` are seconds from `start_s`.
    """

    path: Path
    arousal: float
    valence: float
    artist: str = ""
    album: str = ""
    split: str = ""
    row: int = -1
    start_s: float = 0.0
    end_s: float = 0.0
    arousal_se: float = math.nan
    valence_se: float = math.nan
    course: Course | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Ratings:
    """What was read: the tracks, whose use the licence restricts, and what the table tells."""

    listing: Listing[AffectTrack]
    licence: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)


def read_ratings(path: Path, *, audio: Path | None = None, scale: str = "1..9") -> Ratings:
    """Return the tracks of a table.

    Parameters
    ----------
    audio
        The folder of the sound: of a plain table's relative paths, or anywhere below which the
        files of a table of ``zoneclf targets`` lie now.
    scale
        One of `SCALES`: what the ratings of a plain table are on.

    Raises
    ------
    LabelError
        If it cannot be read, lacks a column, or holds ratings off the scale.
    TableError
        If it is no table of ``zoneclf targets``.
    """
    if path.suffix.lower() == TARGETS_SUFFIX:
        return _targets(path, audio)
    return Ratings(_plain(path, audio, SCALES[scale]))


def join_ratings(known: AffectTrack, other: AffectTrack) -> AffectTrack:  # noqa: ARG001
    """Return the first of two tracks of the same sound, as it is."""
    return known


def _targets(path: Path, audio: Path | None) -> Ratings:
    if not path.is_file():
        raise LabelError(f"{path}: is no file; make one with `zoneclf targets`")
    table, note = read_table(path)
    wanted = ("path", "artist", *_NUMBERS, *LISTS)
    missing = [name for name in wanted if name not in table.schema.names]
    if missing:
        raise TableError(
            f"{path}: has no column {missing[0]!r}; name a table that `zoneclf targets` wrote"
        )
    elsewhere = {} if audio is None else {found.name: found for found in audio_files(audio)}
    tracks, problems = [], []
    for row in table.to_pylist():
        known = text_path(row["path"])
        if audio is not None and known.name not in elsewhere:
            problems.append(Problem(str(known), f"no file of this name below {audio}; left out"))
            continue
        numbers: dict[str, Any] = {name: _or_nan(row[name]) for name in _NUMBERS}
        _require_on_scale(numbers, (LOWEST, HIGHEST), str(known))
        place = elsewhere.get(known.name, known)
        tracks.append(
            AffectTrack(place, artist=row["artist"] or "", course=_course(row), **numbers)
        )
    return Ratings(Listing(tuple(tracks), tuple(problems)), note.licence, note.notes)


def _course(row: Mapping[str, Any]) -> Course | None:
    times, *values = (row[name] or [] for name in LISTS)
    if not times:
        return None
    both = np.stack([np.asarray(one, dtype=np.float32) for one in values], axis=1)
    return np.asarray(times, dtype=np.float64), both


def _plain(path: Path, audio: Path | None, scale: tuple[float, float]) -> Listing[AffectTrack]:
    rows = list(read_rows(path))
    if not rows:
        raise LabelError(f"{path}: is empty; it needs a header as path,arousal,valence")
    places = _places(rows[0][1], path)
    tracks, problems = [], []
    for line, row in rows[1:]:
        cells = {
            name: row[place].strip() if place < len(row) else "" for name, place in places.items()
        }
        where = f"{path}:{line}"
        odd = _odd(cells)
        if odd:
            problems.append(Problem(where, f"{odd}; left out"))
            continue
        numbers = {name: _number(cells.get(name, ""), name) for name in _NUMBERS}
        _require_on_scale(numbers, scale, where)
        said = cells.get("split", "").lower()
        if said and said not in SPLIT_NAMES:
            problems.append(Problem(where, f"split {said!r} is unknown; taken as none"))
        tracks.append(
            AffectTrack(
                absolute((audio or path.parent) / cells["path"]),
                artist=cells.get("artist", ""),
                album=cells.get("album", ""),
                split=SPLIT_NAMES.get(said, ""),
                **_rescaled(numbers, scale),
            )
        )
    return Listing(tuple(tracks), tuple(problems))


def _places(header: list[str], path: Path) -> dict[str, int]:
    """Return where the columns stand."""
    first = [cell.strip().lower() for cell in header]
    places = {}
    for column, names in _COLUMNS.items():
        there = [name for name in names if name in first]
        if there:
            places[column] = first.index(there[0])
    missing = [name for name in ("path", *NAMES) if name not in places]
    if missing:
        raise LabelError(
            f"{path}: no column {missing[0]} in its first line ({', '.join(header)}); name it there"
        )
    return places


def _odd(cells: Mapping[str, str]) -> str:
    """Return why a row cannot be used; empty if it can."""
    if not cells["path"]:
        return "has no path"
    for name in _NUMBERS:
        text = cells.get(name, "")
        if not text and name in NAMES:
            return f"has no {name}"
        if text and not math.isfinite(_number(text, name)):
            return f"{name} {text!r} is no number, written with a point"
    start_s, end_s = (_number(cells.get(name, ""), name) for name in ("start_s", "end_s"))
    if start_s < 0 or (end_s and end_s <= start_s):
        return f"its stretch from {start_s:g} to {end_s:g} s is none"
    return ""


def _number(text: str, name: str) -> float:
    """Return a cell's number: 0 for times that are not told, else NaN."""
    try:
        return float(text) if text else (0.0 if name in ("start_s", "end_s") else math.nan)
    except ValueError:
        return math.nan


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _require_on_scale(numbers: Mapping[str, float], scale: tuple[float, float], where: str) -> None:
    for name in NAMES:
        if not scale[0] <= numbers[name] <= scale[1]:
            others = " or ".join(known for known in SCALES if SCALES[known] != scale)
            raise LabelError(
                f"{where}: {name} {numbers[name]:g} is not within {scale[0]:g} to {scale[1]:g}; "
                f"say what scale the ratings are on: --av-scale {others}"
            )


def _rescaled(numbers: Mapping[str, float], scale: tuple[float, float]) -> dict[str, Any]:
    """Return ratings and their errors on the scale 1 to 9; times as they are."""
    factor = (HIGHEST - LOWEST) / (scale[1] - scale[0])
    out = dict(numbers)
    for name in NAMES:
        out[name] = LOWEST + (numbers[name] - scale[0]) * factor
        out[f"{name}_se"] = numbers[f"{name}_se"] * factor
    return out
