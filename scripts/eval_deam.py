"""Cross-validate zones, arousal and valence on DEAM's 1802 songs from its song-level tables.

Usage: python scripts/eval_deam.py [--repeats N]

Reads the folder that ZONECLF_REAL_DATA names (default ../shared/data): deam/annotations and both
tables of deam/song_level, whose 161 usable columns are means over all frames of DEAM's shipped
feature files.  Five folds, stratified by zone and grouped by artist; plain settings of this
package.  Prints mean and standard deviation over repeats, for repaired labels and as shipped.
"""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zoneclf.labels.deam import load_deam
from zoneclf.labels.source_labels import label_deam
from zoneclf.labels.table import LabelledTable, unify
from zoneclf.labels.zones import load_zones
from zoneclf.model.affect import NAMES, out_of_fold_values
from zoneclf.model.task import Task
from zoneclf.report.evaluation import cross_validate
from zoneclf.report.scores import score
from zoneclf.settings import DeamLabels, TrainSettings
from zoneclf.tracks.song_table import read_song_table
from zoneclf.tracks.track_table import TrackTable

ROOT = Path(os.environ.get("ZONECLF_REAL_DATA", "../shared/data")) / "deam"
ZONES = load_zones(Path(__file__).parents[1] / "config" / "zone_mapping.yaml")
FOLDS = 5
RATERS = 10


def song_table() -> TrackTable:
    """Return both song-level tables joined by song id."""
    first = read_song_table(
        ROOT / "song_level" / "specteral_data.csv", id_column="song_id", renamed={}
    )
    second = read_song_table(
        ROOT / "song_level" / "deam_features_74.csv", id_column="track_id", renamed={}
    )
    more = [name for name in second.spec.features if name not in first.spec.features]
    rows = first.rows.merge(second.rows[["name", *more]], on="name", validate="one_to_one")
    spec = replace(first.spec, features=(*first.spec.features, *more))
    return TrackTable(rows, replace(first.note, spec=spec))


def labelled(table: TrackTable, policy: DeamLabels) -> LabelledTable:
    """Return the songs with their zones."""
    annotations = load_deam(ROOT, policy)
    for statement in annotations.statements:
        print(f"  {statement}")
    labels = label_deam(table, annotations, ZONES, source="deam", allowed=frozenset({"ok"}))
    return unify({"deam": (table, labels)}, ZONES)[0]


def scores(table: LabelledTable, settings: TrainSettings, repeats: int) -> pd.DataFrame:
    """Return one row per repeat: scores of zones, R2 of arousal and valence."""
    task = Task(table, frozenset({"deam"}), settings)
    found = cross_validate(task, count=FOLDS, repeats=repeats, progress=_tell)
    rows: list[dict[str, Any]] = []
    for number, probabilities in enumerate(found.repeats):
        one = score(table.codes, probabilities, table.zones)
        row = {
            "accuracy": one.accuracy,
            "F1 weighted": one.f1_weighted,
            "F1 macro": one.f1_macro,
            "log loss": one.log_loss,
            **{f"recall {zone}": value for zone, value in one.recall.items()},
        }
        predicted = out_of_fold_values(table, replace(settings, seed=settings.seed + number), FOLDS)
        for place, name in enumerate(NAMES):
            truth = table.about[name].to_numpy(float)
            left = ((truth - predicted[:, place]) ** 2).sum()
            row[f"R2 {name}"] = 1 - left / ((truth - truth.mean()) ** 2).sum()
        rows.append(row)
    return pd.DataFrame(rows)


def ceiling(draws: int = 200) -> tuple[float, float]:
    """Return how often another panel of ten raters would put a song into its published zone.

    Each song's mean is drawn anew from a normal distribution with its raters' standard deviation
    over the root of ten; mean and standard deviation over draws.
    """
    songs = load_deam(ROOT, "repaired").songs
    generator = np.random.default_rng(0)
    values = [songs[f"{name}_mean"].to_numpy() for name in NAMES]
    spreads = [songs[f"{name}_std"].to_numpy() / np.sqrt(RATERS) for name in NAMES]
    published = ZONES.codes(values[0], values[1])
    shares = []
    for _ in range(draws):
        arousal, valence = (
            generator.normal(value, spread) for value, spread in zip(values, spreads, strict=True)
        )
        shares.append(float((ZONES.codes(arousal, valence) == published).mean()))
    return float(np.mean(shares)), float(np.std(shares))


def _tell(done: int, total: int) -> None:
    print(f"\r  fold {done} of {total}", end="\n" if done == total else "", file=sys.stderr)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    if not ROOT.is_dir():
        sys.exit(f"{ROOT}: not there; set ZONECLF_REAL_DATA")
    table = song_table()
    results = {}
    cases: tuple[tuple[DeamLabels, bool], ...] = (
        ("repaired", False),
        ("repaired", True),
        ("as-shipped", False),
    )
    for policy, weights in cases:
        name = policy + (", class weights" if weights else "")
        print(f"labels {name}:")
        songs = labelled(table, policy)
        counts = dict(zip(ZONES.names, np.bincount(songs.codes).tolist(), strict=True))
        print(f"  {len(songs)} songs, {len(songs.spec.features)} features, zones {counts}")
        results[name] = scores(
            songs, TrainSettings(balance="class" if weights else "none"), options.repeats
        )
    print(f"\n{FOLDS}-fold cross-validation, {options.repeats} repeats, mean +- sd:\n")
    print("| labels | " + " | ".join(next(iter(results.values())).columns) + " |")
    print("|---" * (1 + len(next(iter(results.values())).columns)) + "|")
    for name, found in results.items():
        spread = found.std(ddof=min(1, len(found) - 1))
        cells = [f"{found[c].mean():.3f} ± {spread[c]:.3f}" for c in found.columns]
        print(f"| {name} | " + " | ".join(cells) + " |")
    share, deviation = ceiling()
    print(f"\nanother panel of {RATERS} raters agrees on {share:.3f} ± {deviation:.3f} of zones")
    return 0


if __name__ == "__main__":
    sys.exit(main())
