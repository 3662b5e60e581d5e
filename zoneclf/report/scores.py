"""How good predictions are, each number with what its sample size allows to say.

Source: Guo et al., "On calibration of modern neural networks", ICML 2017, for expected
calibration error; `zoneclf.report.intervals` for the intervals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zoneclf.report.intervals import Interval, Statistic, Values, resampled, wilson

Codes = npt.NDArray[np.int64]
Probabilities = npt.NDArray[np.floating[Any]]

_BINS = 10
_SMALLEST = 1e-7


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Scores over `n` tracks; `confusion` has true zones in rows, predicted ones in columns."""

    n: int
    accuracy: float
    accuracy_ci95: Interval
    f1_weighted: float
    f1_weighted_ci95: Interval
    f1_macro: float
    f1_macro_ci95: Interval
    recall: dict[str, float | None]
    recall_ci95: dict[str, Interval | None]
    log_loss: float
    log_loss_ci95: Interval
    brier: float
    ece: float
    ece_ci95: Interval
    ordinal_mae: float
    ordinal_mae_ci95: Interval
    two_zone_mistakes: float
    confusion: list[list[int]]


@dataclass(frozen=True)
class Target:
    """A goal that the first users set, and whether this sample meets it."""

    name: str
    goal: float
    value: float | None
    ci95: Interval | None

    @property
    def verdict(self) -> str:
        """``met``, ``not met``, or ``not decidable`` where the interval holds the goal."""
        if self.value is None or self.ci95 is None:
            return "not decidable"
        if self.ci95[0] > self.goal:
            return "met"
        return "not met" if self.ci95[1] < self.goal else "not decidable"


def score(
    codes: Codes,
    probabilities: Probabilities,
    zones: Sequence[str],
    groups: npt.NDArray[Any] | None = None,
) -> Scores:
    """Return the scores of predictions.

    Parameters
    ----------
    codes
        True zone codes, shape (tracks,).
    probabilities
        Shape (tracks, zones), rows summing to 1.
    zones
        Names in order.
    groups
        What is resampled as one for the intervals (artists), shape (tracks,); else each track.
    """
    guesses = probabilities.argmax(axis=1)
    parts = _parts(codes, probabilities)
    whole = {name: values.sum(axis=0)[None] for name, values in parts.items()}
    fields: dict[str, Any] = {name: float(of(whole)[0]) for name, of in _STATISTICS.items()}
    fields |= _intervals(codes, guesses, parts, groups)
    confusion = whole["confusion"][0].astype(int)
    n, right = len(codes), int((codes == guesses).sum())
    hits, totals = np.diag(confusion), confusion.sum(axis=1)
    recalls = [int(h) / int(t) if t else None for h, t in zip(hits, totals, strict=True)]
    intervals = [wilson(int(h), int(t)) if t else None for h, t in zip(hits, totals, strict=True)]
    return Scores(
        n=n,
        accuracy=right / n,
        accuracy_ci95=wilson(right, n),
        recall=dict(zip(zones, recalls, strict=True)),
        recall_ci95=dict(zip(zones, intervals, strict=True)),
        brier=_brier(codes, probabilities),
        two_zone_mistakes=float((np.abs(codes - guesses) >= 2).mean()),
        confusion=confusion.tolist(),
        **fields,
    )


def targets(scores: Scores, split: str) -> list[Target]:
    """Return the four targets; the one on the user's holdout has no value on other splits."""
    low, high = scores.accuracy_ci95
    purple = scores.recall.get("PURPLE"), scores.recall_ci95.get("PURPLE")
    on_holdout = split == "holdout"
    return [
        Target("accuracy", 0.80, scores.accuracy, (low, high)),
        Target("weighted F1", 0.78, scores.f1_weighted, scores.f1_weighted_ci95),
        Target("PURPLE recall", 0.85, *purple),
        Target(
            "holdout accuracy",
            0.80,
            scores.accuracy if on_holdout else None,
            (low, high) if on_holdout else None,
        ),
    ]


def _parts(codes: Codes, probabilities: Probabilities) -> dict[str, Values]:
    """Return what each track adds to the sums that scores are made of, shape (tracks, ...)."""
    count, zone_count = probabilities.shape
    guesses, places = probabilities.argmax(axis=1), np.arange(count)
    confusion = np.zeros((count, zone_count, zone_count))
    confusion[places, codes, guesses] = 1
    confidence = probabilities.max(axis=1).astype(np.float64)
    gaps = np.zeros((count, _BINS))
    gaps[places, np.minimum((confidence * _BINS).astype(int), _BINS - 1)] = confidence - (
        codes == guesses
    )
    chosen = probabilities[places, codes].astype(np.float64)
    return {
        "n": np.ones(count),
        "confusion": confusion,
        "loss": -np.log(np.maximum(chosen, _SMALLEST)),
        "gaps": gaps,
        "distance": np.abs(codes - guesses).astype(np.float64),
    }


def _f1(confusion: Values, *, weighted: bool) -> Values:
    """Return the mean F1 over zones: 2 hits / (true + predicted), 0 for a zone never seen.

    Weighted by true tracks per zone, or over all zones alike (macro); `confusion` has shape
    (resamples, zones, zones).
    """
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    true, guessed = confusion.sum(axis=2), confusion.sum(axis=1)
    each = 2 * hits / np.maximum(true + guessed, 1)
    mean: Values = (each * true).sum(axis=1) / true.sum(axis=1) if weighted else each.mean(axis=1)
    return mean


# Each from sums over tracks, shape (resamples, ...); calibration error is the mean gap between
# confidence and accuracy over ten bins of confidence.
_STATISTICS: dict[str, Statistic] = {
    "f1_weighted": lambda sums: _f1(sums["confusion"], weighted=True),
    "f1_macro": lambda sums: _f1(sums["confusion"], weighted=False),
    "log_loss": lambda sums: sums["loss"] / sums["n"],
    "ece": lambda sums: np.abs(sums["gaps"]).sum(axis=1) / sums["n"],
    "ordinal_mae": lambda sums: sums["distance"] / sums["n"],
}


def _intervals(
    codes: Codes,
    guesses: Codes,
    parts: dict[str, Values],
    groups: npt.NDArray[Any] | None,
) -> dict[str, Interval]:
    """Return the intervals by name of field."""
    whole = {name: values.sum(axis=0)[None] for name, values in parts.items()}
    found = resampled(parts, _STATISTICS, groups)
    found["ece"] = _unbiased(float(_STATISTICS["ece"](whole)[0]), found["ece"])
    right, n = int((codes == guesses).sum()), len(codes)
    if right in {0, n}:
        # Resamples have no spread.  Weighted F1 is the accuracy, and so is macro F1 but for zones
        # without tracks; a mistake that was not seen would be of one zone or more.
        found["f1_weighted"] = found["f1_macro"] = wilson(right, n)
    if right == n:
        found["ordinal_mae"] = (0.0, 1 - wilson(n, n)[0])
    return {f"{name}_ci95": ends for name, ends in found.items()}


def _unbiased(value: float, ends: Interval) -> Interval:
    """Return the interval of a score that noise only ever makes larger, such as a sum of gaps.

    Resamples lie above the value as the value lies above the truth, so they are mirrored at it
    (the basic bootstrap of Davison and Hinkley, "Bootstrap methods", 1997, 5.2), down to 0.
    """
    return max(0.0, 2 * value - ends[1]), max(value, 2 * value - ends[0])


def _brier(codes: Codes, probabilities: Probabilities) -> float:
    truth = np.eye(probabilities.shape[1])[codes]
    return float(((probabilities - truth) ** 2).sum(axis=1).mean())
