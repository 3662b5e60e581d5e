"""How often the sets of zones hold the right one, and how often they say nothing.

A model rules out the zones whose probability is below its card's threshold (`ZoneSets`).  Tracks
that the thresholds came from are judged by thresholds of other artists' tracks, so that what is
said here holds for new ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zoneclf.model.calibration import ZoneSets, zone_sets
from zoneclf.model.predictors import Probabilities
from zoneclf.report.evaluation import Evaluation
from zoneclf.report.intervals import Interval, wilson

Kept = npt.NDArray[np.bool_]
_PARTS = 5
LISTEN = "listen"


def kept_zones(sets: ZoneSets, probabilities: Probabilities, zones: Sequence[str]) -> Kept:
    """Return which zones cannot be ruled out, shape (tracks, zones), one at least per track."""
    kept = probabilities.astype(np.float64) >= np.array([sets.least[zone] for zone in zones])
    best = np.eye(probabilities.shape[1], dtype=bool)[probabilities.argmax(axis=1)]
    return np.where(kept.any(axis=1, keepdims=True), kept, best)


def words_of(kept: Kept, zones: Sequence[str]) -> list[str]:
    """Return each set in words: ``GREEN or PURPLE``; ``listen`` where nothing is ruled out."""
    names = np.array(zones)
    return [LISTEN if row.all() else " or ".join(names[row]) for row in kept]


def with_sets(evaluation: Evaluation, sets: ZoneSets, own: frozenset[str]) -> Evaluation:
    """Return the evaluation with the zones that cannot be ruled out.

    Parameters
    ----------
    evaluation
        Predictions as the model makes them, at its temperature.
    sets
        The model's thresholds.
    own
        The sources whose cross-validated tracks gave the thresholds.
    """
    kept = kept_zones(sets, evaluation.repeats[0], evaluation.table.zones)
    mine = np.isin(evaluation.table.source, list(own))
    if evaluation.split == "cv" and mine.any():
        kept[mine] = _crossed(evaluation.part(mine), sets)
    return Evaluation(
        evaluation.split, evaluation.table, evaluation.probabilities, evaluation.repeats, kept
    )


def _crossed(evaluation: Evaluation, sets: ZoneSets) -> Kept:
    """Return the sets of tracks at the thresholds that other groups' tracks give."""
    table, shares = evaluation.table, evaluation.repeats[0]
    _, places = np.unique(table.group, return_inverse=True)
    part = np.random.default_rng(0).permutation(int(places.max()) + 1)[places] % _PARTS
    kept = np.ones(shares.shape, dtype=bool)
    for number in np.unique(part):
        rest = part != number
        found = zone_sets(table.codes[rest], shares[rest], table.zones, coverage=sets.coverage)
        kept[~rest] = kept_zones(found, shares[~rest], table.zones)
    return kept


@dataclass(frozen=True)
class SetScores:
    """How good sets are: the share of tracks whose set holds the right zone, in all and by zone.

    `mean_size` is in zones, `listen` the share of sets that rule nothing out, `single` of those
    that leave one zone.
    """

    promised: float
    n: int
    coverage: float
    coverage_ci95: Interval
    by_zone: Mapping[str, float | None]
    by_zone_ci95: Mapping[str, Interval | None]
    by_zone_n: Mapping[str, int]
    mean_size: float
    single: float
    listen: float


def set_scores(evaluation: Evaluation, promised: float) -> SetScores | None:
    """Return the scores of an evaluation's sets; None if it has none."""
    kept, codes, zones = evaluation.kept, evaluation.table.codes, evaluation.table.zones
    if kept is None or not len(codes):
        return None
    held = kept[np.arange(len(codes)), codes]
    size = kept.sum(axis=1)
    by_zone: dict[str, Any] = {}
    ends: dict[str, Any] = {}
    counts = {zone: int((codes == code).sum()) for code, zone in enumerate(zones)}
    for code, zone in enumerate(zones):
        rows = held[codes == code]
        by_zone[zone] = float(rows.mean()) if rows.size else None
        ends[zone] = wilson(int(rows.sum()), rows.size) if rows.size else None
    return SetScores(
        promised=promised,
        n=len(codes),
        coverage=float(held.mean()),
        coverage_ci95=wilson(int(held.sum()), len(codes)),
        by_zone=by_zone,
        by_zone_ci95=ends,
        by_zone_n=counts,
        mean_size=float(size.mean()),
        single=float((size == 1).mean()),
        listen=float((size == kept.shape[1]).mean()),
    )
