"""Ways from labelled tracks of several sources to one predictor, all behind one interface.

A strategy is a function from a `Task` to a `Predictor`.  It sees training rows only, may split
them further, and fits everything it needs inside.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zoneclf.errors import SettingsError, TableError
from zoneclf.labels.table import LabelledTable
from zoneclf.model.booster import zone_booster
from zoneclf.model.predictors import Predictor, TreePredictor
from zoneclf.model.weights import track_weights
from zoneclf.settings import TrainSettings


@dataclass(frozen=True)
class Task:
    """What a strategy is given.

    `table` holds labelled training rows with the chosen features; `own` names the sources that
    are the user's, whose zones the model is for.
    """

    table: LabelledTable
    own: frozenset[str]
    settings: TrainSettings

    @property
    def own_rows(self) -> LabelledTable:
        """The user's rows alone."""
        return self.table.take(np.isin(self.table.source, list(self.own)))


Strategy = Callable[[Task], Predictor]


def user_only(task: Task) -> Predictor:
    """Learn from the user's tracks alone: the baseline."""
    return _trees(Task(task.own_rows, task.own, task.settings))


def weighted(task: Task) -> Predictor:
    """Learn from all sources at once, a user's track counting `user_weight` times."""
    return _trees(task)


STRATEGIES: dict[str, Strategy] = {"user-only": user_only, "weighted": weighted}
# These learn from nothing but the user's tracks, so a model's card names no other source.
OWN_ONLY = frozenset({"user-only"})


def fit(task: Task) -> Predictor:
    """Return what the strategy named in the settings fits.

    Raises
    ------
    SettingsError
        If there is no such strategy.
    TableError
        If no track, or only one zone, is left to learn from.
    """
    return STRATEGIES[require_known(task.settings.strategy)](task)


def require_known(name: str) -> str:
    """Return the name of a strategy.

    Raises
    ------
    SettingsError
        If there is no such strategy.
    """
    if name not in STRATEGIES:
        known = ", ".join(STRATEGIES)
        raise SettingsError(f"train.strategy is {name!r}; it must be one of {known}")
    return name


def _trees(task: Task) -> Predictor:
    table, settings = task.table, task.settings
    if np.unique(table.codes).size < 2:
        raise TableError(
            f"{len(table)} labelled tracks of fewer than two zones to learn from; label more tracks"
        )
    weight = track_weights(
        table, task.own, user_weight=settings.user_weight, by_zone=settings.class_weights
    )
    booster = zone_booster(
        table.features,
        table.codes,
        zone_count=len(table.zones),
        settings=settings,
        weight=weight,
    )
    return TreePredictor({"model": booster})
