"""A DJ's small music library, synthesised: audio files and a label file with known zones.

In: a folder and a seed.  Out: `music/<Artist> - <Title>.<ext>` (stereo, 44 100 Hz; mp3, flac, ogg
and wav) and `user.csv` with the columns `path`, `zone`, `artist`, `title`, `bpm`.
"""

import csv
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile

from zoneclf.demo.sound import RATE_HZ, Style, render, style_of

ZONES: Final = ("YELLOW", "GREEN", "PURPLE")
WORKER_COUNT: Final = 2

_ARTISTS: Final = (
    "Amber Relay", "Birch & Wire", "Cassia Vale", "Delta Meridian", "Echo Harbour", "Fenn Oro",
    "Glass Orchard", "Hollow Metro", "Iris Kaplan", "Juniper Static", "Kite Division",
    "Lumen Park", "Mira Solenne", "Night Ferry", "Oskar Brandt Trio", "Paper Comet",
)  # fmt: skip
_FIRST_WORDS: Final = (
    "Silver", "Northern", "Slow", "Electric", "Paper", "Hidden", "Broken", "Golden", "Distant",
    "Midnight", "Concrete", "Velvet",
)  # fmt: skip
_LAST_WORDS: Final = (
    "Tide", "Signal", "Garden", "Engine", "Window", "Parade", "Winter", "Circuit", "Avenue",
    "Mirror", "Lantern", "Voltage",
)  # fmt: skip
# What label files must survive: a comma and letters outside ASCII.
_ODD_TITLES: Final = ("Rain, Slowly", "Café Lumière")
# Seven is coprime to the three zones and the sixteen artists, so formats mix with both.  An mp3
# takes twenty times as long to write as a flac, a wav twice the room: few of either.
_FORMATS: Final = ("mp3", "flac", "ogg", "flac", "wav", "ogg", "flac")
_WAV_LIMIT: Final = 4
# The encoder's quickest mode; other formats take no such option.
_ENCODING: Final[dict[str, dict[str, Any]]] = {
    "mp3": {"bitrate_mode": "VARIABLE", "compression_level": 0.5}
}
_BLANK_COUNT: Final = 4
# libsndfile overflows its stack when it is given minutes of Vorbis in one call.
_BLOCK_SAMPLES: Final = 65_536


@dataclass(frozen=True, kw_only=True)
class Track:
    """One track of the library before it is rendered; `seed` decides its sound."""

    artist: str
    title: str
    zone: str
    extension: str
    style: Style
    duration_s: float
    seed: tuple[int, ...]

    @property
    def path(self) -> str:
        """Where the track lies, relative to the label file."""
        return f"music/{self.artist} - {self.title}.{self.extension}"


def zone_of(arousal: float, valence: float) -> str:
    """Return the zone of a point of the plane, scale 1..9."""
    if arousal < 4:
        return "YELLOW"
    return "PURPLE" if arousal > 6 and valence > 4.5 else "GREEN"


def mood_in(zone: str, rng: np.random.Generator) -> tuple[float, float]:
    """Return arousal and valence, drawn from the part of the plane that belongs to `zone`.

    The cloud is wide, so some points lie close to a border.
    """
    while True:
        valence = rng.normal(5.0, 1.6)
        arousal = 5.0 + 0.35 * (valence - 5.0) + rng.normal(0.0, 2.0)
        inside = min(arousal, valence) >= 1.3 and max(arousal, valence) <= 8.7
        if inside and zone_of(arousal, valence) == zone:
            return float(arousal), float(valence)


def write_library(folder: Path, *, seed: int, count: int = 48) -> Path:
    """Write a library of `count` tracks and return the path of its label file.

    The same seed gives the same tracks.  (An Ogg file carries a random stream number: its
    bytes may differ, its sound does not.)

    Raises
    ------
    ValueError
        If `count` is below 6 or above the number of titles that can be made up.
    """
    tracks = plan_library(seed, count)
    (folder / "music").mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(WORKER_COUNT, mp_context=get_context("spawn")) as pool:
        list(pool.map(_write_track, tracks, [folder] * count))
    blank = set(np.random.default_rng([seed, 1]).permutation(count)[:_BLANK_COUNT].tolist())
    labels = folder / "user.csv"
    with labels.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["path", "zone", "artist", "title", "bpm"])
        for number, track in enumerate(tracks):
            zone = "" if number in blank else track.zone
            table.writerow([track.path, zone, track.artist, track.title, round(track.style.bpm, 1)])
    return labels


def plan_library(seed: int, count: int) -> list[Track]:
    """Return the tracks that `write_library` renders, in the order of the label file."""
    rng = np.random.default_rng(seed)
    titles = _titles(count, rng)
    return [_track(number, title, (seed, number)) for number, title in enumerate(titles)]


def _titles(count: int, rng: np.random.Generator) -> list[str]:
    """Return `count` different titles, the odd ones among them."""
    plain = [f"{first} {last}" for first in _FIRST_WORDS for last in _LAST_WORDS]
    if not 6 <= count <= len(plain):
        raise ValueError(f"count is {count}; a library has 6 to {len(plain)} tracks")
    picked = rng.permutation(plain)[: count - len(_ODD_TITLES)].tolist()
    return [str(title) for title in rng.permutation([*_ODD_TITLES, *picked])]


def _track(number: int, title: str, seed: tuple[int, int]) -> Track:
    """Return one track; zone, artist and format run through cycles of different length."""
    rng = np.random.default_rng([*seed, 0])
    zone = ZONES[number % len(ZONES)]
    turn, place = divmod(number, len(_FORMATS))
    extension = _FORMATS[place]
    return Track(
        artist=_ARTISTS[number % len(_ARTISTS)],
        title=title,
        zone=zone,
        extension="flac" if extension == "wav" and turn >= _WAV_LIMIT else extension,
        style=style_of(*mood_in(zone, rng), rng),
        duration_s=float(rng.integers(40, 76)),
        seed=(*seed, 1),
    )


def _write_track(track: Track, folder: Path) -> None:
    """Render one track and write it; runs in a worker process."""
    sound = render(track.style, track.duration_s, np.random.default_rng(track.seed))
    encoding = _ENCODING.get(track.extension, {})
    channel_count = sound.shape[1]
    with soundfile.SoundFile(folder / track.path, "w", RATE_HZ, channel_count, **encoding) as file:
        for start in range(0, len(sound), _BLOCK_SAMPLES):
            file.write(sound[start : start + _BLOCK_SAMPLES])
