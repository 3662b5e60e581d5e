"""Strategies that learn from rows of one or of all sources at once, and their average."""

from dataclasses import replace

from zoneclf.model.comparison import best_of
from zoneclf.model.learners import examples_of, learn
from zoneclf.model.predictors import Blend, Predictor
from zoneclf.model.resampling import oversampled, undersampled
from zoneclf.model.task import Task
from zoneclf.model.validation import Fit

# What `auto` chooses from.
USER_WEIGHTS = (1.0, 3.0, 10.0)
ENSEMBLE_WEIGHTS = (0.2, 0.4, 0.6, 0.8)


def user_only(task: Task) -> Predictor:
    """Learn from the user's tracks alone: the baseline."""
    own = task.own_rows
    return task.remembered("own", own, lambda: learn(examples_of(task, own), task.settings))


def weighted(task: Task) -> Predictor:
    """Learn from all sources at once, a user's track counting `user_weight` times."""
    weight = task.settings.user_weight
    if isinstance(weight, str):
        return best_of(task, {f"weight {value:g}": _pooled(value) for value in USER_WEIGHTS})
    return _pooled(weight)(task)


def balanced(task: Task) -> Predictor:
    """Learn from equally many tracks of each source and zone.

    Too many are left out, or with ``balance: smote`` too few are made more; then a user's track
    counts `user_weight` times.
    """
    seed = task.settings.seed
    if task.settings.balance == "smote":
        table = oversampled(task.table, per_source=False, seed=seed)
    else:
        table = undersampled(task.table, seed)
    return weighted(replace(task, table=table, settings=replace(task.settings, balance="none")))


def ensemble(task: Task) -> Predictor:
    """Average a model of the user's tracks alone and one of all."""
    share = task.settings.ensemble_weight
    if isinstance(share, str):
        return best_of(task, {f"share {value:g}": _averaged(value) for value in ENSEMBLE_WEIGHTS})
    return _averaged(share)(task)


def _pooled(user_weight: float) -> Fit:
    def fit(task: Task) -> Predictor:
        def learnt() -> Predictor:
            examples = examples_of(task, task.table, user_weight=user_weight)
            return learn(examples, task.settings)

        return task.remembered(f"pooled {user_weight}", task.table, learnt)

    return fit


def _averaged(own_share: float) -> Fit:
    def fit(task: Task) -> Predictor:
        parts = {"own": user_only(task), "pooled": weighted(task)}
        return Blend(parts, {"own": own_share, "pooled": 1 - own_share})

    return fit
