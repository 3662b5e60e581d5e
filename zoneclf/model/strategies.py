"""Ways from labelled tracks of several sources to one predictor, all behind one interface.

A strategy is a function from a `Task` to a `Predictor`.  It sees training rows only, may split
them further, and fits everything it needs inside.
"""

from dataclasses import replace
from typing import cast

from zoneclf.errors import SettingsError, TableError
from zoneclf.model.adaptation import adapted
from zoneclf.model.comparison import Contender, compare
from zoneclf.model.learners import require_two_zones
from zoneclf.model.pooled import balanced, ensemble, user_only, weighted
from zoneclf.model.predictors import Predictor
from zoneclf.model.task import Task
from zoneclf.model.transfer import affect, finetune
from zoneclf.model.validation import Fit, Progress
from zoneclf.settings import Strategy

BASELINE: Strategy = "user-only"
AUTO: Strategy = "auto"
FIXED: dict[Strategy, Fit] = {
    BASELINE: user_only,
    "weighted": weighted,
    "balanced": balanced,
    "finetune": finetune,
    "ensemble": ensemble,
    "affect": affect,
}
STRATEGIES = (*FIXED, AUTO)
# These learn from nothing but the user's tracks, so a model's card names no other source.
OWN_ONLY: frozenset[str] = frozenset({BASELINE})


def fit(task: Task) -> Predictor:
    """Return what the strategy named in the settings fits.

    Raises
    ------
    SettingsError
        If there is no such strategy.
    TableError
        If no track, or only one zone, is left to learn from.
    """
    name = require_known(task.settings.strategy)
    require_two_zones(task.own_rows if task.is_own.any() else task.table)
    if name == AUTO:
        name = chosen(contenders(task))
    changed, wrap = adapted(replace(task, settings=replace(task.settings, strategy=name)))
    return wrap(FIXED[name](changed))


def contenders(task: Task, progress: Progress = lambda *_: None) -> list[Contender]:
    """Return every strategy that the sources allow, compared on folds of the user's tracks.

    Empty if the user's tracks are too few to compare anything.
    """
    alone = [BASELINE] if task.starter is None else [BASELINE, "affect"]
    names = alone if task.is_own.all() else list(FIXED)
    fits: dict[str, Fit] = {name: _fit(name) for name in names}
    try:
        return task.remembered(
            "contenders",
            task.table,
            lambda: compare(task, fits, baseline=BASELINE, progress=progress),
        )
    except TableError:
        return []


def chosen(found: list[Contender]) -> Strategy:
    """Return the strategy to take: the best of those that beat the baseline beyond noise."""
    better = [contender.name for contender in found if contender.is_better]
    return cast(Strategy, better[0]) if better else BASELINE


def require_known(name: Strategy) -> Strategy:
    """Return the name of a strategy.

    Raises
    ------
    SettingsError
        If there is no such strategy.
    """
    if name not in FIXED and name != AUTO:
        known = ", ".join(STRATEGIES)
        raise SettingsError(f"train.strategy is {name!r}; it must be one of {known}")
    return name


def _fit(name: Strategy) -> Fit:
    return lambda task: fit(replace(task, settings=replace(task.settings, strategy=name)))
