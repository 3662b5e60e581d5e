"""Which genres of a set are learnt, and how unequal they are before and after."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from zoneclf.errors import UsageError


@dataclass(frozen=True)
class GenreCounts:
    """How many tracks each genre has, most frequent first.

    `tracks` have at least one genre; `labels` are all genres of all tracks.
    """

    counts: dict[str, int]
    tracks: int

    @property
    def labels(self) -> int:
        """Genres of all tracks together."""
        return sum(self.counts.values())

    @property
    def imbalance(self) -> float:
        """Tracks of the most frequent genre for one of the rarest; 0 without genres."""
        return max(self.counts.values()) / min(self.counts.values()) if self.counts else 0.0

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "genres": len(self.counts),
            "tracks": self.tracks,
            "labels": self.labels,
            "imbalance": round(self.imbalance, 2),
            "counts": self.counts,
        }

    def text(self) -> str:
        """Return one line of words."""
        if not self.counts:
            return "no genres"
        top, least = next(iter(self.counts)), list(self.counts)[-1]
        return (
            f"{len(self.counts)} genres, {self.tracks} tracks, imbalance {self.imbalance:.1f}x "
            f"({top} {self.counts[top]}, {least} {self.counts[least]})"
        )


def count_genres(listed: Sequence[Sequence[str]]) -> GenreCounts:
    """Return the counts of tracks' genres; equally frequent ones are in order of name."""
    found = Counter(genre for genres in listed for genre in set(genres))
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return GenreCounts(dict(ordered), sum(1 for genres in listed if genres))


def filter_genres(
    listed: Sequence[Sequence[str]], *, min_samples: int = 1, max_genres: int = 0
) -> tuple[str, ...]:
    """Return the genres that are kept, most frequent first.

    Parameters
    ----------
    listed
        Genres of each track.
    min_samples
        Genres with fewer tracks are left out.
    max_genres
        Of the others only so many are kept, the most frequent; 0 keeps all.

    Raises
    ------
    UsageError
        If no genre is left.
    """
    found = count_genres(listed)
    kept = [genre for genre, count in found.counts.items() if count >= min_samples]
    if not kept:
        most = max(found.counts.values(), default=0)
        raise UsageError(
            f"option --min-samples-per-genre: no genre has {min_samples} tracks; "
            f"the most frequent has {most}"
        )
    return tuple(kept[:max_genres] if max_genres else kept)


def kept_genres(listed: Sequence[Sequence[str]], genres: Sequence[str]) -> list[tuple[str, ...]]:
    """Return each track's genres without those left out; a track may be left without any."""
    wanted = set(genres)
    return [tuple(genre for genre in names if genre in wanted) for names in listed]
