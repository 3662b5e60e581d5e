"""Train the starter, the model that comes with zoneclf, on DEAM's song-level tables.

Usage: python scripts/train_starter.py [--repeats N] [--output FOLDER]

Reads what `eval_deam.py` reads.  Writes a model folder without anything computed per song, with
its card and MODEL_CARD.md; the same data and versions give the same model.  Scores come from
cross-validation grouped by artist of the whole training.  To ship it, move the folder to
zoneclf/starter.
"""

import argparse
import datetime
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from eval_deam import ROOT, ZONES, labelled, song_table
from sklearn.metrics import f1_score, recall_score

from zoneclf.labels.regions import regions_of
from zoneclf.labels.table import LabelledTable
from zoneclf.model.affect import NAMES, fit_affect
from zoneclf.model.artifact import save_model
from zoneclf.model.calibration import zone_sets
from zoneclf.model.card import ModelCard
from zoneclf.model.predictors import Affect, Probabilities
from zoneclf.model.reference import reference_of
from zoneclf.model.splits import folds
from zoneclf.model.starter import STARTER, starter_columns
from zoneclf.pipeline.training import ids_digest
from zoneclf.pipeline.versions import versions_used
from zoneclf.report.scores import score
from zoneclf.report.starter_card import starter_card_text
from zoneclf.settings import DeamLabels, TrainSettings
from zoneclf.writing import write_text

LABELS: DeamLabels = "repaired"
FOLDS, RESAMPLES, COVERAGE = 5, 1000, 0.9
SETTINGS = TrainSettings(strategy="affect", keep_rows=False, balance="none")
REGIONS = regions_of(ZONES)
Values = npt.NDArray[np.float64]
Measures = dict[str, float]


def songs() -> LabelledTable:
    """Return DEAM's songs with repaired labels and the starter's columns."""
    table = labelled(song_table(), LABELS)
    return table.with_features(starter_columns(table.spec.features))


def trained(table: LabelledTable) -> Affect:
    """Return the starter's predictor."""
    return fit_affect(table, SETTINGS, REGIONS)


def crossed(table: LabelledTable, seed: int) -> tuple[Probabilities, Values]:
    """Return zone probabilities and arousal and valence of songs by models that lack them."""
    shares = np.zeros((len(table), len(table.zones)), dtype=np.float32)
    values = np.zeros((len(table), len(NAMES)))
    for train, held_out in folds(table.codes, table.group, count=FOLDS, seed=seed):
        found = trained(table.take(train))
        features = table.features.iloc[held_out]
        shares[held_out], values[held_out] = found.probabilities(features), found.values(features)
        print(f"  seed {seed}: {len(held_out)} songs judged", file=sys.stderr)
    return shares, values


def measures(table: LabelledTable, shares: Probabilities, values: Values) -> Measures:
    """Return the scores of some songs by name."""
    guesses, codes = shares.argmax(axis=1), np.arange(len(table.zones))
    recalls = recall_score(table.codes, guesses, labels=codes, average=None, zero_division=0)
    found = {
        "accuracy": float((guesses == table.codes).mean()),
        "weighted F1": float(f1_score(table.codes, guesses, average="weighted")),
        "macro F1": float(f1_score(table.codes, guesses, average="macro")),
        "log loss": float(-np.log(shares[np.arange(len(table)), table.codes]).mean()),
        **{f"recall {zone}": float(recalls[code]) for code, zone in enumerate(table.zones)},
    }
    for place, name in enumerate(NAMES):
        truth = table.about[name].to_numpy(float)
        left = ((truth - values[:, place]) ** 2).sum()
        found[f"R2 {name}"] = float(1 - left / ((truth - truth.mean()) ** 2).sum())
    return found


def interval(
    table: LabelledTable, measure: Callable[[npt.NDArray[np.int64]], Measures]
) -> dict[str, tuple[float, float]]:
    """Return 95 % intervals from resamples of the artists, each with all songs of theirs."""
    _, artist = np.unique(table.group, return_inverse=True)
    theirs = [np.flatnonzero(artist == one) for one in range(artist.max() + 1)]
    generator = np.random.default_rng(0)
    draws = generator.integers(len(theirs), size=(RESAMPLES, len(theirs)))
    found = [measure(np.concatenate([theirs[one] for one in draw])) for draw in draws]
    ends = {name: np.quantile([one[name] for one in found], [0.025, 0.975]) for name in found[0]}
    return {name: (float(low), float(high)) for name, (low, high) in ends.items()}


def judged(table: LabelledTable, repeats: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return scores and calibration for the card."""
    runs = [crossed(table, seed) for seed in range(repeats)]
    shares, values = runs[0]
    each = [measures(table, *run) for run in runs]
    ends = interval(table, lambda rows: measures(table.take(rows), shares[rows], values[rows]))
    measured = {
        name: {
            "value": value,
            "ci95": ends[name],
            "sd": float(np.std([one[name] for one in each], ddof=min(1, repeats - 1))),
        }
        for name, value in each[0].items()
    }
    whole = score(table.codes, shares, table.zones)
    sets = zone_sets(table.codes, shares, table.zones, coverage=COVERAGE).as_json()
    scores = {"folds": FOLDS, "repeats": repeats, **asdict(whole), "measured": measured}
    return scores, {
        "temperature": 1.0,
        "ece_before": whole.ece,
        "ece_after": whole.ece,
        "sets": sets,
    }


def card_of(table: LabelledTable, scores: dict[str, Any], calibration: dict[str, Any]) -> ModelCard:
    """Return the starter's card."""
    counts = Counter(np.array(table.zones)[table.codes].tolist())
    return ModelCard(
        name=STARTER,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        zones=table.zones,
        spec=table.spec,
        extractors={},  # DEAM's own numbers, whose definition every extractor reproduces
        strategy=SETTINGS.strategy,
        settings=asdict(SETTINGS),
        sources={"deam": {zone: counts[zone] for zone in table.zones}},
        rule=ZONES.digest,
        label_repair=LABELS,
        training=ids_digest(table),
        holdout="",
        licence="non-commercial",
        versions=versions_used(),
        calibration=calibration,
        scores=scores,
    )


def main() -> int:
    """Train, judge and write the starter."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3, help="how often folds are drawn")
    parser.add_argument("--output", type=Path, default=Path(STARTER), help="new folder")
    options = parser.parse_args()
    if not ROOT.is_dir():
        sys.exit(f"{ROOT}: not there; set ZONECLF_REAL_DATA")
    table = songs()
    scores, calibration = judged(table, options.repeats)
    card = card_of(table, scores, calibration)
    reference = reference_of(table, frozenset())
    card = save_model(trained(table), card, options.output, reference=reference)
    write_text(starter_card_text(card), options.output / "MODEL_CARD.md")
    size = sum(path.stat().st_size for path in options.output.iterdir())
    print(f"{options.output}: {len(table.spec.features)} columns, {size / 1e6:.1f} MB")
    for name, found in card.scores["measured"].items():
        low, high = found["ci95"]
        print(f"  {name}: {found['value']:.3f} ({low:.3f} to {high:.3f}), sd {found['sd']:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
