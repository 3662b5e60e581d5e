"""Rated music that is made up: clips whose sound follows known arousal and valence.

    targets.parquet              as ``zoneclf targets`` writes it, courses in time among it
    ratings.csv                  path,arousal,valence,artist and what was really meant
    clips/<artist>/<clip>.flac   mono, 22 050 Hz, 16 bit

What is meant wanders slowly within a clip.  Ten listeners rate each clip: each hears its mean with
an error (a spread of 1.5, as DEAM's raters have) and gives whole numbers from 1 to 9.  The ratings
are their means, so even the best model cannot be better than that noise allows.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from zoneclf.audio.files import absolute
from zoneclf.deep.affect.affect_set import HIGHEST, LOWEST
from zoneclf.deep.affect.listing import AffectTrack
from zoneclf.deep.affect.playing import Clip, played
from zoneclf.deep.affect.targets_table import write_targets
from zoneclf.deep.pace import Pace, Voice
from zoneclf.deep.studio.artists import Artist, artist_of
from zoneclf.deep.studio.voices import RATE_HZ
from zoneclf.writing import make_folder, replacing

TARGETS, TABLE = "targets.parquet", "ratings.csv"
RATERS, RATER_SPREAD = 10, 1.5
# Of DEAM's songs: means about 4.8 and 4.9, spreads 1.3 and 1.2, a correlation of 0.5.
_MEANS = (4.9, 4.9)
_SPREADS = (1.6, 1.5)
_CORRELATION = 0.45
# Listeners need a while before they rate moment by moment.
COURSE_FROM_S, COURSE_STEP_S = 2.0, 0.5
_COURSE_ERROR = 0.3
_MOST_OF_ARTIST = 8
Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Planned:
    """One clip to be made; `meant` has a row of arousal and valence for each time."""

    name: str
    artist: Artist
    times: Values
    meant: Values

    def mood(self, at_s: float) -> tuple[float, float]:
        """Return what is meant at a time, each 0 to 1."""
        arousal, valence = (np.interp(at_s, self.times, values) for values in self.meant.T)
        span = HIGHEST - LOWEST
        return (float(arousal) - LOWEST) / span, (float(valence) - LOWEST) / span

    @property
    def path(self) -> str:
        """Where it lies in the folder of the set."""
        return f"clips/{self.artist.name}/{self.name}.flac"


def make_rated_set(
    folder: Path,
    *,
    clips: int = 600,
    seconds: float = 12.0,
    seed: int = 0,
    voice: Voice | None = None,
) -> Path:
    """Write clips and their tables to `folder` and return the path of targets.parquet.

    Parameters
    ----------
    clips
        How many; an artist has one to eight of them.
    seconds
        Length of each clip, from 3 on.
    """
    planned = _plans(clips, seconds, np.random.default_rng([seed, clips]))
    pace = Pace("clips", voice) if voice else None
    make_folder(folder)
    tracks = []
    for number, one in enumerate(planned):
        rng = np.random.default_rng([seed, number])
        wave = played(Clip(one.artist, seconds, one.mood), rng)
        with replacing(folder / one.path) as partial:
            soundfile.write(partial, wave, RATE_HZ, format="FLAC", subtype="PCM_16")
        tracks.append(_rated(folder, one, seconds, rng))
        if pace:
            pace(number + 1, len(planned))
    _write_table(folder, planned, tracks)
    write_targets(tracks, folder / TARGETS, extractor="synthesised")
    return folder / TARGETS


def _plans(clips: int, seconds: float, rng: np.random.Generator) -> list[_Planned]:
    covariance = _CORRELATION * _SPREADS[0] * _SPREADS[1]
    wanted = rng.multivariate_normal(
        _MEANS, [[_SPREADS[0] ** 2, covariance], [covariance, _SPREADS[1] ** 2]], clips
    )
    planned: list[_Planned] = []
    while len(planned) < clips:
        artist = artist_of(f"artist-{len(planned):04d}", rng)
        for _ in range(min(clips - len(planned), int(rng.integers(1, _MOST_OF_ARTIST + 1)))):
            times, meant = _course(wanted[len(planned)], seconds, rng)
            planned.append(_Planned(f"{len(planned):05d}", artist, times, meant))
    return planned


def _course(mean: Values, seconds: float, rng: np.random.Generator) -> tuple[Values, Values]:
    """Return times and what is meant then: two slow waves about a mean, within the scale."""
    times = np.arange(0, seconds + COURSE_STEP_S, COURSE_STEP_S / 2)
    meant = np.tile(np.clip(mean, 1.6, 8.4), (len(times), 1))
    for column in range(2):
        for periods in rng.uniform(0.4, 1.6, 2):
            phase = 2 * np.pi * (periods * times / seconds + rng.random())
            meant[:, column] += rng.uniform(0.1, 0.9) * np.sin(phase)
    return times, np.clip(meant, LOWEST, HIGHEST)


def _rated(folder: Path, one: _Planned, seconds: float, rng: np.random.Generator) -> AffectTrack:
    """Return a clip with what listeners say of it, on the whole and moment by moment."""
    heard = one.meant[one.times <= seconds].mean(axis=0)
    said = np.round(heard + rng.normal(0, RATER_SPREAD, (RATERS, 2))).clip(LOWEST, HIGHEST)
    means, errors = said.mean(axis=0), said.std(axis=0, ddof=1) / np.sqrt(RATERS)
    times = np.arange(COURSE_FROM_S, seconds - 1e-9, COURSE_STEP_S)
    course = np.stack([np.interp(times, one.times, values) for values in one.meant.T], axis=1)
    noise = rng.normal(0, _COURSE_ERROR, (2, 2))  # an error that drifts from beginning to end
    drift = np.linspace(0, 1, len(times))[:, np.newaxis]
    course = (course + noise[0] * (1 - drift) + noise[1] * drift).clip(LOWEST, HIGHEST)
    return AffectTrack(
        absolute(folder / one.path),
        float(means[0]),
        float(means[1]),
        artist=one.artist.name,
        end_s=seconds,
        arousal_se=float(errors[0]),
        valence_se=float(errors[1]),
        course=(times, course.astype(np.float32)),
    )


def _write_table(folder: Path, planned: Sequence[_Planned], tracks: Sequence[AffectTrack]) -> None:
    with (
        replacing(folder / TABLE) as partial,
        partial.open("w", encoding="utf-8", newline="") as stream,
    ):
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("path", "arousal", "valence", "artist", "arousal_meant", "valence_meant"))
        for one, track in zip(planned, tracks, strict=True):
            meant = one.meant[one.times <= track.end_s].mean(axis=0)
            numbers = (track.arousal, track.valence, *meant)
            arousal, valence, *rest = (f"{number:.3f}" for number in numbers)
            writer.writerow((one.path, arousal, valence, track.artist, *rest))
