"""From weighted tracks to a predictor: trees, a linear model, or both averaged."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from zoneclf.errors import TableError
from zoneclf.labels.table import LabelledTable
from zoneclf.model.booster import zone_booster
from zoneclf.model.dense import Pull, logistic
from zoneclf.model.members import Trees
from zoneclf.model.predictors import Blend, Predictor, Single
from zoneclf.model.resampling import oversampled
from zoneclf.model.task import Task, targets
from zoneclf.model.weights import track_weights
from zoneclf.settings import TrainSettings

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Examples:
    """What is learnt from: `features`, `targets`, shape (tracks, zones), `weight`, (tracks,)."""

    features: pd.DataFrame
    targets: Values
    weight: Values


def examples_of(task: Task, table: LabelledTable, *, user_weight: float = 1.0) -> Examples:
    """Return the examples that rows of a task make, with weights and balance as it is set.

    Raises
    ------
    TableError
        If they are of fewer than two zones.
    """
    require_two_zones(table)
    settings = task.settings
    if settings.balance == "smote":
        table = oversampled(table, per_source=True, seed=settings.seed)
    weight = track_weights(
        table, task.own, user_weight=user_weight, by_zone=settings.balance == "class"
    )
    return Examples(table.features, targets(table, task.regions, soft=settings.soft_labels), weight)


def learn(examples: Examples, settings: TrainSettings) -> Predictor:
    """Return what the learner named in the settings learns."""
    if settings.learner == "trees":
        return trees(examples, settings)
    if settings.learner == "linear":
        return linear(examples, settings)
    parts = {"trees": trees(examples, settings), "linear": linear(examples, settings)}
    return Blend(parts, dict.fromkeys(parts, 0.5))


def trees(examples: Examples, settings: TrainSettings) -> Single:
    """Return boosted trees."""
    return Single(grown(examples, settings))


def grown(examples: Examples, settings: TrainSettings) -> Trees:
    """Return boosted trees as a member."""
    booster = zone_booster(
        examples.features, examples.targets, settings=settings, weight=examples.weight
    )
    return Trees(booster)


def linear(examples: Examples, settings: TrainSettings) -> Single:
    """Return a multinomial logistic regression."""
    pull = Pull(settings.linear_penalty)
    return Single(logistic(examples.features, examples.targets, examples.weight, pull))


def require_two_zones(table: LabelledTable) -> None:
    """Check that there is something to tell apart.

    Raises
    ------
    TableError
        If there is not.
    """
    if np.unique(table.codes).size < 2:
        raise TableError(
            f"{len(table)} labelled tracks of fewer than two zones to learn from; label more tracks"
        )
