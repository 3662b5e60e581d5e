"""Cross-validate zones, arousal and valence on DEAM's 1802 songs from its song-level tables.

Usage: python scripts/eval_deam.py [--repeats N]

Reads the folder that ZONECLF_REAL_DATA names (default ../shared/data): deam/annotations and both
tables of deam/song_level, whose 161 usable columns are means over all frames of DEAM's shipped
feature files.  Five folds, stratified by zone, plain or with an artist's songs kept together;
settings of this package.  Prints mean and standard deviation over repeats, for repaired labels and
as shipped.
"""

import argparse
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zoneclf.labels.deam import load_deam
from zoneclf.labels.regions import regions_of
from zoneclf.labels.source_labels import label_deam
from zoneclf.labels.table import LabelledTable, unify
from zoneclf.labels.zones import load_zones
from zoneclf.model.affect import NAMES
from zoneclf.model.splits import folds
from zoneclf.model.strategies import fit
from zoneclf.model.task import Task
from zoneclf.model.transfer import source_affect
from zoneclf.report.scores import score
from zoneclf.settings import Balance, DeamLabels, Strategy, TrainSettings
from zoneclf.tracks.song_table import read_song_table
from zoneclf.tracks.track_table import TrackTable

ROOT = Path(os.environ.get("ZONECLF_REAL_DATA", "../shared/data")) / "deam"
ZONES = load_zones(Path(__file__).parents[1] / "config" / "zone_mapping.yaml")
FOLDS = 5
RATERS = 10


@dataclass(frozen=True)
class Way:
    """What one line of the table shows."""

    labels: DeamLabels
    strategy: Strategy
    by_artist: bool
    repeats: int
    balance: Balance = "none"
    keep: Path | None = None

    @property
    def name(self) -> str:
        """Its first cell."""
        how = "affect" if self.strategy == "affect" else "trees"
        weights = ", zones weighted alike" if self.balance == "class" else ""
        return f"{self.labels}, {how}{weights}, {'artist' if self.by_artist else 'plain'} folds"


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


def crossed(
    table: LabelledTable, settings: TrainSettings, *, repeat: int, by_artist: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return out-of-fold zone probabilities and arousal and valence, each predicted once.

    With `settings.strategy` ``affect`` the zones come from predicted arousal and valence, whose
    error is measured on inner folds; else from boosted trees.
    """
    groups = table.group if by_artist else np.arange(len(table)).astype(str)
    shares = np.zeros((len(table), len(table.zones)), dtype=np.float32)
    values = np.zeros((len(table), len(NAMES)))
    seed = settings.seed + repeat
    parts = folds(table.codes, groups, count=FOLDS, seed=seed)
    for number, (train, held_out) in enumerate(parts):
        # Nobody's own: so the strategy affect needs no user, and inner folds know the groups.
        part = replace(table, group=groups).take(train)
        task = Task(part, frozenset(), replace(settings, seed=seed), regions_of(ZONES))
        features = table.features.iloc[held_out]
        if settings.strategy == "affect":
            found = source_affect(task)
            values[held_out] = found.values(features)
            shares[held_out] = found.probabilities(features)
        else:
            shares[held_out] = fit(task).probabilities(features)
            values[held_out] = np.nan
        _tell(number + 1, FOLDS)
    return shares, values


def scores(table: LabelledTable, settings: TrainSettings, way: Way) -> pd.DataFrame:
    """Return one row per repeat: scores of zones, R2 of arousal and valence."""
    rows: list[dict[str, Any]] = []
    for repeat in range(way.repeats):
        shares, values = crossed(table, settings, repeat=repeat, by_artist=way.by_artist)
        one = score(table.codes, shares, table.zones)
        row: dict[str, Any] = {
            "accuracy": one.accuracy,
            "F1 weighted": one.f1_weighted,
            "F1 macro": one.f1_macro,
            "log loss": one.log_loss,
            "ECE": one.ece,
            **{f"recall {zone}": value for zone, value in one.recall.items()},
        }
        for place, name in enumerate(NAMES):
            truth = table.about[name].to_numpy(float)
            left = ((truth - values[:, place]) ** 2).sum()
            row[f"R2 {name}"] = 1 - left / ((truth - truth.mean()) ** 2).sum()
        rows.append(row)
        if way.keep:
            np.savez(way.keep / f"{way.name}-{repeat}.npz", shares=shares, codes=table.codes)
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


def ways(repeats: int, keep: Path | None) -> tuple[Way, ...]:
    """Return the lines of the table."""
    return (
        Way("repaired", "affect", by_artist=False, repeats=repeats, keep=keep),
        Way("repaired", "affect", by_artist=True, repeats=repeats, keep=keep),
        Way("repaired", "weighted", by_artist=True, repeats=repeats, keep=keep),
        Way("repaired", "weighted", by_artist=True, repeats=repeats, balance="class"),
        Way("as-shipped", "weighted", by_artist=True, repeats=repeats),
        Way("as-shipped", "affect", by_artist=True, repeats=repeats),
    )


def _tell(done: int, total: int) -> None:
    print(f"\r  fold {done} of {total}", end="\n" if done == total else "", file=sys.stderr)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3, help="how often folds are drawn")
    parser.add_argument("--keep", type=Path, help="folder for the predictions, as .npz")
    options = parser.parse_args()
    if not ROOT.is_dir():
        sys.exit(f"{ROOT}: not there; set ZONECLF_REAL_DATA")
    table, results = song_table(), {}
    for way in ways(options.repeats, options.keep):
        songs = labelled(table, way.labels)
        counts = dict(zip(ZONES.names, np.bincount(songs.codes).tolist(), strict=True))
        print(f"{way.name}: {len(songs)} songs, {len(songs.spec.features)} features, {counts}")
        settings = TrainSettings(strategy=way.strategy, balance=way.balance)
        results[way.name] = scores(songs, settings, way)
        print(results[way.name].round(4).to_string(), flush=True)
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
