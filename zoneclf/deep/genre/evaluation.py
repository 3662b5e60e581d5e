"""One run judged on one split: what was true, what was said before and after tuning.

In: targets and logits of tracks, a calibration, a rule, the run's history.  Out: everything that
``metrics.json``, the table per genre and the page are made of.  `untuned` always means what the
network itself says at a threshold of 0.5, without calibration.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from zoneclf.deep.genre.calibration import Calibration, calibration_scores
from zoneclf.deep.genre.counting import rarest
from zoneclf.deep.genre.decision import Decision, decide
from zoneclf.deep.genre.metrics import metrics
from zoneclf.deep.genre.ranking import Bools, Values

SCHEMA_VERSION = 1
UNTUNED_RULE = Decision(threshold=0.5)
# Of the untuned rule, what is told beside the tuned one's.
_BESIDE = (
    *(f"{name}_{mean}" for name in ("f1", "precision", "recall") for mean in ("micro", "macro")),
    "hamming_loss",
    "jaccard_sample",
    "labels_predicted",
    "labels_predicted_ci95",
    "predicted_to_true",
    "predicted_to_true_ci95",
    "tracks_without_prediction",
    "rare_recall",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """Tracks of one split and what a network says of them.

    `track_ids`, `paths` and `groups` have shape (tracks,); `targets` and `logits` shape
    (tracks, genres).
    """

    split: str
    track_ids: npt.NDArray[np.str_]
    paths: npt.NDArray[np.str_]
    groups: npt.NDArray[np.str_]
    targets: Bools
    logits: npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """A run judged.

    `rule_from` says where the rule came from; `history` has a row per epoch (epoch, train_loss,
    valid_loss, score, best); `training_counts` says how many training tracks each genre has, in
    the order of `genres`; `facts` are lines for the end of the page; `remarks` are what the scores
    must not be read without.
    """

    name: str
    genres: tuple[str, ...]
    scored: Scored
    calibration: Calibration
    rule: Decision
    rule_from: str
    about: str = ""
    history: Sequence[Mapping[str, float]] = ()
    training_counts: tuple[int, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    @cached_property
    def raw(self) -> Values:
        """Probabilities as the network gives them, shape (tracks, genres)."""
        return np.asarray(expit(self.scored.logits.astype(np.float64)))

    @cached_property
    def probabilities(self) -> Values:
        """Calibrated probabilities."""
        return self.calibration.probabilities(self.scored.logits)

    @cached_property
    def decided(self) -> Bools:
        """Genres that the rule gives to each track."""
        return decide(self.probabilities, self.rule)

    @cached_property
    def untuned_decided(self) -> Bools:
        """Genres at 0.5 before calibration."""
        return decide(self.raw, UNTUNED_RULE)

    @property
    def rare(self) -> tuple[str, ...] | None:
        """The third of genres with the fewest training tracks; None where these are not known."""
        if not self.training_counts:
            return None
        return tuple(self.genres[place] for place in rarest(np.array(self.training_counts)))

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """Scores of calibrated probabilities and the rule, with intervals."""
        return self._scores(self.probabilities, self.decided)

    @cached_property
    def untuned(self) -> dict[str, Any]:
        """The same of untuned decisions."""
        return self._scores(self.raw, self.untuned_decided)

    @cached_property
    def certainty(self) -> dict[str, dict[str, float]]:
        """Calibration scores before and after."""
        targets = self.scored.targets
        return {
            "before": calibration_scores(targets, self.raw),
            "after": calibration_scores(targets, self.probabilities),
        }

    def _scores(self, probabilities: Values, decided: Bools) -> dict[str, Any]:
        return metrics(
            self.scored.targets,
            probabilities,
            decided,
            genres=self.genres,
            groups=self.scored.groups,
            rare=self.rare,
        )


def metrics_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return the content of ``metrics.json``."""
    flat = {key: value for key, value in evaluation.metrics.items() if key != "per_genre"}
    return {
        "schema_version": SCHEMA_VERSION,
        "run": evaluation.name,
        "split": evaluation.scored.split,
        "genres": list(evaluation.genres),
        "rule": {**evaluation.rule.as_json(), "from": evaluation.rule_from},
        "remarks": list(evaluation.remarks),
        **flat,
        "untuned": {name: evaluation.untuned[name] for name in _BESIDE},
        "calibration": {"method": evaluation.calibration.method, **evaluation.certainty},
        "per_genre": genre_rows(evaluation),
    }


def genre_rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Return one row per genre: scores, counts before tuning, its threshold."""
    before = {row["genre"]: row for row in evaluation.untuned["per_genre"]}
    threshold = evaluation.rule.threshold
    rows = []
    for place, row in enumerate(evaluation.metrics["per_genre"]):
        first = before[row["genre"]]
        known = evaluation.training_counts
        rows.append(
            {
                **row,
                "untuned_predicted": first["predicted"],
                "untuned_predicted_to_true": first["predicted_to_true"],
                "untuned_verdict": first["verdict"],
                "threshold": threshold[place] if isinstance(threshold, tuple) else threshold,
                "training_tracks": known[place] if known else None,
            }
        )
    return rows


def names_of(genres: Sequence[str], marks: npt.NDArray[np.bool_]) -> list[str]:
    """Return the genres that are marked, shape (genres,)."""
    return [genre for genre, marked in zip(genres, marks, strict=True) if marked]


def read_history(path: Path) -> list[dict[str, float]]:
    """Return a run's epochs, a row each; empty where they are not known."""
    try:
        rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
        names = ("epoch", "train_loss", "valid_loss", "score")
        return [{name: float(row[name]) for name in names} for row in rows]
    except (OSError, ValueError, KeyError, TypeError):
        return []
