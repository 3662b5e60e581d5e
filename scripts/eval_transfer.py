"""What DEAM is worth to a user with few labels: every strategy against learning from them alone.

Usage: python scripts/eval_transfer.py [--repeats N] [--preset NAME] [--labels N ...]

Reads DEAM's song-level tables as `eval_deam.py` does.  The user is played by the songs whose
metadata genre names electronic or hip-hop; the source is every other song but those of the user's
artists.  Each repeat draws labelled songs of the user (at least two of each zone) and judges on the
rest, without the artists drawn.  With --preset the user's zones follow another rule than the
source's, as a real user's would.  Prints log loss and accuracy, mean +- sd over repeats, and the
paired difference to `user-only` with its 95 % interval (Student's over repeats).
"""

import argparse
import csv
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from eval_deam import ROOT, ZONES, labelled, song_table
from scipy.stats import t as student

from zoneclf.labels.regions import regions_of
from zoneclf.labels.table import LabelledTable
from zoneclf.labels.zones import load_zones
from zoneclf.model.resampling import joined
from zoneclf.model.strategies import BASELINE, FIXED, chosen, contenders, fit
from zoneclf.model.task import Task
from zoneclf.report.scores import Scores, score
from zoneclf.settings import TrainSettings

GENRES = ("electronic", "hip-hop")
OWN = "user"
FEWEST = 2
# Beside every strategy as it is by default, the variants that a user can ask for.
Ways = dict[str, TrainSettings]
QUICK = TrainSettings(inner_repeats=1)
WAYS: Ways = {
    **{name: replace(QUICK, strategy=name) for name in FIXED},
    "finetune continue": replace(QUICK, strategy="finetune", finetune="continue"),
    "finetune stack": replace(QUICK, strategy="finetune", finetune="stack"),
    "auto": replace(QUICK, strategy="auto"),
}
VARIANTS: Ways = {
    "user-only blend": replace(QUICK, strategy="user-only", learner="blend"),
    "weighted blend": replace(QUICK, strategy="weighted", learner="blend"),
    "weighted coral": replace(QUICK, strategy="weighted", domain_adapt="coral"),
    "weighted density": replace(QUICK, strategy="weighted", domain_adapt="density"),
    "weighted feda": replace(QUICK, strategy="weighted", domain_adapt="feda"),
    "weighted soft": replace(QUICK, strategy="weighted", soft_labels=True),
}


def genres() -> dict[int, str]:
    """Return each song's genre in lower case, from the metadata of all three years."""
    found = {}
    for path in sorted((ROOT / "metadata").glob("metadata_201[345].csv")):
        with path.open(encoding="utf-8", errors="replace", newline="") as stream:
            rows = csv.reader(stream)
            header = [cell.strip() for cell in next(rows)]
            song, genre = header.index("song_id"), header.index("Genre")
            for row in rows:
                if len(row) > genre:
                    found[int(row[song])] = row[genre].strip(' \t,"').lower()
    return found


def split(preset: str) -> tuple[LabelledTable, LabelledTable]:
    """Return the user's songs, with zones by the preset, and the source's."""
    table, genre = labelled(song_table(), "repaired"), genres()
    songs = table.about["name"].astype(int)
    mine = np.array([any(name in genre.get(song, "") for name in GENRES) for song in songs])
    own = table.take(mine)
    rule = load_zones(Path(__file__).parents[1] / "config" / "zone_mapping.yaml", preset)
    codes = rule.codes(own.about["arousal"].to_numpy(), own.about["valence"].to_numpy())
    about = own.about.assign(arousal=np.nan, valence=np.nan, arousal_se=np.nan, valence_se=np.nan)
    own = replace(own, codes=codes, source=np.full(len(own), OWN), about=about)
    others = table.take(~mine & ~np.isin(table.group, np.unique(own.group)))
    return own, others


