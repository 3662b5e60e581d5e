"""What the log of an earlier model said of its five stages, and whether a comparison repeats it.

Each statement is a difference between two presets (or a quantity of one against a limit) that the
statement says is above zero.  It is judged over seeds: repeated if the mean is above its own
standard deviation, not repeated if it is below minus that, else not decided.  Statements and
limits were written down before the comparison was run.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# Shares that count as "too many", "too few" and "rising": those of the pages of runs.
MANY, FEW, RISING = 1.25, 0.8, 1.05
Runs = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Statement:
    """What the log says, what is looked at, and by how much it is so for one seed's runs."""

    stage: str
    says: str
    looks_at: str
    above_zero: Callable[[Runs], float]


def _untuned(run: Mapping[str, Any], name: str) -> float:
    return float(run["metrics"]["untuned"][name])


def _risen(run: Mapping[str, Any]) -> float:
    return float(run["valid_loss_risen"])


def _score(run: Mapping[str, Any], name: str) -> float:
    return float(run["metrics"][name])


def _own_thresholds(run: Mapping[str, Any]) -> float:
    told = run["reported"]
    return float(told["per-genre"]["f1_macro"] - told["threshold"]["f1_macro"])


def _too_sure(run: Mapping[str, Any]) -> float:
    return float(run["metrics"]["calibration"]["before"]["ece"])


STATEMENTS = (
    Statement(
        "weighted",
        "shouts rare tags",
        f"predicted / true at 0.5, above {MANY}",
        lambda runs: _untuned(runs["weighted"], "predicted_to_true") - MANY,
    ),
    Statement(
        "weighted",
        "huge overfitting, validation loss soars",
        f"last / lowest validation loss, above {RISING}",
        lambda runs: _risen(runs["weighted"]) - RISING,
    ),
    Statement(
        "weighted",
        "low PR-AUC though ROC-AUC is high",
        "PR-AUC of fusion less that of weighted",
        lambda runs: (
            _score(runs["fusion"], "pr_auc_macro") - _score(runs["weighted"], "pr_auc_macro")
        ),
    ),
    Statement(
        "soft",
        "overfitting is gone",
        f"{RISING} less last / lowest validation loss",
        lambda runs: RISING - _risen(runs["soft"]),
    ),
    Statement(
        "soft",
        "too cautious",
        f"{FEW} less predicted / true at 0.5",
        lambda runs: FEW - _untuned(runs["soft"], "predicted_to_true"),
    ),
    Statement(
        "soft",
        "rare genres are no longer found",
        "recall of rare genres at 0.5: weighted less soft",
        lambda runs: (
            _untuned(runs["weighted"], "rare_recall") - _untuned(runs["soft"], "rare_recall")
        ),
    ),
    Statement(
        "focal",
        "steadier training",
        "last / lowest validation loss: weighted less focal",
        lambda runs: _risen(runs["weighted"]) - _risen(runs["focal"]),
    ),
    Statement(
        "focal",
        "confidence is no longer inflated",
        "calibration error before calibration: weighted less focal",
        lambda runs: _too_sure(runs["weighted"]) - _too_sure(runs["focal"]),
    ),
    Statement(
        "focal",
        "needs a threshold per genre",
        "macro F1 on test: thresholds per genre less one for all",
        lambda runs: _own_thresholds(runs["focal"]),
    ),
    Statement(
        "trust-mert",
        "the CNN's noise had drowned what MERT knew",
        "PR-AUC: MERT's branch alone less fusion",
        lambda runs: (
            _score(runs["mert-alone"], "pr_auc_macro") - _score(runs["fusion"], "pr_auc_macro")
        ),
    ),
    Statement(
        "trust-mert",
        "better when it trusts MERT (the log's aim; it gives no result)",
        "PR-AUC: trust-mert less focal",
        lambda runs: (
            _score(runs["trust-mert"], "pr_auc_macro") - _score(runs["focal"], "pr_auc_macro")
        ),
    ),
)


def verdicts(seeds: Sequence[Runs]) -> list[tuple[Statement, float, float, str]]:
    """Return of each statement the mean, the standard deviation over seeds, and the verdict.

    One seed has no spread and decides nothing: its verdict tells what it was there.
    """
    found = []
    for one in STATEMENTS:
        values = [one.above_zero(runs) for runs in seeds]
        mean = float(np.mean(values))
        spread = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
        found.append((one, mean, spread, _verdict(mean, spread, len(values))))
    return found


def _verdict(mean: float, spread: float, seeds: int) -> str:
    if seeds == 1:
        return "so in this one run" if mean > 0 else "not so in this one run"
    if abs(mean) <= spread:
        return "not decided"
    return "repeated" if mean > 0 else "not repeated"
