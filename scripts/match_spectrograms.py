"""Spectrograms with settings drawn at random, and how often `spectrograms match` names them.

Usage: python scripts/match_spectrograms.py [--draws N] [--clips N] [--seconds S] [--jobs N]
                                            [--split artists] [--only exact|distribution]
                                            [--grid seven] [--seed N] [--output FILE]

Reads the folder `music` of ZONECLF_REAL_DATA (default ../shared/data), whose tracks are put on two
sides: every other one, or, with --split artists, so that no artist is on both.  Each draw takes a
point of the grid and makes spectrograms of clips that begin anywhere in tracks of one side, with
librosa and not with zoneclf's own function.  They are then identified among all of the grid's
candidates: with two of their tracks and a third at hand, and by distribution alone, compared with
the other side's tracks.  --grid seven leaves seven settings unknown: n_fft, hop, window, bands,
power, reference and normalisation; rate, range and window length are librosa's defaults.
"""

import argparse
import csv
import os
import platform
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import librosa
import numpy as np
from report_section import write_section

from zoneclf.console import Console
from zoneclf.deep.excerpts import at_rate, read_excerpt
from zoneclf.deep.matching.distribution import Heard, distances, hear
from zoneclf.deep.matching.grid import LEVEL, TRANSFORM, Grid
from zoneclf.deep.matching.matching import EXCERPT_S, match_exactly
from zoneclf.deep.spectrograms import Spectrogram, SpectrogramSettings

NAME = "match_spectrograms.py"
MELS = (64, 128)
ARTISTS = {"Loyalty Freak Music", "Komiku", "Chris Zabriskie"}  # one side; the other has the rest
CLIPS_WITH_SOUND = 2
SAME = 1e-6
QUIET = Console()
QUIET.quiet = True


@dataclass(frozen=True)
class Draw:
    """Hidden settings and the side whose tracks they are applied to."""

    number: int
    settings: SpectrogramSettings
    side: int


@dataclass(frozen=True)
class Found:
    """What came of a draw: where the truth ranks, the distances of the first and of the next.

    `same` counts other settings with the truth's distance: their spectrograms are the same numbers.
    """

    rank: int
    best: SpectrogramSettings
    distances: tuple[float, float]
    same: int
    seconds: float


def main() -> None:
    """Draw, identify, write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split", default="tracks", help="tracks, or artists: harder")
    parser.add_argument("--grid", default="whole", choices=("whole", "seven"))
    parser.add_argument("--only", default="both", help="exact, distribution or both")
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/affect.md"))
    asked = parser.parse_args()
    rng = np.random.default_rng(asked.seed)
    draws = [drawn(number, rng, asked) for number in range(asked.draws)]
    with ProcessPoolExecutor(asked.jobs) as pool:
        if asked.only != "distribution":
            exact = list(pool.map(partial(with_sound, asked=asked), draws))
            tell("with the sound", draws, exact)
            text = with_sound_text(draws, exact, asked)
            write_section(asked.output, f"{NAME}, {asked.grid}, with the sound", text)
        if asked.only != "exact":
            groups = [(mels, side) for mels in MELS for side in (0, 1)]
            found = pool.map(partial(by_distribution, draws=draws, asked=asked), groups)
            by_number = dict(pair for group in found for pair in group)
            alone = [by_number[number] for number in range(len(draws))]
            tell("by distribution", draws, alone)
            text = alone_text(draws, alone, asked)
            name = f"{NAME}, {asked.grid}, by distribution, other {asked.split}"
            write_section(asked.output, name, text)


def grid(mels: int, asked: argparse.Namespace) -> list[SpectrogramSettings]:
    """Return the candidates with so many bands."""
    if asked.grid == "whole":
        return Grid().candidates(mels)
    found = Grid(rate_hz=(22_050,), range_db=(80.0,)).candidates(mels)
    return [one for one in found if one.window_length == one.n_fft]


def drawn(number: int, rng: np.random.Generator, asked: argparse.Namespace) -> Draw:
    """Return settings from anywhere in the grid; the draws take turns with the sides."""
    candidates = grid(int(rng.choice(MELS)), asked)
    return Draw(number, candidates[rng.integers(len(candidates))], number % 2)


def sides(split: str) -> tuple[list[Path], list[Path]]:
    """Return the tracks of either side: every other one, or those of some artists."""
    folder = Path(os.environ.get("ZONECLF_REAL_DATA", "../shared/data")) / "music"
    with (folder / "manifest.csv").open(encoding="utf-8") as stream:
        rows = sorted((folder / row["file"], row["author"]) for row in csv.DictReader(stream))
    first = [
        author in ARTISTS if split == "artists" else place % 2 == 0
        for place, (_, author) in enumerate(rows)
    ]
    tracks = [path for path, _ in rows]
    return (
        [path for path, one in zip(tracks, first, strict=True) if one],
        [path for path, one in zip(tracks, first, strict=True) if not one],
    )


def foreign(path: Path, start_s: float, seconds: float, settings: SpectrogramSettings) -> Any:
    """Return a clip's spectrogram as librosa makes it, shape (frames, mels)."""
    one = settings
    wave, _ = librosa.load(path, sr=one.rate_hz, offset=start_s, duration=seconds)
    bands = librosa.feature.melspectrogram(
        y=wave,
        sr=one.rate_hz,
        n_fft=one.n_fft,
        hop_length=one.hop,
        win_length=one.window_length,
        window=one.window,
        n_mels=one.mels,
        power=one.power,
    )
    decibels = librosa.power_to_db if one.power == 2 else librosa.amplitude_to_db
    reference = np.max if one.reference == "max" else one.reference
    found = decibels(bands, ref=reference, top_db=one.range_db or None).T
    if one.normalise == "standard":
        found = (found - found.mean()) / found.std()
    elif one.normalise == "minmax":
        found = (found - found.min()) / (found.max() - found.min())
    elif one.normalise == "unit":
        found = (found - found.max() + one.range_db) / one.range_db
    return found.astype(np.float32)


