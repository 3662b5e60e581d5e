"""Sets of rated music: DEAM's real songs (a smoke run) and clips that are made up.

Usage: python scripts/bench_affect_data.py [--seeds N] [--clips N] [--seconds S] [--output FILE]

Writes a section of results/benchmarks/affect.md.  The songs of DEAM that ZONECLF_REAL_DATA holds go
through `zoneclf targets` and `zoneclf deep affect prepare`.  Of made-up clips it is told how noisy
their ratings are, how well a linear model guesses them from plain statistics of spectrograms
(artists kept apart), and how much more alike splits are than splits by chance.
"""

import argparse
import csv
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import sklearn
from report_section import write_section
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from zoneclf.deep.affect.affect_set import NAMES, AffectSet, load_affect
from zoneclf.deep.affect.preparing import parts_of
from zoneclf.deep.readers.listing import SPLITS
from zoneclf.deep.sets.splitting import Shares, draw_splits

Floats = npt.NDArray[np.floating]
_DRAWS = 5


@dataclass(frozen=True)
class Made:
    """What is told of one made-up set; pairs are of arousal and valence."""

    artists: int
    seconds: float
    spread: tuple[float, float]
    correlation: float
    ceiling: tuple[float, float]
    guessed: tuple[float, float]
    wander: tuple[float, float]
    apart: float
    by_chance: float


def main() -> None:
    """Run everything and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--clips", type=int, default=600)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/affect.md"))
    told = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        deam = _deam(Path(folder))
        made = [
            _made(Path(folder) / f"{seed}", seed, told.clips, told.seconds)
            for seed in range(told.seeds)
        ]
    command = (
        f"python scripts/bench_affect_data.py --seeds {told.seeds} --clips {told.clips} "
        f"--seconds {told.seconds:g}"
    )
    machine = (
        f"{platform.machine()}, {os.cpu_count()} cores, scikit-learn {sklearn.__version__}, "
        f"{time.monotonic() - began:.0f} s"
    )
    text = f"""## Rated music: DEAM's real songs, and clips that are made up

`{command}` ({machine}).

{deam}

{_table(made, told.clips, told.seconds)}"""
    write_section(told.output, "affect data", text)


def _run(*words: object) -> dict[str, object]:
    """Return what a command prints as JSON."""
    command = [sys.executable, "-m", "zoneclf", *map(str, words), "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def _deam(folder: Path) -> str:
    """Return what the commands do with the real songs that are there."""
    named = os.environ.get("ZONECLF_REAL_DATA", "../shared/data")
    root = Path(named) / "deam"
    if not root.is_dir():
        return "DEAM's songs were not there."
    table = folder / "deam.parquet"
    targets = _run("targets", "--root", root, "--output", table)
    began = time.monotonic()
    _run("deep", "affect", "prepare", table, "--output", folder / "deam", "--jobs", 1)
    seconds = time.monotonic() - began
    found = load_affect(folder / "deam")
    names = ("song", "rated stretch", "arousal", "valence", "course", "frames", "split")
    rows = [names, ("---",) * len(names), *(_song(found, place) for place in range(len(found)))]
    said = "; ".join(map(str, targets["said"]))  # type: ignore[call-overload]
    head = f"""**A smoke run on real songs**, too few to learn from: `zoneclf targets --root DEAM`,
