"""A multi-label set that is made up: clips whose genres can be heard, with a long tail.

    clips.csv                    path,label,artist,album
    clips/<artist>/<clip>.flac   mono, 22 050 Hz, 16 bit

Genres and what they sound like are in `zoneclf.deep.genre.recipes`.  The number of clips falls
from genre to genre by the same factor; a clip has one to three genres, the first by its artist,
the others 3 to 12 dB below.  Clips are also set apart by what no genre has: level, an equaliser,
a room, an amplifier's grit, hiss.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from zoneclf.deep.genre.recipes import RECIPES
from zoneclf.deep.genre.session import Session
from zoneclf.deep.pace import Pace, Voice
from zoneclf.deep.studio.artists import Artist, artist_of, level_of, recorded
from zoneclf.deep.studio.voices import RATE_HZ, Wave
from zoneclf.errors import UsageError
from zoneclf.writing import make_folder, replacing

TABLE = "clips.csv"
_MOST_GENRES = 3
# Labels for one clip, on the average.
_LABELS_PER_CLIP = 1.45
_CLIPS_PER_ALBUM = 4


@dataclass(frozen=True)
class _Clip:
    """One clip to be made."""

    name: str
    artist: Artist
    album: str
    genres: tuple[str, ...]


def make_set(
    folder: Path,
    *,
    clips: int = 2000,
    genres: int = 12,
    imbalance: float = 100.0,
    seconds: float = 3.0,
    seed: int = 0,
    voice: Voice | None = None,
) -> Path:
    """Write clips and their table to `folder` and return the table's path.

    Parameters
    ----------
    clips, genres
        How many; at least two and at most all of `RECIPES`.
    imbalance
        Clips of the most frequent genre for one of the rarest.
    seconds
        Length of each clip.

    Raises
    ------
    UsageError
        If that many clips cannot have such a tail.
    """
    counts = tail(clips, genres, imbalance)
    planned = _planned(counts, clips, np.random.default_rng([seed, clips, genres]))
    pace = Pace("clips", voice) if voice else None
    make_folder(folder)
    for number, clip in enumerate(planned):
        path = folder / "clips" / clip.artist.name / f"{clip.name}.flac"
        own = np.random.default_rng([seed, number])
        wave = clip_sound(clip.artist, clip.genres, seconds=seconds, rng=own)
        with replacing(path) as partial:
            soundfile.write(partial, wave, RATE_HZ, format="FLAC", subtype="PCM_16")
        if pace:
            pace(number + 1, len(planned))
    _write_table(folder, planned)
    return folder / TABLE


def tail(clips: int, genres: int, imbalance: float) -> dict[str, int]:
    """Return the number of clips of each genre, most frequent first, falling by one factor.

    Raises
    ------
    UsageError
        If the rarest genre would have no clip, or the most frequent more than there are.
    """
    if not 2 <= genres <= len(RECIPES) or imbalance < 1:
        raise UsageError(f"a set has 2 to {len(RECIPES)} genres and an imbalance of at least 1")
    steps = imbalance ** (-np.arange(genres) / (genres - 1))
    least = max(1, round(_LABELS_PER_CLIP * clips / steps.sum() / imbalance))
    counts = np.round(least * imbalance * steps).astype(int)
    if counts[0] > clips or counts.sum() < clips:
        raise UsageError(
            f"{clips} clips cannot have {genres} genres with an imbalance of {imbalance:g}; "
            "take more clips or less imbalance"
        )
    return dict(zip(RECIPES, map(int, counts), strict=False))


def _planned(counts: dict[str, int], clips: int, rng: np.random.Generator) -> list[_Clip]:
    """Return the clips in order of artists, with exactly as many of each genre as counted."""
    first = _first_genres(counts, clips)
    genres = [[genre] for genre, count in first.items() for _ in range(count)]
    for genre in reversed(counts):  # the rarest finds most room
        free = [
            place
            for place, names in enumerate(genres)
            if genre not in names and len(names) < _MOST_GENRES
        ]
        for place in rng.choice(free, counts[genre] - first[genre], replace=False):
            genres[place].append(genre)
    planned: list[_Clip] = []
    for genre, count in first.items():
        for artist, size in _artists(genre, count, rng):
            for number in range(size):
                place = len(planned)
                album = f"{artist.name}-{number // _CLIPS_PER_ALBUM + 1}"
                planned.append(_Clip(f"{place:05d}", artist, album, tuple(genres[place])))
    return planned


def _first_genres(counts: dict[str, int], clips: int) -> dict[str, int]:
    """Return how many clips have each genre as their first; they sum to `clips`."""
    total = sum(counts.values())
    exact = {genre: count * clips / total for genre, count in counts.items()}
    first = {genre: int(value) for genre, value in exact.items()}
    left = clips - sum(first.values())
    by_rest = sorted(exact, key=lambda genre: first[genre] - exact[genre])
    for genre in by_rest[:left]:
        first[genre] += 1
    return first


def _artists(genre: str, count: int, rng: np.random.Generator) -> list[tuple[Artist, int]]:
    """Return artists of a genre with 1 to 8 clips each, at least four where it can be."""
    most = max(1, min(8, count // 4))
    found: list[tuple[Artist, int]] = []
    while count:
        size = min(count, int(rng.integers(1, most + 1)))
        found.append((artist_of(f"{genre}-{len(found) + 1:03d}", rng), size))
        count -= size
    return found


def clip_sound(
    artist: Artist, genres: Sequence[str], *, seconds: float, rng: np.random.Generator
) -> Wave:
    """Return a clip's sound, shape (samples,), within +-1; its first genre is the loudest."""
    mix = np.zeros(round(seconds * RATE_HZ), dtype=np.float32)
    for number, genre in enumerate(genres):
        wave = RECIPES[genre](Session(artist, seconds, rng))
        gain_db = 0.0 if number == 0 else -rng.uniform(3, 12)
        mix += wave * np.float32(10 ** (gain_db / 20) / level_of(wave))
    mix = recorded(mix, artist, rng)
    mix = np.tanh(mix / level_of(mix) * np.float32(artist.grit))
    hiss = rng.standard_normal(mix.size, dtype=np.float32)
    mix = mix / level_of(mix) + hiss * np.float32(10 ** (artist.hiss_db / 20))
    loud = 10 ** (rng.uniform(-24, -12) / 20)
    return np.asarray(np.tanh(mix * np.float32(loud)), dtype=np.float32)


def _write_table(folder: Path, planned: list[_Clip]) -> None:
    with (
        replacing(folder / TABLE) as partial,
        partial.open("w", encoding="utf-8", newline="") as stream,
    ):
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("path", "label", "artist", "album"))
        for clip in planned:
            path = f"clips/{clip.artist.name}/{clip.name}.flac"
            writer.writerow((path, "|".join(clip.genres), clip.artist.name, clip.album))