def clips_of(
    draw: Draw, count: int, asked: argparse.Namespace
) -> tuple[list[Spectrogram], list[Path]]:
    """Return clips of the draw's side and the tracks that they are from, each track in turn."""
    rng = np.random.default_rng([asked.seed, draw.number])
    tracks = rng.permutation(np.array(sides(asked.split)[draw.side], dtype=object)).tolist()
    chosen = [tracks[number % len(tracks)] for number in range(count)]
    clips = []
    for path in chosen:
        last_s = max(0.0, librosa.get_duration(path=path) - asked.seconds - 1)
        clips.append(foreign(path, rng.uniform(0, last_s), asked.seconds, draw.settings))
    return clips, chosen


def with_sound(draw: Draw, asked: argparse.Namespace) -> Found:
    """Identify a draw's settings with the clips' own tracks and one more."""
    since = time.monotonic()
    clips, tracks = clips_of(draw, CLIPS_WITH_SOUND + 1, asked)
    candidates = grid(draw.settings.mels, asked)
    match = match_exactly(clips[:CLIPS_WITH_SOUND], tracks, candidates, voice=QUIET)
    if match is None:
        return Found(len(candidates), draw.settings, (1.0, 1.0), 0, time.monotonic() - since)
    return found_of(dict(match.ranking), draw, since)


def by_distribution(
    group: tuple[int, int], draws: Sequence[Draw], asked: argparse.Namespace
) -> list[tuple[int, Found]]:
    """Identify the draws of one side and count of bands by the other side's tracks."""
    mels, side = group
    mine = [draw for draw in draws if (draw.settings.mels, draw.side) == group]
    if not mine:
        return []
    candidates = grid(mels, asked)
    heard = heard_of(sides(asked.split)[1 - side], candidates)
    found = []
    for draw in mine:
        since = time.monotonic()
        clips, _ = clips_of(draw, asked.clips, asked)
        found.append((draw.number, found_of(distances(clips, heard, candidates), draw, since)))
    return found


def heard_of(tracks: Sequence[Path], candidates: Sequence[SpectrogramSettings]) -> Heard:
    """Return what tracks are like under every candidate."""
    middle = SpectrogramSettings(rate_hz=44_100, excerpt_s=EXCERPT_S)
    waves = [read_excerpt(path, middle).wave for path in tracks]
    rates = sorted({one.rate_hz for one in candidates})
    sounds = {rate_hz: [at_rate(wave, rate_hz) for wave in waves] for rate_hz in rates}
    return hear(sounds, candidates, voice=QUIET)


def found_of(distance: dict[SpectrogramSettings, float], draw: Draw, since: float) -> Found:
    """Return where the truth ranks among candidates, 0 for the first."""
    ranking = sorted(distance, key=lambda one: distance[one])
    own = distance.get(draw.settings, float("inf"))
    values = np.array([distance[one] for one in ranking])
    same = int((np.abs(values - own) <= SAME).sum()) - 1
    other = float(values[values > values[0] + SAME][0])
    rank = int((values < own - SAME).sum())
    best = draw.settings if rank == 0 else ranking[0]
    return Found(rank, best, (float(values[0]), other), same, time.monotonic() - since)


