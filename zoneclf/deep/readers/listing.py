"""What every reader returns: tracks with their genres, and what was odd about the data."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, Protocol, TypeVar

SPLITS = ("train", "valid", "calib", "test")


class Listed(Protocol):
    """What every track says of itself, whatever its labels are.

    `path` is an audio file or an array (``.npy``), of which it may be one `row`; sound may be a
    stretch of its file, from `start_s` to `end_s`, which is 0 where it is the file's end.  `split`
    is what the data set itself says, one of `SPLITS`, or empty, as artist and album may be.
    """

    @property
    def path(self) -> Path: ...  # noqa: D102

    @property
    def artist(self) -> str: ...  # noqa: D102

    @property
    def album(self) -> str: ...  # noqa: D102

    @property
    def split(self) -> str: ...  # noqa: D102

    @property
    def row(self) -> int: ...  # noqa: D102

    @property
    def start_s(self) -> float: ...  # noqa: D102

    @property
    def end_s(self) -> float: ...  # noqa: D102


T = TypeVar("T", bound=Listed, covariant=True)


@dataclass(frozen=True)
class GenreTrack:
    """One track and its genres; the rest is as `Listed` says."""

    path: Path
    genres: tuple[str, ...]
    artist: str = ""
    album: str = ""
    split: str = ""
    row: int = -1
    start_s: float = 0.0
    end_s: float = 0.0


@dataclass(frozen=True)
class Problem:
    """Something odd: where it is (file and line, or a path), and what it is."""

    where: str
    what: str


@dataclass(frozen=True)
class Listing(Generic[T]):
    """What a reader found."""

    tracks: tuple[T, ...]
    problems: tuple[Problem, ...]


# What is told of a track whose sound stood under another path already.
GENRES_JOINED = "its genres are joined"


def join_genres(known: GenreTrack, other: GenreTrack) -> GenreTrack:
    """Return a track with the genres that another one of the same sound has, too."""
    return replace(known, genres=tuple(dict.fromkeys(known.genres + other.genres)))


def listing_of(tracks: Iterable[GenreTrack], problems: Iterable[Problem]) -> Listing[GenreTrack]:
    """Return a listing in which each track stands once and each genre is spelled one way.

    A track that is listed again has the genres of both lines; spellings that differ by case or
    spaces become the most frequent one.  Both are told as problems.
    """
    odd = list(problems)
    joined = _joined(tracks, odd)
    spelling = _spelling(joined, odd)
    cleaned = []
    for track in joined:
        genres = tuple(dict.fromkeys(spelling[_key(genre)] for genre in track.genres))
        cleaned.append(replace(track, genres=genres))
    return Listing(tuple(cleaned), tuple(odd))


def _joined(tracks: Iterable[GenreTrack], odd: list[Problem]) -> list[GenreTrack]:
    found: dict[tuple[Path, int], GenreTrack] = {}
    for track in tracks:
        place = (track.path, track.row)
        known = found.get(place)
        if known is None:
            found[place] = track
            continue
        odd.append(Problem(str(track.path), "listed more than once; its genres are joined"))
        found[place] = replace(
            known,
            genres=known.genres + track.genres,
            artist=known.artist or track.artist,
            album=known.album or track.album,
            split=known.split or track.split,
        )
    return list(found.values())


def _spelling(tracks: Iterable[GenreTrack], odd: list[Problem]) -> dict[str, str]:
    """Return the most frequent spelling of every genre by its key, the first of equals."""
    counts: dict[str, dict[str, int]] = {}
    for track in tracks:
        for genre in track.genres:
            spelled = " ".join(genre.split())
            ways = counts.setdefault(_key(genre), {})
            ways[spelled] = ways.get(spelled, 0) + 1
    for ways in counts.values():
        if len(ways) > 1:
            odd.append(Problem("genres", f"{', '.join(map(repr, ways))} are taken for one"))
    return {key: max(ways, key=lambda way: ways[way]) for key, ways in counts.items()}


def _key(genre: str) -> str:
    return " ".join(genre.split()).casefold()
