"""A plain table: ``path,label[|label...]``, a track per line, as CSV or TSV.

With a header the columns may stand in any order: path (or file), label (labels, genre, genres,
tags), and artist, album, split if they are there; further ones are passed over.  Without one the
first is the path and the second the labels.  Relative paths are relative to the table, or to
`audio`.  Arrays (``.npy``, a spectrogram each) may stand in place of audio files.
"""

from pathlib import Path

from zoneclf.audio.files import absolute
from zoneclf.deep.readers.listing import GenreTrack, Listing, Problem, listing_of
from zoneclf.deep.readers.tables import read_rows
from zoneclf.errors import LabelError

_COLUMNS = {
    "path": ("path", "file", "filename", "location"),
    "label": ("label", "labels", "genre", "genres", "tags"),
    "artist": ("artist", "artist_id"),
    "album": ("album", "album_id"),
    "split": ("split",),
}
SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "validation": "valid",
    "val": "valid",
    "calib": "calib",
    "calibration": "calib",
    "test": "test",
}


def read_plain(path: Path, audio: Path | None = None) -> Listing[GenreTrack]:
    """Return the tracks of a table.

    Raises
    ------
    LabelError
        If it cannot be read, is empty, or its header has no path or label.
    """
    rows = list(read_rows(path))
    if not rows:
        raise LabelError(f"{path}: is empty; it needs lines as path,label|label")
    places, rows = _places(rows, path)
    tracks, problems = [], []
    for line, row in rows:
        cells = {
            name: row[place].strip() if place < len(row) else "" for name, place in places.items()
        }
        where = f"{path}:{line}"
        genres = tuple(part.strip() for part in cells["label"].split("|") if part.strip())
        said = cells.get("split", "").lower()
        if not cells["path"]:
            problems.append(Problem(where, "has no path; left out"))
            continue
        if not genres:
            problems.append(Problem(where, f"{cells['path']} has no label; left out"))
            continue
        if said and said not in SPLIT_NAMES:
            problems.append(Problem(where, f"split {said!r} is unknown; taken as none"))
        tracks.append(
            GenreTrack(
                absolute((audio or path.parent) / cells["path"]),
                genres,
                cells.get("artist", ""),
                cells.get("album", ""),
                SPLIT_NAMES.get(said, ""),
            )
        )
    return listing_of(tracks, problems)


def _places(
    rows: list[tuple[int, list[str]]], path: Path
) -> tuple[dict[str, int], list[tuple[int, list[str]]]]:
    """Return where the columns stand, and the rows without the header."""
    first = [cell.strip().lower() for cell in rows[0][1]]
    places = {}
    for column, names in _COLUMNS.items():
        there = [name for name in names if name in first]
        if there:
            places[column] = first.index(there[0])
    if {"path", "label"} <= places.keys():
        return places, rows[1:]
    if places or len(first) < 2:
        missing = "label" if "path" in places or not places else "path"
        raise LabelError(
            f"{path}: no column {' or '.join(_COLUMNS[missing])} in its first line "
            f"({', '.join(rows[0][1])}); name it there"
        )
    return {"path": 0, "label": 1}, rows