def tell(what: str, draws: Sequence[Draw], found: Sequence[Found]) -> None:
    """Print what came of every draw."""
    for draw, one in zip(draws, found, strict=True):
        first, second = one.distances
        told = f"{draw.number} {one.rank} {one.same} {first:.4f} {second:.4f} {one.seconds:.0f} s"
        print(told, words(draw.settings))
        if one.rank:
            print("   taken for", words(one.best))
    hits = sum(one.rank == 0 for one in found)
    print(what, hits, "of", len(draws), flush=True)


def with_sound_text(
    draws: Sequence[Draw], found: Sequence[Found], asked: argparse.Namespace
) -> str:
    """Return the section on clips whose sound is at hand."""
    right = [one for one in found if one.rank == 0]
    left = sorted(one.distances[0] for one in right) or [float("nan")]
    ratio = sorted(one.distances[1] / max(one.distances[0], 1e-9) for one in right) or [0.0]
    tied = sum(one.same > 0 for one in right)
    return f"""## Hidden spectrogram settings, with the clips' own sound

{about(draws, asked)}

Each draw: {CLIPS_WITH_SOUND} clips of {asked.seconds:g} s that begin anywhere in two tracks, and \
the files of three tracks.  Named first: **{len(right)} of {len(draws)}**.

What is left between the clips and the named settings is {left[len(left) // 2]:.4f} of their \
spread in the middle draw (least {left[0]:.4f}, most {left[-1]:.4f}); the next other settings \
leave {ratio[len(ratio) // 2]:.1f} times as much (least {ratio[0]:.2f}).  In {tied} draws another \
setting gives the same numbers (clips that nowhere are 80 dB below their loudest do not tell \
whether they were cut off there); it counts as named.  Seconds a draw: \
{np.median([one.seconds for one in found]):.0f}.
{misses(draws, found)}
"""


def alone_text(draws: Sequence[Draw], found: Sequence[Found], asked: argparse.Namespace) -> str:
    """Return the section on clips that are compared with other music."""
    ranks = [one.rank for one in found]
    first = sum(rank == 0 for rank in ranks)
    five = sum(rank < 5 for rank in ranks)
    sizes = " and ".join(str(len(side)) for side in sides(asked.split))
    transform = sum(
        all(getattr(one.best, name) == getattr(draw.settings, name) for name in TRANSFORM)
        for draw, one in zip(draws, found, strict=True)
    )
    apart = "tracks" if asked.split == "tracks" else "tracks and artists"
    return f"""## Hidden spectrogram settings, by distribution alone: other {apart}

{about(draws, asked)}

Each draw: {asked.clips} clips of {asked.seconds:g} s from one side's tracks, compared with the \
other side's ({sizes} tracks; {apart} are on one side only).  Named first: \
**{first} of {len(draws)}**; among the first five: {five}; rate, n_fft, hop, window and its length \
all right in the first: {transform}.  Music of another kind than \
the foreign one's, or fewer clips, will do worse.
{misses(draws, found)}
"""


def about(draws: Sequence[Draw], asked: argparse.Namespace) -> str:
    """Return what was run on what."""
    count = len(grid(MELS[0], asked))
    told = f"--only {asked.only} --grid {asked.grid} --draws {len(draws)} --seed {asked.seed}"
    told += f" --split {asked.split}"
    whole = (
        "rates 16000, 22050, 44100; n_fft 512 to 4096; hop a quarter or half, window length all or "
        "half of n_fft; four windows; power or magnitude; reference 1 or the greatest; 80 dB or "
        "all; four ways to normalise"
    )
    seven = (
        "n_fft 512 to 4096; hop a quarter or half of n_fft; four windows; power or magnitude; "
        "reference 1 or the greatest; four ways to normalise; known are the rate (22050), the "
        "range (80 dB) and that windows are as long as n_fft"
    )
    return f"""`python scripts/{NAME} {told}`; \
{platform.machine()}, {os.cpu_count()} cores, librosa {version("librosa")}.  Real music (CC BY), \
{sum(map(len, sides(asked.split)))} tracks of 7 artists.  {len(draws)} draws from {count} \
candidates for each count of bands ({", ".join(map(str, MELS))}; an array's shape tells it): \
{whole if asked.grid == "whole" else seven}.  The spectrograms were made by librosa."""


def misses(draws: Sequence[Draw], found: Sequence[Found]) -> str:
    """Return a table of the draws that were taken for others."""
    rows = [
        f"| {words(draw.settings)} | {one.rank + 1} | {words(one.best)} |"
        for draw, one in zip(draws, found, strict=True)
        if one.rank
    ]
    if not rows:
        return ""
    return "\n".join(["", "| hidden | its place | taken for |", "|---|---|---|", *rows])


def words(one: SpectrogramSettings) -> str:
    """Return settings in a line."""
    return " ".join(str(getattr(one, name)) for name in (*TRANSFORM, "mels", *LEVEL))


if __name__ == "__main__":
    main()
