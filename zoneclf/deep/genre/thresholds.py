"""Tuning thresholds: rules are tuned on the tracks of one split and reported on those of another.

What is tried, and how the strategy is chosen, is told in `zoneclf.deep.genre.rule_search`.
``threshold_tuning_results.json`` holds everything tried, and the chosen rule under ``chosen``.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zoneclf.deep.genre.decision import Decision, decide, decision_from
from zoneclf.deep.genre.ranking import Bools
from zoneclf.deep.genre.rule_search import (
    OBJECTIVES,
    STRATEGIES,
    UNTUNED,
    Cases,
    Trial,
    best_by_strategy,
    cross_scores,
    search,
    untuned,
)
from zoneclf.deep.strict import read_json
from zoneclf.errors import TableError
from zoneclf.writing import write_text

__all__ = ["Decision", "Tuning", "decide", "load_rule", "report", "save_tuning", "tune"]

SCHEMA_VERSION = 1
# Everything tried for hundreds of genres takes a few million.
MAX_BYTES = 64_000_000
FILE = "threshold_tuning_results.json"
AUTO = "auto"


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """What was tried on the tracks of one split, what is best, and what it is worth elsewhere.

    `best` is by strategy, and of the untuned rule; `crossed` is each strategy's objective over
    folds, empty where there were too few tracks or a strategy was asked for; `without_tracks` are
    genres that no tuned track has, whose own threshold is the best single one; `reported` are the
    scores of `best` on tracks of another split, and `about` says which.
    """

    genres: tuple[str, ...]
    objective: str
    tracks: int
    tried: tuple[Trial, ...]
    best: Mapping[str, Trial]
    crossed: Mapping[str, float]
    strategy: str
    without_tracks: tuple[str, ...]
    reported: Mapping[str, Trial]
    about: Mapping[str, Any]

    @property
    def chosen(self) -> Trial:
        """The best rule of the chosen strategy."""
        return self.best[self.strategy]

    def as_json(self) -> dict[str, Any]:
        """Return the content of ``threshold_tuning_results.json``."""
        return {
            "schema_version": SCHEMA_VERSION,
            **self.about,
            "genres": list(self.genres),
            "objective": f"f1_{self.objective}",
            "tuned_on_tracks": self.tracks,
            "genres_without_tracks": list(self.without_tracks),
            "chosen": self.chosen.as_json(),
            "over_folds": dict(self.crossed),
            "best": {name: trial.as_json() for name, trial in self.best.items()},
            "reported": {name: trial.as_json() for name, trial in self.reported.items()},
            "tried": [trial.as_json() for trial in self.tried],
        }


def tune(
    targets: Bools,
    probabilities: npt.NDArray[Any],
    genres: Sequence[str],
    *,
    objective: str = "macro",
    strategy: str = AUTO,
    groups: npt.NDArray[Any] | None = None,
) -> Tuning:
    """Return what was tried and what is best on these tracks.

    Parameters
    ----------
    targets, probabilities
        Shape (tracks, genres), of tracks that the network has not learnt from.
    objective
        Which F1 is to be highest: ``macro``, ``micro`` or ``sample``.
    strategy
        ``untuned`` (0.5), one of `STRATEGIES`, or ``auto``: the one that does best over folds of
        these tracks (``threshold`` where they are too few), each group, shape (tracks,), in one.
    """
    _check(objective, strategy)
    if not targets.any():
        raise TableError("no labelled track to tune thresholds on; prepare more music")
    cases = Cases(targets=targets, probabilities=probabilities.astype(np.float64), groups=groups)
    tried = search(cases, objective)
    crossed = cross_scores(cases, objective) if strategy == AUTO else {}
    missing = np.flatnonzero(targets.sum(axis=0) == 0)
    return Tuning(
        genres=tuple(genres),
        objective=objective,
        tracks=len(targets),
        tried=tuple(tried),
        best={UNTUNED: untuned(cases), **best_by_strategy(tried, objective)},
        crossed=crossed,
        strategy=_best_strategy(crossed) if strategy == AUTO else strategy,
        without_tracks=tuple(genres[place] for place in map(int, missing)),
        reported={},
        about={},
    )


def report(tuning: Tuning, targets: Bools, probabilities: npt.NDArray[Any], **about: Any) -> Tuning:
    """Return the tuning with what its best rules are worth on tracks of another split.

    `about` is written beside it: names of run and splits, whether probabilities are calibrated.
    """
    cases = Cases(targets=targets, probabilities=probabilities.astype(np.float64))
    reported = {
        name: replace(trial, scores=cases.scores(trial.rule)) for name, trial in tuning.best.items()
    }
    return replace(tuning, reported=reported, about={**about, "reported_on_tracks": len(targets)})


def save_tuning(tuning: Tuning, path: Path) -> None:
    """Write ``threshold_tuning_results.json``."""
    write_text(json.dumps(tuning.as_json(), indent=2) + "\n", path)


def load_rule(path: Path, genres: Sequence[str]) -> tuple[Decision, dict[str, Any]]:
    """Return the rule that a tuning chose, and everything its file says.

    Raises
    ------
    TableError
        If the file is no such file, or is of other genres.
    """
    again = "write it with `zoneclf deep genre tune-thresholds`"
    try:
        raw = read_json(path, MAX_BYTES, TableError)
        if raw["schema_version"] != SCHEMA_VERSION:
            raise ValueError(f"schema_version {raw['schema_version']}, not {SCHEMA_VERSION}")
        theirs = [str(genre) for genre in raw["genres"]]
        rule = decision_from(raw["chosen"], theirs)
    except (ValueError, TypeError, KeyError) as error:
        raise TableError(f"{path}: holds no tuning results ({error}); {again}") from error
    if theirs != list(genres):
        apart = sorted(set(theirs) ^ set(genres))
        words = f"{len(apart)} genres, first {apart[0]!r}" if apart else "the order of genres"
        raise TableError(f"{path}: tuned for another model ({words}); tune this one")
    return rule, raw


def _best_strategy(crossed: Mapping[str, float]) -> str:
    return max(crossed, key=lambda name: crossed[name], default="threshold")


def _check(objective: str, strategy: str) -> None:
    if objective not in OBJECTIVES:
        raise ValueError(f"objective {objective!r}; it is one of {', '.join(OBJECTIVES)}")
    if strategy not in (known := (AUTO, UNTUNED, *STRATEGIES)):
        raise ValueError(f"strategy {strategy!r}; it is one of {', '.join(known)}")
