"""Strategies that learn from other sources first and from the user's tracks after."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from zoneclf.errors import SettingsError, TableError
from zoneclf.model.affect import NAMES, fit_affect
from zoneclf.model.booster import zone_booster
from zoneclf.model.dense import Pull, logistic, scale_of
from zoneclf.model.learners import Examples, examples_of, grown, learn
from zoneclf.model.members import Trees
from zoneclf.model.predictors import (
    Affect,
    Margin,
    Predictor,
    Shifted,
    Single,
    Stacked,
    log_odds,
    tempered,
    told_by,
    with_signals,
)
from zoneclf.model.task import Task
from zoneclf.settings import TrainSettings

Values = npt.NDArray[np.float64]
# How strongly the source's word is held to, in tracks: against predicted arousal and valence, and
# against all features together.
_AFFECT_PENALTY, _FEATURE_PENALTY = 5.0, 3.0
# The user's weight for which these were chosen.
_USUAL_WEIGHT = 3.0


def finetune(task: Task) -> Predictor:
    """Learn from the other sources, then go on with the user's tracks.

    Raises
    ------
    TableError
        If there is no other source.
    """
    _require_others(task)
    return _FINETUNE[task.settings.finetune](task)


def affect(task: Task) -> Predictor:
    """Learn arousal and valence where they are annotated, then the user's zones from them.

    Without a labelled track of the user the rule alone makes the zones.

    Raises
    ------
    SettingsError
        If the zones' rule is not known.
    TableError
        If too few tracks are annotated.
    """
    _require_others(task)
    source = source_affect(task)
    if not task.is_own.any():
        return source
    return _shifted(task, source)


def source_affect(task: Task) -> Affect:
    """Return regressors of arousal and valence, other sources' or the starter's, and the rule."""
    regions = task.regions
    if regions is None:
        raise SettingsError("labels.zone_mapping: the strategy affect needs the zones' rule")
    if task.starter is not None:
        return replace(task.starter, regions=regions)
    others = task.other_rows
    return task.remembered("affect", others, lambda: fit_affect(others, task.settings, regions))


def _continued(task: Task) -> Predictor:
    """Add slow trees, fitted to the user's tracks, to those of the other sources."""
    source = _source_trees(task)
    own = examples_of(task, task.own_rows)
    booster = zone_booster(
        own.features,
        own.targets,
        settings=_slow(task),
        weight=own.weight,
        start=source.booster,
    )
    return Single(Trees(booster))


def _margin(task: Task) -> Predictor:
    """Fit slow trees to what the other sources' model, shrunk, leaves unexplained."""
    source = _source_trees(task)
    own = examples_of(task, task.own_rows)
    said = Single(source).probabilities(own.features)
    shrink = _trust(said, own)
    booster = zone_booster(
        own.features,
        own.targets,
        settings=_slow(task),
        weight=own.weight,
        margin=shrink * log_odds(said),
    )
    return Margin(Single(source), Trees(booster), shrink)


def _stacking(task: Task) -> Predictor:
    """Give the user's model what the other sources' model says, as features."""
    others = task.other_rows
    source = task.remembered(
        "source", others, lambda: learn(examples_of(task, others), task.settings)
    )
    own = examples_of(task, task.own_rows)
    told = replace(own, features=with_signals(source, own.features))
    return Stacked(source, learn(told, task.settings))


def _shifted(task: Task, source: Affect) -> Shifted:
    """Fit what the user's tracks add to the source's log-probabilities.

    Zones weigh alike, because the source's shares of them are right as they are; a user's track
    counts `user_weight` thirds.
    """
    own = task.own_rows
    start, told = told_by(source, own.features)
    # The starter has no tracks; the user's in their own units cost .005 of log loss at most.
    others = told_by(source, task.other_rows.features)[1] if task.starter is None else told
    width = told.shape[1] - len(NAMES)
    held = np.repeat([_FEATURE_PENALTY * width, _AFFECT_PENALTY], [width, len(NAMES)])
    pull = Pull(held, scale_of(others), _AFFECT_PENALTY, start)
    wanted, count = np.eye(len(own.zones))[own.codes], task.settings.user_weight
    weight = 1.0 if isinstance(count, str) else count / _USUAL_WEIGHT
    return Shifted(source, logistic(told, wanted, np.full(len(own), weight), pull))


def _source_trees(task: Task) -> Trees:
    others = task.other_rows
    return task.remembered(
        "source trees", others, lambda: grown(examples_of(task, others), task.settings)
    )


def _trust(said: npt.NDArray[np.float32], own: Examples) -> float:
    """Return the power, from 0 to 1, at which a source's probabilities fit the user's zones best.

    The source has not seen the user's tracks, so they can tell without folds.
    """

    def loss(power: float) -> float:
        logs = np.log(np.maximum(tempered(said, 1 / power), 1e-7))
        return float(-(own.weight[:, None] * own.targets * logs).sum())

    found = minimize_scalar(loss, bounds=(0.01, 1.0), method="bounded")
    return float(found.x)


def _slow(task: Task) -> TrainSettings:
    settings = task.settings
    return replace(settings, rounds=settings.finetune_rounds, eta=settings.finetune_eta)


def _require_others(task: Task) -> None:
    if task.is_own.all() and task.starter is None:
        raise TableError(
            "there is no source but your own to learn from first; extract DEAM, or use "
            "--from-starter or --strategy user-only"
        )


_FINETUNE = {"continue": _continued, "margin": _margin, "stack": _stacking}
