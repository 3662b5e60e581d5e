"""Bringing other sources nearer to the user's tracks before anything is learnt.

Each way returns the task over changed rows and a wrapper that makes a predictor trained on them
ask for a user's track as it is.  Everything is fitted on the training rows of the task.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.linalg import eigh

from zoneclf.labels.table import LabelledTable
from zoneclf.labels.variants import normalise_level
from zoneclf.model.dense import Pull, filled, logistic
from zoneclf.model.predictors import Doubled, Levelless, Predictor, Rescaled, doubled
from zoneclf.model.task import Task
from zoneclf.model.weights import EMPHASIS

Values = npt.NDArray[np.float64]
Wrap = Callable[[Predictor], Predictor]
# The most and the least that likeness to the user's tracks makes a track count.
_EMPHASIS_RANGE = (0.1, 10.0)
_DOMAIN_PENALTY = 50.0
_SMALLEST = 1e-6


def adapted(task: Task) -> tuple[Task, Wrap]:
    """Return the task as `normalise` and `domain_adapt` change it, and the predictor's wrapper."""
    settings = task.settings
    wrap: Wrap = _as_it_is
    if settings.normalise == "level":
        task, wrap = replace(task, table=normalise_level(task.table)), Levelless
    if not task.is_own.any() or task.is_own.all():
        return task, wrap
    if settings.normalise == "source":
        task, wrap = _normalised(task)
    if settings.domain_adapt == "coral":
        return replace(task, table=_coral(task)), wrap
    if settings.domain_adapt == "density":
        return replace(task, table=_density(task)), wrap
    if settings.domain_adapt == "feda":
        table = replace(task.table, features=doubled(task.table.features, task.is_own))
        return replace(task, table=table), lambda predictor: wrap(Doubled(predictor))
    return task, wrap


def _as_it_is(predictor: Predictor) -> Predictor:
    return predictor


def _normalised(task: Task) -> tuple[Task, Wrap]:
    """Return features in standard units of their own source; all of the user's are one."""
    whose = np.where(task.is_own, "", task.table.source)
    features = task.table.features.astype(np.float64)
    for source in np.unique(whose):
        centre, spread = _units(features[whose == source])
        if not source:
            mine = (tuple(map(float, centre)), tuple(map(float, spread)))
        features.loc[whose == source] = (features[whose == source] - centre) / spread
    table = replace(task.table, features=features.astype(np.float32))
    return replace(task, table=table), lambda predictor: Rescaled(predictor, *mine)


def _coral(task: Task) -> LabelledTable:
    """Return the table with other sources' features given the user's means and correlations.

    Source: Sun, Feng, Saenko, "Return of frustratingly easy domain adaptation", AAAI 2016; both
    covariances are shrunk to their diagonal by one track's worth per feature.
    """
    features = filled(task.table.features.astype(np.float64))
    mine, theirs = features[task.is_own], features[~task.is_own]
    centre, spread = _units(pd.concat([mine, theirs]))
    ours, others = ((part - centre) / spread for part in (mine, theirs))
    moved = (others - others.mean()).to_numpy() @ _power(others, -0.5) @ _power(ours, 0.5)
    level = ours.mean().to_numpy()
    changed = task.table.features.astype(np.float64)
    changed.loc[~task.is_own] = (moved + level) * spread.to_numpy() + centre.to_numpy()
    return replace(task.table, features=changed.astype(np.float32))


def _density(task: Task) -> LabelledTable:
    """Return the table with tracks of other sources counting by their likeness to the user's.

    Likeness is the odds that a classifier of the source gives (Shimodaira, Journal of Statistical
    Planning and Inference 90, 2000; Bickel et al., JMLR 10, 2009).
    """
    features = task.table.features
    shares = np.where(task.is_own, 0.5 / task.is_own.mean(), 0.5 / (~task.is_own).mean())
    whose = np.eye(2)[task.is_own.astype(int)]
    judge = logistic(features, whose, shares, Pull(_DOMAIN_PENALTY))
    odds = judge.outputs(features)[:, 1] / np.maximum(judge.outputs(features)[:, 0], _SMALLEST)
    emphasis = np.ones(len(features))
    likeness = np.clip(odds[~task.is_own], *_EMPHASIS_RANGE)
    emphasis[~task.is_own] = likeness / likeness.mean()
    return replace(task.table, about=task.table.about.assign(**{EMPHASIS: emphasis}))


def _units(features: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return mean and standard deviation of every column; 1 for one that never changes."""
    spread = features.std(ddof=0)
    return features.mean(), spread.where(spread > _SMALLEST * features.abs().max(), 1.0)


def _power(features: pd.DataFrame, exponent: float) -> Values:
    """Return a power of the features' covariance, shape (features, features)."""
    values = features.to_numpy(np.float64)
    apart = values - values.mean(axis=0)
    tracks, width = values.shape
    covariance = apart.T @ apart / tracks
    share = width / (width + tracks)
    shrunk = (1 - share) * covariance + share * np.diag(np.diag(covariance) + _SMALLEST)
    sizes, axes = eigh(shrunk)
    return np.asarray(axes * np.maximum(sizes, _SMALLEST) ** exponent @ axes.T)
