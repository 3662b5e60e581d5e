"""Rules that turn probabilities into genres, all tried on the same tracks, by strategy.

Tried are every threshold from 0.30 to 0.80 in steps of 0.05, the 3, 5, 7, 10, 15 and 20 likeliest
genres, every pair of these, and a threshold of its own for each genre by exact search
(`zoneclf.deep.genre.per_genre_search`).  The best is the one with the highest `objective` F1; of
equal ones that whose number of labels per track is nearest to the true one, then the earlier tried.

A strategy with more freedom always looks best on the tracks that it was tuned on.  Strategies are
therefore compared by five folds: tuned on four, judged on the fifth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zoneclf.deep.genre.decision import DEFAULT_THRESHOLD, Decision, decide
from zoneclf.deep.genre.metrics import Judged, decision_scores, plain
from zoneclf.deep.genre.per_genre_search import best_thresholds
from zoneclf.deep.genre.ranking import Bools

THRESHOLDS = tuple(round(0.30 + 0.05 * step, 2) for step in range(11))
TOP_K = (3, 5, 7, 10, 15, 20)
OBJECTIVES = ("macro", "micro", "sample")
UNTUNED = "untuned"
STRATEGIES = ("threshold", "top-k", "combined", "per-genre")
_FOLDS = 5


@dataclass(frozen=True)
class Trial:
    """A rule, the strategy it belongs to, and its scores by name."""

    strategy: str
    rule: Decision
    scores: Mapping[str, float | None]

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"strategy": self.strategy, **self.rule.as_json(), **self.scores}


@dataclass(frozen=True, kw_only=True)
class Cases:
    """Tracks that rules are tried on: arrays of shape (tracks, genres); `groups` stay together."""

    targets: Bools
    probabilities: npt.NDArray[np.float64]
    groups: npt.NDArray[Any] | None = None

    def take(self, places: npt.NDArray[Any]) -> "Cases":
        """Return some of the tracks."""
        groups = None if self.groups is None else self.groups[places]
        return Cases(
            targets=self.targets[places], probabilities=self.probabilities[places], groups=groups
        )

    def scores(self, rule: Decision) -> dict[str, float | None]:
        """Return what a rule is worth on these tracks."""
        judged = Judged(
            genres=tuple(map(str, range(self.targets.shape[1]))),
            targets=self.targets,
            probabilities=self.probabilities,
            decided=decide(self.probabilities, rule),
        )
        once = decision_scores(judged, np.ones((1, len(self.targets))))
        return {name: plain(value[0]) for name, value in once.items()}


def grid() -> list[tuple[str, Decision]]:
    """Return the rules of the grid with their strategies."""
    rules = [("threshold", Decision(threshold=value)) for value in THRESHOLDS]
    rules += [("top-k", Decision(threshold=None, top_k=count)) for count in TOP_K]
    pairs = [(value, count) for value in THRESHOLDS for count in TOP_K]
    return rules + [("combined", Decision(threshold=value, top_k=k)) for value, k in pairs]


def untuned(cases: Cases) -> Trial:
    """Return what a threshold of 0.5 for all is worth."""
    rule = Decision(threshold=DEFAULT_THRESHOLD)
    return Trial(UNTUNED, rule, cases.scores(rule))


def search(cases: Cases, objective: str) -> list[Trial]:
    """Return every rule that was tried, by strategy in the order of `STRATEGIES`."""
    tried = [Trial(name, rule, cases.scores(rule)) for name, rule in grid()]
    single = best_of([trial for trial in tried if trial.strategy == "threshold"], objective)
    own = best_thresholds(
        cases.targets,
        cases.probabilities,
        objective=objective,
        otherwise=float(np.asarray(single.rule.threshold)),
    )
    rule = Decision(threshold=tuple(map(float, own)))
    return [*tried, Trial("per-genre", rule, cases.scores(rule))]


def best_by_strategy(tried: Sequence[Trial], objective: str) -> dict[str, Trial]:
    """Return the best rule of each strategy."""
    return {
        name: best_of([trial for trial in tried if trial.strategy == name], objective)
        for name in STRATEGIES
    }


def best_of(trials: Sequence[Trial], objective: str) -> Trial:
    """Return the best rule."""

    def merit(trial: Trial) -> tuple[float, float]:
        found = trial.scores
        apart = abs((found["labels_predicted"] or 0.0) - (found["labels_true"] or 0.0))
        return round(found[f"f1_{objective}"] or 0.0, 12), -apart

    return max(trials, key=merit)


def cross_scores(cases: Cases, objective: str) -> dict[str, float]:
    """Return the objective of each strategy on tracks that its rule was not tuned on.

    Empty where there are not five groups of tracks to make folds of.
    """
    count = len(cases.targets)
    names = np.arange(count) if cases.groups is None else cases.groups
    _, places = np.unique(names, return_inverse=True)
    size = int(places.max()) + 1
    if size < _FOLDS:
        return {}
    fold = (np.random.default_rng(0).permutation(size) % _FOLDS)[places]
    decided = {name: np.zeros_like(cases.targets) for name in STRATEGIES}
    for number in range(_FOLDS):
        held, rest = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        for name, trial in best_by_strategy(search(cases.take(rest), objective), objective).items():
            decided[name][held] = decide(cases.probabilities[held], trial.rule)
    return {name: _objective(cases, marks, objective) for name, marks in decided.items()}


def _objective(cases: Cases, decided: Bools, objective: str) -> float:
    judged = Judged(
        genres=tuple(map(str, range(cases.targets.shape[1]))),
        targets=cases.targets,
        probabilities=cases.probabilities,
        decided=decided,
    )
    return float(decision_scores(judged, np.ones((1, len(decided))))[f"f1_{objective}"][0])
