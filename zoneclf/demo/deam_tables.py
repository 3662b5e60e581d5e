"""The tables of a synthesised DEAM folder: annotations and metadata with their shipped quirks.

In: songs with their true arousal and valence, scale 1..9.  Out: CSV files whose names, headers,
paddings and line ends are those of DEAM's own.  Published means are the truth plus the noise of
about ten raters.
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

STATIC_HEADER: Final = "song_id, valence_mean, valence_std, arousal_mean, arousal_std"
# The space within " max_mean" is DEAM's.
FULL_STATIC_HEADER: Final = (
    "song_id, valence_mean, valence_std, valence_ max_mean, valence_max_std, valence_min_mean, "
    "valence_min_std, arousal_mean, arousal_std, arousal_max_mean, arousal_max_std, "
    "arousal_min_mean, arousal_min_std"
)
SEGMENT_HEADER: Final = (
    '"song_id","file_name","Artist","Song title","start of the segment (min.sec)",'
    '"end of the segment (min.sec)","Genre","Mediaeval 2013 set"'
)
# In 2013 the column "album" holds the file name; in 2014 and 2015 tags run to the right.
METADATA_2013_HEADER: Final = "song_id,album,artist,title,Genre"
METADATA_2014_HEADER: Final = "song_id,artist,album,title,Genre" + 100 * ","
METADATA_2015_HEADER: Final = "song_id,title,artist,album,Genre" + 14 * ","

_RATER_NOISE: Final = 0.35
_FIRST_SAMPLE_S: Final = 15.0
_SAMPLE_STEP_S: Final = 0.5

_ARTISTS: Final = (
    "Tessellate Ave", "The Low Lanterns", "Marrow & Pine", "Quiet Arithmetic", "Sable Transit",
    "Ondine Weiss", "Harbour Nine", "The Copper Hours",
)  # fmt: skip
_TITLES: Final = ("Over Water", "Second Floor", "Kilometre", "Still Here", "Half Light", "Return")
_GENRES: Final = ("Electronic", "Pop", "Rock", "Classical", "Jazz", "Folk", "Blues", "Country")
_TAGS: Final = ("ambient", "electronica", "downtempo", "dance", "night", "instrumental", "synth")


@dataclass(frozen=True, kw_only=True)
class Song:
    """One song: where it lies in the plane (1..9) and which seconds of it were annotated.

    `seed` decides its sound.
    """

    song_id: int
    arousal: float
    valence: float
    duration_s: int
    start_s: int
    end_s: int
    seed: tuple[int, ...]

    @property
    def has_surroundings(self) -> bool:
        """Whether the song goes on outside its annotated segment (ids up to 1000)."""
        return self.song_id <= 1000

    @property
    def is_full(self) -> bool:
        """Whether the song was annotated in full (ids above 2000)."""
        return self.song_id > 2000

    @property
    def numbered_title(self) -> str:
        """A title that no other song has."""
        return f"{_TITLES[self.song_id % len(_TITLES)]} No. {self.song_id}"

    @property
    def artist(self) -> str:
        """An invented name."""
        return _ARTISTS[self.song_id % len(_ARTISTS)]

    @property
    def genre(self) -> str:
        """A genre, unrelated to the sound."""
        return _GENRES[self.song_id % len(_GENRES)]


def min_sec(seconds: int) -> str:
    """Return `seconds` as DEAM writes them: 0:20 is ``0.2``, 1:06 is ``1.06``, 1:00 is ``1``."""
    minutes, rest = divmod(seconds, 60)
    return f"{minutes}.{rest:02d}".rstrip("0").rstrip(".") or "0"


def write_annotations(folder: Path, songs: list[Song], seed: int) -> None:
    """Write the static and dynamic tables of `songs` below `folder`."""
    averaged = folder / "annotations averaged per song"
    static = averaged / "song_level"
    dynamic = averaged / "dynamic (per second annotations)"
    for place in (static, dynamic):
        place.mkdir(parents=True, exist_ok=True)
    short = [_static_row(song, seed) for song in songs if not song.is_full]
    full = [_full_static_row(song, seed) for song in songs if song.is_full]
    name = "static_annotations_averaged_songs_{}.csv"
    _write_lines(static / name.format("1_2000"), STATIC_HEADER, short)
    _write_lines(static / name.format("2000_2058"), FULL_STATIC_HEADER, full)
    _write_dynamic(dynamic / "arousal.csv", songs, [song.arousal for song in songs], seed=seed)
    _write_dynamic(dynamic / "valence.csv", songs, [song.valence for song in songs], seed=seed)


def _write_lines(path: Path, header: str, rows: list[list[str]]) -> None:
    lines = [header, *(",".join(row) for row in rows)]
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("".join(f"{line}\r\n" for line in lines))


def _static_row(song: Song, seed: int) -> list[str]:
    """Return id and valence, then arousal: exchanged for ids up to 1000, as shipped."""
    rng = np.random.default_rng([seed, song.song_id, 2])
    pairs = [_rated(truth, rng)[:2] for truth in (song.valence, song.arousal)]
    if song.song_id <= 1000:
        pairs.reverse()
    return [str(song.song_id), *(f"{value:g}" for pair in pairs for value in pair)]


def _full_static_row(song: Song, seed: int) -> list[str]:
    rng = np.random.default_rng([seed, song.song_id, 2])
    values = _rated(song.valence, rng) + _rated(song.arousal, rng)
    return [str(song.song_id), *(str(value) for value in values)]


def _rated(truth: float, rng: np.random.Generator) -> list[float]:
    """Return mean and standard deviation over the raters: of the song, its maximum, its minimum."""
    mean = truth + rng.normal(0.0, _RATER_NOISE)
    centers = np.clip(mean + np.array([0.0, 1.4, -1.4]), 1.0, 9.0)
    spreads = np.clip(rng.normal(1.5, 0.37, size=3), 0.4, 2.6)
    pairs = zip(centers, spreads, strict=True)
    return [float(value) for pair in pairs for value in (round(pair[0], 1), round(pair[1], 2))]


def _write_dynamic(path: Path, songs: list[Song], truths: list[float], *, seed: int) -> None:
    """Write one row per song: as many samples as its annotated part has, so rows differ."""
    stream = 3 if path.stem == "arousal" else 4
    rows = [
        [song.song_id, *_curve(song, truth, np.random.default_rng([seed, song.song_id, stream]))]
        for song, truth in zip(songs, truths, strict=True)
    ]
    longest = max(len(row) for row in rows) - 1
    times_ms = (1000 * (_FIRST_SAMPLE_S + _SAMPLE_STEP_S * np.arange(longest))).astype(int)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["song_id", *(f"sample_{time_ms}ms" for time_ms in times_ms)])
        table.writerows(rows)


def _curve(song: Song, truth: float, rng: np.random.Generator) -> list[float]:
    """Return values on -1..1 from second 15 of the annotated part on, with slow noise."""
    times_s: npt.NDArray[np.float64] = np.arange(
        _FIRST_SAMPLE_S, song.end_s - song.start_s, _SAMPLE_STEP_S
    )
    turns = times_s / rng.uniform(20.0, 50.0) + rng.random()
    noise = rng.normal(0.0, 0.04) + 0.06 * np.sin(2 * np.pi * turns)
    values = np.clip((truth - 5.0) / 4.0 + noise, -1.0, 1.0)
    return [float(value) for value in np.round(values, 7)]


def write_metadata(folder: Path, songs: list[Song], seed: int) -> None:
    """Write the four metadata tables of `songs` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, 5])
    cut = [song for song in songs if song.has_surroundings]
    clips = [song for song in songs if not (song.has_surroundings or song.is_full)]
    full = [song for song in songs if song.is_full]
    tables = {
        "songs_info_2013": (SEGMENT_HEADER, [_segment_row(song) for song in cut]),
        "metadata_2013": (METADATA_2013_HEADER, [_padded_row(song) for song in cut]),
        "metadata_2014": (METADATA_2014_HEADER, [_tagged_row(song, 100, rng) for song in clips]),
        "metadata_2015": (METADATA_2015_HEADER, [_full_row(song, rng) for song in full]),
    }
    for name, (header, rows) in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            file.write(f"{header}\n")
            if name.endswith("2013"):
                table = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
            else:
                table = csv.writer(file, lineterminator="\n")
            table.writerows(rows)


