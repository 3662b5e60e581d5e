"""What may be searched for a strategy: the settings that matter to it, and their ranges."""

from typing import Any

from zoneclf.labels.table import LabelledTable
from zoneclf.model.task import Task
from zoneclf.settings import TrainSettings

_AUTO = "auto"
_TREES: dict[str, tuple[float, float]] = {
    "rounds": (50, 600),
    "eta": (0.01, 0.2),
    "max_depth": (2, 6),
    "min_child_weight": (0.5, 20.0),
    "subsample": (0.5, 1.0),
    "colsample": (0.1, 1.0),
    "l2": (0.3, 30.0),
}
_LINEAR: dict[str, tuple[float, float]] = {"linear_penalty": (1.0, 300.0)}
_WEIGHT: dict[str, tuple[float, float]] = {"user_weight": (0.3, 30.0)}
_SHARE: dict[str, tuple[float, float]] = {"ensemble_weight": (0.0, 1.0)}
_SLOW: dict[str, tuple[float, float]] = {
    "finetune_rounds": (10, 200),
    "finetune_eta": (0.005, 0.2),
}
_LEARNER: dict[str, tuple[Any, ...]] = {"learner": ("trees", "linear", "blend")}
_BALANCE: dict[str, tuple[Any, ...]] = {"balance": ("none", "class", "smote")}
_LEARNT = _TREES | _LINEAR
# By strategy: ranges of numbers, and choices.
_RANGES = {
    "user-only": _LEARNT,
    "weighted": _LEARNT | _WEIGHT,
    "balanced": _LEARNT | _WEIGHT,
    "finetune": _LEARNT | _SLOW,
    "ensemble": _LEARNT | _WEIGHT | _SHARE,
    "affect": _WEIGHT,
}
_CHOICES: dict[str, dict[str, tuple[Any, ...]]] = {
    "user-only": _LEARNER | _BALANCE,
    "weighted": _LEARNER | _BALANCE,
    "balanced": _LEARNER | {"balance": ("class", "smote")},
    "finetune": _LEARNER | _BALANCE | {"finetune": ("continue", "margin", "stack")},
    "ensemble": _LEARNER | _BALANCE,
    "affect": {},
}
# These learn from other sources' labels themselves, so it matters how sure those are.
_SOFTENED = frozenset({"weighted", "balanced", "finetune", "ensemble"})
# These are counts.
_WHOLE = frozenset({"rounds", "max_depth", "finetune_rounds"})
# A range whose ends are further apart than this factor is searched by ratios.
_WIDE = 4.0


def start_of(task: Task) -> dict[str, Any]:
    """Return the settings in force of all that is searched, by key."""
    return {
        key: getattr(task.settings, key) for key in (*ranges_of(task.settings), *_choices(task))
    }


def ranges_of(settings: TrainSettings) -> dict[str, tuple[float, float]]:
    """Return the ranges of numbers by key; what is `auto` stays so."""
    ranges = _RANGES[settings.strategy]
    return {key: ends for key, ends in ranges.items() if getattr(settings, key) != _AUTO}


def space_of(task: Task) -> dict[str, Any]:
    """Return Optuna's distributions by key, wide enough for the settings in force."""
    from optuna import distributions as kinds

    space: dict[str, Any] = {}
    for key, ends in ranges_of(task.settings).items():
        now = getattr(task.settings, key)
        low, high = min(ends[0], now), max(ends[1], now)
        ratio = low > 0 and high > _WIDE * low
        if key in _WHOLE:
            space[key] = kinds.IntDistribution(int(low), int(high), log=ratio)
        else:
            space[key] = kinds.FloatDistribution(low, high, log=ratio)
    for key, options in _choices(task).items():
        now = getattr(task.settings, key)
        space[key] = kinds.CategoricalDistribution(tuple(dict.fromkeys((*options, now))))
    return space


def _choices(task: Task) -> dict[str, tuple[Any, ...]]:
    strategy = task.settings.strategy
    soft = strategy in _SOFTENED and _has_errors(task.other_rows)
    return _CHOICES[strategy] | ({"soft_labels": (False, True)} if soft else {})


def _has_errors(table: LabelledTable) -> bool:
    return "arousal_se" in table.about and bool(table.about["arousal_se"].notna().any())
