"""Checks that the evaluation can fail: chance, leaks, planted copies, and what sets promise.

Usage: python scripts/eval_guards.py [--repeats N] [--kept FOLDER]

On DEAM's song-level tables (see `eval_deam.py`), boosted trees of zones, five folds by artist:
shuffled labels must score at chance, a fold's own songs in its training must raise the score, and
copies of judged songs in the training must raise it as well where they are not grouped.  With the
predictions that `eval_deam.py --keep FOLDER` wrote: how often the sets of zones hold the truth,
over 50 splits into calibration and test, and the calibration error before and after the
temperature.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from eval_deam import FOLDS, ROOT, labelled, song_table

from zoneclf.labels.table import LabelledTable
from zoneclf.model.calibration import cross_tempered, temperature_of, zone_sets
from zoneclf.model.predictors import Probabilities, tempered
from zoneclf.model.resampling import joined
from zoneclf.model.splits import folds
from zoneclf.model.strategies import fit
from zoneclf.model.task import Task
from zoneclf.report.scores import score
from zoneclf.settings import TrainSettings

SETTINGS = TrainSettings(strategy="weighted", balance="none", rounds=100)
SPLITS = 50


def accuracy(table: LabelledTable, seed: int, *, leak: str = "") -> tuple[float, float]:
    """Return the out-of-fold accuracy, and what guessing with the same frequencies would reach.

    `leak` ``fold`` trains on the judged songs as well, ``copies`` on noisy copies of them.
    """
    out = np.zeros((len(table), len(table.zones)), dtype=np.float32)
    for train, held_out in folds(table.codes, table.group, count=FOLDS, seed=seed):
        part = table.take(train)
        if leak:
            part = joined(part, _leaked(table.take(held_out), leak, seed))
        task = Task(part, frozenset({"deam"}), replace(SETTINGS, seed=seed))
        out[held_out] = fit(task).probabilities(table.features.iloc[held_out])
    guesses = out.argmax(axis=1)
    true, guessed = (np.bincount(codes, minlength=out.shape[1]) for codes in (table.codes, guesses))
    return float((guesses == table.codes).mean()), float((true * guessed).sum() / len(table) ** 2)


def _leaked(judged: LabelledTable, leak: str, seed: int) -> LabelledTable:
    if leak == "fold":
        return judged
    noise = np.random.default_rng(seed).normal(1, 0.002, judged.features.shape)
    return replace(judged, features=(judged.features * noise).astype(np.float32))


def guards(table: LabelledTable, repeats: int) -> None:
    """Print accuracy as it should be and with each leak, and with shuffled labels."""
    print(f"\n| trees, {FOLDS} folds, {repeats} repeats | accuracy | chance |")
    print("|---|---|---|")
    for name, leak in (
        ("as it should be", ""),
        ("judged songs learnt from", "fold"),
        ("copies of judged songs learnt from", "copies"),
    ):
        print_line(name, [accuracy(table, seed, leak=leak) for seed in range(repeats)])
    for name, leak in (("shuffled labels", ""), ("shuffled labels, copies learnt from", "copies")):
        found = []
        for seed in range(repeats):
            codes = np.random.default_rng(seed).permutation(table.codes)
            found.append(accuracy(replace(table, codes=codes), seed, leak=leak))
        print_line(name, found)


def print_line(name: str, found: list[tuple[float, float]]) -> None:
    """Print mean and standard deviation of accuracy, and mean chance."""
    values, chances = np.array(found).T
    spread = values.std(ddof=min(1, len(values) - 1))
    print(f"| {name} | {values.mean():.3f} ± {spread:.3f} | {chances.mean():.3f} |", flush=True)


def sets(path: Path, groups: np.ndarray, zones: tuple[str, ...]) -> None:
    """Print coverage by zone over splits of artists, and calibration error."""
    kept = np.load(path)
    codes, shares = kept["codes"], kept["shares"]
    crossed = cross_tempered(codes, shares, groups)
    before, after = (score(codes, found, zones).ece for found in (shares, crossed))
    temperature = temperature_of(codes, shares)
    print(f"\n{path.stem}: calibration error {before:.3f}, {after:.3f} at {temperature:.2f}\n")
    print("| promised | " + " | ".join(zones) + " | all | zones per set | listen |")
    print("|---" * (len(zones) + 4) + "|")
    for promised in (0.8, 0.9, 0.95):
        rows = [covered(codes, shares, groups, zones, promised, seed) for seed in range(SPLITS)]
        mean, spread = np.mean(rows, axis=0), np.std(rows, axis=0, ddof=1)
        cells = [f"{m:.3f} ± {s:.3f}" for m, s in zip(mean, spread, strict=True)]
        print(f"| {promised:.2f} | " + " | ".join(cells) + " |", flush=True)


def covered(
    codes: np.ndarray,
    shares: Probabilities,
    groups: np.ndarray,
    zones: tuple[str, ...],
    promised: float,
    seed: int,
) -> list[float]:
    """Return coverage by zone and of all, mean size of a set and share of full ones, on a half."""
    names, places = np.unique(groups, return_inverse=True)
    half = np.random.default_rng(seed).permutation(len(names))[places] % 2 == 0
    shares = tempered(shares, temperature_of(codes[half], shares[half]))
    found = zone_sets(codes[half], shares[half], zones, coverage=promised)
    least = np.array([found.least[zone] for zone in zones])
    test, truth = shares[~half], codes[~half]
    inside = (test >= least) | (test == test.max(axis=1, keepdims=True)) & (
        ~(test >= least).any(axis=1, keepdims=True)
    )
    holds = inside[np.arange(len(truth)), truth]
    by_zone = [float(holds[truth == code].mean()) for code in range(len(zones))]
    size = inside.sum(axis=1)
    return [*by_zone, float(holds.mean()), float(size.mean()), float((size == len(zones)).mean())]


def main() -> int:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="how often folds are drawn")
    parser.add_argument("--kept", type=Path, help="folder that eval_deam.py --keep wrote")
    options = parser.parse_args()
    if not ROOT.is_dir():
        sys.exit(f"{ROOT}: not there; set ZONECLF_REAL_DATA")
    table = labelled(song_table(), "repaired")
    guards(table, options.repeats)
    for path in sorted(options.kept.glob("*-0.npz")) if options.kept else ():
        sets(path, table.group, table.zones)
    return 0


if __name__ == "__main__":
    sys.exit(main())
