"""A track of a set while it is prepared: its file, and how its sound could be used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from zoneclf.audio.files import path_text
from zoneclf.deep.listening import Found
from zoneclf.deep.readers.listing import Listed, Problem

# The status of tracks whose sound is not asked for.
SKIPPED = "skipped"
T = TypeVar("T", bound=Listed)


@dataclass(frozen=True)
class Row(Generic[T]):
    """A track of a set, and how its sound could be used."""

    file: Found[T]
    frame_count: int
    status: str
    reason: str

    @property
    def problem(self) -> Problem:
        """What is told of a track whose status is not ok."""
        word = "used, though " if self.frame_count else ""
        return Problem(str(self.file.track.path), f"{word}{self.status}: {self.reason}")


def row_of(file: Found[T], heard: Mapping[str, tuple[int, str, str]], why_skipped: str) -> Row[T]:
    """Return a track's row; `heard` holds frames, status and reason of tracks by their ids."""
    if file.status != "ok":
        return Row(file, 0, file.status, file.reason)
    if file.track_id not in heard:
        return Row(file, 0, SKIPPED, why_skipped)
    return Row(file, *heard[file.track_id])


def columns_of(
    rows: Sequence[Row[Any]], groups: Sequence[str], splits: Sequence[str]
) -> dict[str, list[Any]]:
    """Return the columns of tracks.parquet that every kind of set has."""
    tracks = [row.file.track for row in rows]
    return {
        "track_id": [row.file.track_id for row in rows],
        "path": [path_text(track.path) for track in tracks],
        "artist": [track.artist for track in tracks],
        "album": [track.album for track in tracks],
        "group": list(groups),
        "split": list(splits),
        "status": [row.status for row in rows],
        "reason": [row.reason for row in rows],
        "frame_count": [row.frame_count for row in rows],
    }