then `zoneclf deep affect prepare` ({seconds:.1f} s).  It said: {said}."""
    return "\n".join([head, "", *(f"| {' | '.join(row)} |" for row in rows)])


def _song(found: AffectSet, place: int) -> tuple[str, ...]:
    """Return what a set holds of a song, as cells of a table."""
    path, course = found.path(place), found.course(place)
    start_s, end_s = found.stretch(place)
    times = np.empty(0) if course is None else course[0]
    return (
        f"{path.parent.name}/{path.name}",
        f"{start_s:g} to {end_s:g} s",
        *(f"{value:.1f}" for value in found.targets[place]),
        f"{len(times)} values, {times[0]:g} to {times[-1]:g} s" if len(times) else "none",
        str(found.frame_counts[place]),
        str(found.splits[place]),
    )


def _made(folder: Path, seed: int, clips: int, seconds: float) -> Made:
    began = time.monotonic()
    words = ("deep", "affect", "synthesise", folder / "clips", "--clips", clips)
    command = [sys.executable, "-m", "zoneclf", *map(str, words)]
    subprocess.run(
        [*command, "--seconds", f"{seconds:g}", "--seed", f"{seed}"],
        check=True,
        capture_output=True,
    )
    took_s = time.monotonic() - began
    table = folder / "clips" / "targets.parquet"
    _run("deep", "affect", "prepare", table, "--output", folder / "set", "--mels", 64, "--jobs", 1)
    found = load_affect(folder / "set")
    rated, meant = found.targets.astype(np.float64), _meant(folder / "clips" / "ratings.csv")
    courses = [course for course in map(found.course, range(len(found))) if course is not None]
    whole = np.corrcoef(np.concatenate([rated, meant], axis=1).T)
    apart, by_chance = _apart(rated, found.groups)
    return Made(
        artists=len(set(found.groups)),
        seconds=took_s,
        spread=_pair(rated.std(axis=0)),
        correlation=float(whole[0, 1]),
        ceiling=(float(whole[0, 2] ** 2), float(whole[1, 3] ** 2)),
        guessed=_pair(_guessed(found, rated)),
        wander=_pair(np.array([np.ptp(values, axis=0) for _, values in courses]).mean(axis=0)),
        apart=apart,
        by_chance=by_chance,
    )


def _pair(values: Floats | list[float]) -> tuple[float, float]:
    return float(values[0]), float(values[1])


def _meant(path: Path) -> Floats:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return np.array([[float(row[f"{name}_meant"]) for name in NAMES] for row in rows])


def _guessed(found: AffectSet, rated: Floats) -> list[float]:
    """Return R2 of ridge regression on plain statistics of spectrograms, artists kept apart."""
    features = []
    for place in range(len(found)):
        mels = found.spectrogram(place)
        rises = np.maximum(0, np.diff(mels, axis=0))
        features.append(np.concatenate([mels.mean(0), mels.std(0), rises.mean(0)]))
    scores = []
    for column in range(2):
        model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(0, 5, 12)))
        guess = cross_val_predict(
            model, np.array(features), rated[:, column], groups=found.groups, cv=GroupKFold(5)
        )
        wrong = np.square(guess - rated[:, column]).sum()
        scores.append(1 - wrong / np.square(rated[:, column] - rated[:, column].mean()).sum())
    return [float(score) for score in scores]


def _apart(rated: Floats, groups: npt.NDArray[np.str_]) -> tuple[float, float]:
    """Return how far means of splits are from the whole's: drawn as sets do, and by chance."""
    told = []
    for labels in (parts_of(rated), np.ones((len(rated), 1), dtype=bool)):
        gaps = []
        for seed in range(_DRAWS):
            splits = draw_splits(labels, groups.tolist(), Shares(), seed=seed)
            gaps += [np.abs(rated[splits == split].mean(0) - rated.mean(0)) for split in SPLITS]
        told.append(float(np.mean(gaps)))
    return told[0], told[1]


def _table(made: list[Made], clips: int, seconds: float) -> str:
    rows = {
        "standard deviation of the ratings": "spread",
        "highest R2 that the raters' noise allows": "ceiling",
        "R2 of ridge regression on mean, spread and rises of mel bands": "guessed",
        "range of the course within a clip": "wander",
    }
    lines = ["| | arousal | valence |", "|---|---|---|"]
    for what, name in rows.items():
        pairs = [getattr(one, name) for one in made]
        cells = [_ends([pair[column] for pair in pairs]) for column in (0, 1)]
        lines.append(f"| {what} | {' | '.join(cells)} |")
    artists = _ends([float(one.artists) for one in made], 0)
    took_s = _ends([one.seconds for one in made], 0)
    apart, by_chance = (_ends([getattr(one, n) for one in made]) for n in ("apart", "by_chance"))
    head = f"""**Synthesised**: {len(made)} sets (seeds 0 to {len(made) - 1}) of {clips} clips of
{seconds:g} s by {artists} artists, each made in {took_s} s.  Means over the sets, with the smallest
and the largest; the regression is judged over 5 folds of artists."""
    foot = f"""The two ratings correlate by {_ends([one.correlation for one in made])}.  Means of
splits are {apart} points of the scale from the whole's; those of splits by chance, {by_chance}.

What is meant can be heard in the made-up clips, plain statistics do not exhaust it, and ten
raters' noise bounds every score.  They follow the rules that made them: scores on them say that
training works, not how well real music would be told."""
    return "\n".join([head, "", *lines, "", foot])


def _ends(values: list[float], digits: int = 2) -> str:
    """Return a mean with the smallest and the largest."""
    ends = f"{min(values):.{digits}f} to {max(values):.{digits}f}"
    return f"{np.mean(values):.{digits}f} ({ends})"


if __name__ == "__main__":
    main()
