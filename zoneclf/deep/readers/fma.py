"""The Free Music Archive's layout (Defferrard et al., ISMIR 2017; github.com/mdeff/fma).

    fma_metadata/tracks.csv    three header rows: group, column, "track_id"; then a row per track
    fma_metadata/genres.csv    genre_id,#tracks,parent,title,top_level
    fma_large/000/000002.mp3   or fma_small, fma_medium, fma_full; folders are thousands of ids

A track's own genres may be rolled up to their top levels, or extended by all their parents.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zoneclf.audio.files import absolute
from zoneclf.deep.readers.listing import GenreTrack, Listing, Problem, listing_of
from zoneclf.deep.readers.tables import read_rows
from zoneclf.errors import LabelError

Level = Literal["top", "own", "all"]
LEVELS = ("top", "own", "all")
# From small to large: each holds those before.
SUBSETS = ("small", "medium", "large", "full")
_SPLITS = {"training": "train", "validation": "valid", "test": "test"}
_NEEDED = {
    "genres": ("track", "genres"),
    "subset": ("set", "subset"),
    "split": ("set", "split"),
    "artist": ("artist", "id"),
    "album": ("album", "id"),
}


@dataclass(frozen=True)
class _Genre:
    title: str
    parent: int
    top: int


def read_fma(
    folder: Path, *, audio: Path | None = None, level: Level = "top", subset: str = ""
) -> Listing[GenreTrack]:
    """Return the tracks of an FMA folder.

    Parameters
    ----------
    folder
        Holds ``fma_metadata``, or tracks.csv and genres.csv themselves.
    audio
        Folder of the sound; default: the largest of ``fma_full`` to ``fma_small``.
    level
        ``top`` rolls genres up to their top levels, ``own`` leaves them, ``all`` adds parents.
    subset
        Tracks of this subset and smaller ones; default: that of the folder of the sound.

    Raises
    ------
    LabelError
        If a table is not there or lacks a column, or no sound is found.
    """
    tables = next(
        (f for f in (folder / "fma_metadata", folder) if (f / "tracks.csv").is_file()), None
    )
    if tables is None:
        raise LabelError(f"{folder}: holds no fma_metadata/tracks.csv; name FMA's folder")
    sound = audio or _sound(folder, tables)
    named = sound.name.removeprefix("fma_")
    wanted = subset or (named if named in SUBSETS else "full")
    genres = _read_genres(tables / "genres.csv")
    problems: list[Problem] = []
    tracks = list(_tracks(tables / "tracks.csv", genres, (level, wanted, sound), problems))
    return listing_of(tracks, problems)


def _sound(folder: Path, tables: Path) -> Path:
    places = [
        place / f"fma_{name}" for name in reversed(SUBSETS) for place in (folder, tables.parent)
    ]
    found = next((place for place in places if place.is_dir()), None)
    if found is None:
        raise LabelError(f"{folder}: holds no fma_small, fma_medium, ...; name it with --audio")
    return found


def _read_genres(path: Path) -> dict[int, _Genre]:
    rows = [row for _, row in read_rows(path, ",")]
    try:
        header = [name.strip() for name in rows[0]]
        places = [header.index(name) for name in ("genre_id", "title", "parent", "top_level")]
        cells = [[row[place] for place in places] for row in rows[1:]]
        return {int(one): _Genre(title, int(up), int(top)) for one, title, up, top in cells}
    except (IndexError, ValueError) as error:
        raise LabelError(
            f"{path}: is no table of FMA's genres ({error}); "
            "it needs genre_id, parent, title, top_level"
        ) from error


def _tracks(
    path: Path,
    genres: Mapping[int, _Genre],
    choice: tuple[Level, str, Path],
    problems: list[Problem],
) -> Iterator[GenreTrack]:
    rows = read_rows(path, ",")
    level, wanted, sound = choice
    places = _places([next(rows, (0, []))[1] for _ in range(2)], path)
    kept = SUBSETS[: SUBSETS.index(wanted) + 1]
    for line, row in rows:
        where = f"{path}:{line}"
        if row[0].strip() == "track_id":
            continue
        if len(row) <= max(places.values()):
            problems.append(Problem(where, f"has {len(row)} cells, too few; left out"))
            continue
        cells = {name: row[place].strip() for name, place in places.items()}
        if cells["subset"] not in kept:
            continue
        number = _number(row[0])
        if number is None:
            problems.append(Problem(where, f"{row[0]!r} is no track id; left out"))
            continue
        titles = _titles(cells["genres"], genres, level, where=where, problems=problems)
        if titles:
            file = sound / f"{number // 1000:03d}" / f"{number:06d}.mp3"
            yield GenreTrack(
                absolute(file),
                titles,
                cells["artist"],
                cells["album"],
                _SPLITS.get(cells["split"], ""),
            )


def _places(header: list[list[str]], path: Path) -> dict[str, int]:
    """Return where columns stand, of which the first two rows tell group and name."""
    pairs = [tuple(cell.strip() for cell in pair) for pair in zip(*header, strict=False)]
    missing = ["/".join(pair) for pair in _NEEDED.values() if pair not in pairs]
    if missing:
        raise LabelError(
            f"{path}: its first two lines name no column {missing[0]}; take FMA's own tracks.csv"
        )
    return {name: pairs.index(pair) for name, pair in _NEEDED.items()}


def _number(text: str) -> int | None:
    """Return a track id, None if it is none: ids name files, so digits alone will do."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _titles(
    text: str, genres: Mapping[int, _Genre], level: Level, *, where: str, problems: list[Problem]
) -> tuple[str, ...]:
    """Return the titles of genres listed as ``[21, 4]``."""
    try:
        ids = [int(one) for one in json.loads(text or "[]")]
    except (ValueError, TypeError, RecursionError):
        problems.append(Problem(where, f"its genres {text[:40]!r} are no list; left out"))
        return ()
    known = [one for one in ids if one in genres]
    if len(known) < len(ids):
        unknown = next(one for one in ids if one not in genres)
        problems.append(Problem(where, f"genre {unknown} is not in genres.csv; passed over"))
    if not known:
        problems.append(Problem(where, "has no genre; left out"))
    chosen: list[int] = []
    for one in known:
        chosen += {"own": [one], "top": [_top(one, genres)], "all": _parents(one, genres)}[level]
    return tuple(dict.fromkeys(genres[one].title for one in chosen))


def _top(one: int, genres: Mapping[int, _Genre]) -> int:
    top = genres[one].top
    return top if top in genres else _parents(one, genres)[-1]


def _parents(one: int, genres: Mapping[int, _Genre]) -> list[int]:
    """Return a genre and its parents, the top level last; a circle of parents ends."""
    found = [one]
    while (parent := genres[found[-1]].parent) in genres and parent not in found:
        found.append(parent)
    return found
