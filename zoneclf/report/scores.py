"""How good predictions are, each number with what its sample size allows to say.

Sources: Wilson, JASA 22 (1927), for the interval of a share; Efron, Annals of Statistics 7 (1979),
for that of F1 (percentiles of 1000 resamples of the tracks); Guo et al., "On calibration of modern
neural networks", ICML 2017, for expected calibration error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int64]
Probabilities = npt.NDArray[np.floating[Any]]

_Z95 = 1.959964  # normal quantile of 0.975
_BINS = 10
_SMALLEST = 1e-7
_RESAMPLES = 1000


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Scores over `n` tracks; `confusion` has true zones in rows, predicted ones in columns."""

    n: int
    accuracy: float
    accuracy_ci95: tuple[float, float]
    f1_weighted: float
    f1_weighted_ci95: tuple[float, float]
    f1_macro: float
    recall: dict[str, float | None]
    recall_ci95: dict[str, tuple[float, float] | None]
    log_loss: float
    brier: float
    ece: float
    ordinal_mae: float
    two_zone_mistakes: float
    confusion: list[list[int]]


@dataclass(frozen=True)
class Target:
    """A goal that the first users set, and whether this sample meets it."""

    name: str
    goal: float
    value: float | None
    ci95: tuple[float, float] | None

    @property
    def verdict(self) -> str:
        """``met``, ``not met``, or ``not decidable`` where the interval holds the goal."""
        if self.value is None or self.ci95 is None:
            return "not decidable"
        if self.ci95[0] > self.goal:
            return "met"
        return "not met" if self.ci95[1] < self.goal else "not decidable"


def score(codes: Codes, probabilities: Probabilities, zones: Sequence[str]) -> Scores:
    """Return the scores of predictions.

    Parameters
    ----------
    codes
        True zone codes, shape (tracks,).
    probabilities
        Shape (tracks, zones), rows summing to 1.
    zones
        Names in order.
    """
    guesses = probabilities.argmax(axis=1)
    confusion = np.zeros((len(zones), len(zones)), dtype=int)
    np.add.at(confusion, (codes, guesses), 1)
    n, right = len(codes), int((codes == guesses).sum())
    hits, totals = np.diag(confusion), confusion.sum(axis=1)
    recalls = [int(h) / int(t) if t else None for h, t in zip(hits, totals, strict=True)]
    intervals = [wilson(int(h), int(t)) if t else None for h, t in zip(hits, totals, strict=True)]
    distance = np.abs(codes - guesses)
    return Scores(
        n=n,
        accuracy=right / n,
        accuracy_ci95=wilson(right, n),
        f1_weighted=_f1(confusion, weighted=True),
        f1_weighted_ci95=_f1_interval(codes, guesses, len(zones)),
        f1_macro=_f1(confusion, weighted=False),
        recall=dict(zip(zones, recalls, strict=True)),
        recall_ci95=dict(zip(zones, intervals, strict=True)),
        log_loss=_log_loss(codes, probabilities),
        brier=_brier(codes, probabilities),
        ece=_calibration_error(codes, probabilities),
        ordinal_mae=float(distance.mean()),
        two_zone_mistakes=float((distance >= 2).mean()),
        confusion=confusion.tolist(),
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


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of `n` (Wilson 1927)."""
    share, square = hits / n, _Z95**2
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = _Z95 * sqrt(share * (1 - share) / n + square / (4 * n**2)) / (1 + square / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def _f1(confusion: npt.NDArray[np.int64], *, weighted: bool) -> float:
    """Return the mean F1 over zones: 2 hits / (true + predicted), 0 for a zone never seen.

    Weighted by true tracks per zone, or over all zones alike (macro).
    """
    hits, true, guessed = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    each = 2 * hits / np.maximum(true + guessed, 1)
    return float((each * true).sum() / true.sum()) if weighted else float(each.mean())


def _f1_interval(codes: Codes, guesses: Codes, zone_count: int) -> tuple[float, float]:
    right, n = int((codes == guesses).sum()), len(codes)
    if right in {0, n}:
        # Resamples have no spread, and weighted F1 is the accuracy.
        return wilson(right, n)
    draws = np.random.default_rng(0).integers(len(codes), size=(_RESAMPLES, len(codes)))
    found = []
    for draw in draws:
        pairs = codes[draw] * zone_count + guesses[draw]
        counts = np.bincount(pairs, minlength=zone_count**2).reshape(zone_count, zone_count)
        found.append(_f1(counts, weighted=True))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def _log_loss(codes: Codes, probabilities: Probabilities) -> float:
    chosen = probabilities[np.arange(len(codes)), codes].astype(np.float64)
    return float(-np.log(np.maximum(chosen, _SMALLEST)).mean())


def _brier(codes: Codes, probabilities: Probabilities) -> float:
    truth = np.eye(probabilities.shape[1])[codes]
    return float(((probabilities - truth) ** 2).sum(axis=1).mean())


def _calibration_error(codes: Codes, probabilities: Probabilities) -> float:
    """Return the mean gap between confidence and accuracy over ten bins of confidence."""
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == codes
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = np.bincount(bins, weights=confidence - right, minlength=_BINS)
    return float(np.abs(gaps).sum() / len(codes))