def _segment_row(song: Song) -> list[int | str]:
    number, file_name, artist, title, genre = _padded_row(song)
    times = (f"\t{min_sec(song.start_s)}\t", f"\t{min_sec(song.end_s)}\t")
    part = "evaluation" if song.song_id % 6 == 0 else "development"
    return [number, file_name, artist, title, *times, genre, part]


def _padded_row(song: Song) -> list[int | str]:
    title, genre = f"\t{song.numbered_title}\t", f"\t{song.genre}\t"
    return [song.song_id, f"\t{song.song_id}.mp3", f"{song.artist}\t", title, genre]


def _tagged_row(song: Song, width: int, rng: np.random.Generator) -> list[int | str]:
    named = (song.song_id, song.artist, "n/a", song.numbered_title, song.genre)
    return [*named, *_tags(width, rng)]


def _full_row(song: Song, rng: np.random.Generator) -> list[int | str]:
    named = (song.song_id, song.numbered_title, song.artist, "n/a", song.genre)
    return [*named, *_tags(14, rng)]


def _tags(width: int, rng: np.random.Generator) -> list[str]:
    """Return a few tags, then empty fields up to `width`."""
    tags = rng.permutation(_TAGS)[: rng.integers(0, len(_TAGS))].tolist()
    return [*tags, *([""] * (width - len(tags)))]