def draws(own: LabelledTable, count: int, repeats: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the songs that are labelled and those that judge, without the former's artists."""
    for repeat in range(repeats):
        generator = np.random.default_rng(1000 * count + repeat)
        while True:
            train = generator.choice(len(own), count, replace=False)
            if np.bincount(own.codes[train], minlength=len(own.zones)).min() >= FEWEST:
                break
        apart = ~np.isin(own.group, np.unique(own.group[train]))
        yield train, np.flatnonzero(apart)


def one_draw(task: Task, test: LabelledTable, ways: Ways) -> dict[str, Scores]:
    """Return the scores of every way."""
    found = {}
    for name, settings in ways.items():
        shares = fit(replace(task, settings=settings)).probabilities(test.features)
        found[name] = score(test.codes, shares, test.zones)
    return found


def measure(
    own: LabelledTable, others: LabelledTable, count: int, *, repeats: int, ways: Ways
) -> pd.DataFrame:
    """Return one row per way and repeat."""
    rows = []
    taken: Counter[str] = Counter()
    memo = Task(others, frozenset({OWN}), QUICK).memo
    for number, (train, test) in enumerate(draws(own, count, repeats)):
        started = time.perf_counter()
        table = joined(own.take(train), others)
        task = Task(table, frozenset({OWN}), QUICK, regions_of(ZONES), memo)
        for name, scores in one_draw(task, own.take(test), ways).items():
            rows.append((name, number, scores.log_loss, scores.accuracy, scores.f1_macro))
        auto = replace(task, settings=WAYS["auto"])
        taken[chosen(contenders(auto))] += 1
        took = time.perf_counter() - started
        print(f"  {count} labels, draw {number + 1}: {took:.0f} s", file=sys.stderr, flush=True)
    print(f"\n{count} labels; auto took " + ", ".join(f"{n} {k} times" for n, k in taken.items()))
    return pd.DataFrame(rows, columns=["way", "repeat", "log_loss", "accuracy", "f1_macro"])


def print_table(found: pd.DataFrame, repeats: int, ways: Ways) -> None:
    """Print a line per way."""
    print("\n| strategy | log loss | accuracy | macro F1 | log loss against user-only |")
    print("|---|---|---|---|---|")
    base = found[found["way"] == BASELINE].set_index("repeat")["log_loss"]
    for name in ways:
        rows = found[found["way"] == name].set_index("repeat")
        apart = rows["log_loss"] - base
        half = student.ppf(0.975, repeats - 1) * apart.std(ddof=1) / np.sqrt(repeats)
        cells = [
            f"{rows[column].mean():.3f} ± {rows[column].std(ddof=1):.3f}"
            for column in ("log_loss", "accuracy", "f1_macro")
        ]
        low, high = apart.mean() - half, apart.mean() + half
        against = "" if name == BASELINE else f"{apart.mean():+.3f} ({low:+.3f} to {high:+.3f})"
        print(f"| {name} | " + " | ".join(cells) + f" | {against} |", flush=True)


def main() -> int:
    """Print a table for each number of labels."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=10, help="draws of labelled songs")
    parser.add_argument("--preset", default="balanced", help="rule of the user's zones")
    parser.add_argument("--labels", type=int, nargs="+", default=[25, 50, 100, 200])
    parser.add_argument("--variants", action="store_true", help="learners and switches as well")
    options = parser.parse_args()
    if not ROOT.is_dir():
        sys.exit(f"{ROOT}: not there; set ZONECLF_REAL_DATA")
    own, others = split(options.preset)
    counts = dict(zip(own.zones, np.bincount(own.codes).tolist(), strict=True))
    print(
        f"{len(own)} songs of the user by the rule {options.preset} {counts}, {len(others)} others"
    )
    ways = WAYS | (VARIANTS if options.variants else {})
    for count in options.labels:
        found = measure(own, others, count, repeats=options.repeats, ways=ways)
        print_table(found, options.repeats, ways)
    return 0


if __name__ == "__main__":
    sys.exit(main())
