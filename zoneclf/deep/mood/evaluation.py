"""One mood run judged on one split: recognised, mistaken for what, and how sure it was.

Scores are those of `zoneclf.deep.genre.metrics` where every track has one label and is said to have
one: then its micro F1 is the accuracy, and its macro recall the balanced accuracy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from zoneclf.deep.genre.diagnosis import learning
from zoneclf.deep.genre.metrics import metrics
from zoneclf.deep.mood.learning import Codes

SCHEMA_VERSION = 1
# Ours, and what the scores of several labels call it.
_SCORES = {
    "accuracy": "f1_micro",
    "balanced_accuracy": "recall_macro",
    "f1_macro": "f1_macro",
    "precision_macro": "precision_macro",
    "pr_auc_macro": "pr_auc_macro",
}
_ROW = ("tracks", "predicted", "precision", "recall", "f1", "pr_auc")
_SMALLEST = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """A run judged on the tracks of a split.

    `true` holds places of `moods`, shape (tracks,), `logits` has shape (tracks, moods);
    `training_counts` are the training tracks of each mood, empty where they are not known;
    `history` has a row per epoch; `facts` are lines for the end of the page.
    """

    name: str
    split: str
    moods: tuple[str, ...]
    track_ids: npt.NDArray[np.str_]
    paths: npt.NDArray[np.str_]
    groups: npt.NDArray[np.str_]
    true: Codes
    logits: npt.NDArray[np.float32]
    training_counts: tuple[int, ...] = ()
    history: Sequence[Mapping[str, float]] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def probabilities(self) -> npt.NDArray[np.float64]:
        """Shape (tracks, moods); rows sum to 1."""
        return np.asarray(softmax(self.logits.astype(np.float64), axis=1))

    @cached_property
    def said(self) -> Codes:
        """The likeliest mood of each track."""
        return np.asarray(self.logits.argmax(axis=1))

    @cached_property
    def confusion(self) -> npt.NDArray[np.int64]:
        """Tracks by true mood (rows) and predicted one."""
        size = len(self.moods)
        pairs = np.bincount(self.true * size + self.said, minlength=size * size)
        return pairs.reshape(size, size)

    @cached_property
    def scores(self) -> dict[str, Any]:
        """Every score with its interval, and a row per mood."""
        known = np.eye(len(self.moods), dtype=bool)
        found = metrics(
            known[self.true],
            self.probabilities,
            known[self.said],
            genres=self.moods,
            groups=self.groups,
        )
        told = {"n": found["n"]}
        for name, other in _SCORES.items():
            told[name], told[f"{name}_ci95"] = found[other], found.get(f"{other}_ci95")
        chances = self.probabilities[np.arange(len(self.true)), self.true]
        return told | {
            "log_loss": float(-np.log(np.maximum(chances, _SMALLEST)).mean()),
            "confidence": float(self.probabilities.max(axis=1).mean()),
            **self._guesses,
            "moods_without_tracks": found["genres_without_tracks"],
            "per_mood": [self._row(place, row) for place, row in enumerate(found["per_genre"])],
        }

    @property
    def _guesses(self) -> dict[str, float]:
        """What saying the same mood of every track would get: that of most training tracks."""
        counts = np.bincount(self.true, minlength=len(self.moods))
        most = np.argmax(self.training_counts) if self.training_counts else np.argmax(counts)
        there = int((counts > 0).sum())
        return {
            "accuracy_of_one_mood": float(counts[most] / counts.sum()),
            "balanced_accuracy_of_one_mood": float(counts[most] > 0) / there,
        }

    def _row(self, place: int, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is told of a mood, and for which other its tracks are taken most often."""
        wrong = self.confusion[place].copy()
        wrong[place] = 0
        other = int(wrong.argmax())
        known = self.training_counts
        return {
            "mood": self.moods[place],
            "training_tracks": known[place] if known else None,
            **{name: row[name] for name in _ROW},
            "mistaken_for": self.moods[other] if wrong[other] else None,
            "mistaken": int(wrong[other]),
        }


def metrics_json(judged: Judged) -> dict[str, Any]:
    """Return the content of ``metrics.json``."""
    return {
        "schema_version": SCHEMA_VERSION,
        "run": judged.name,
        "split": judged.split,
        "moods": list(judged.moods),
        **judged.scores,
        "confusion": judged.confusion.tolist(),
    }


def sentences(judged: Judged) -> list[str]:
    """Return what a reader should know first."""
    return [_recognised(judged), *_mistaken(judged), _sure(judged), *learning(judged)]


def _recognised(judged: Judged) -> str:
    told = judged.scores
    low, high = told["balanced_accuracy_ci95"]
    guess = told["balanced_accuracy_of_one_mood"]
    beyond = "" if low > guess else " Guessing cannot be ruled out."
    of_one = 100 * told["accuracy_of_one_mood"]
    score, right = told["balanced_accuracy"], 100 * told["accuracy"]
    return (
        f"Balanced accuracy {score:.2f} ({low:.2f} to {high:.2f}); always saying one mood gets "
        f"{guess:.2f}.  {right:.0f} % of tracks are right; always saying one mood gets "
        f"{of_one:.0f} %.{beyond}"
    )


def _mistaken(judged: Judged) -> list[str]:
    rows = [row for row in judged.scores["per_mood"] if row["tracks"]]
    found = []
    worst = max(rows, key=lambda row: row["mistaken"])
    if worst["mistaken"]:
        found.append(
            f"Most often mistaken: {worst['mood']} for {worst['mistaken_for']}, "
            f"{worst['mistaken']} of {worst['tracks']} tracks."
        )
    never = [row["mood"] for row in rows if not row["predicted"]]
    if never:
        found.append(f"Never said: {', '.join(never)}.")
    missing = judged.scores["moods_without_tracks"]
    if missing:
        found.append(f"No judged track has {', '.join(missing)}: left out of all means.")
    return found


def _sure(judged: Judged) -> str:
    told = judged.scores
    gap = told["confidence"] - told["accuracy"]
    words = "about as sure as it is right"
    if abs(gap) > 0.1:
        words = "surer than it is right" if gap > 0 else "less sure than it is right"
    return (
        f"It is {words}: of what it says it is {100 * told['confidence']:.0f} % sure on average, "
        f"and {100 * told['accuracy']:.0f} % of it is right."
    )
