"""How a model gets better with more labels: scores after learning from 25, 50, 100, ... of them.

In every repeat a fifth of the user's training tracks is judged and the labels come from the
others, so that all sizes are judged on the same tracks and no artist or copy is on both sides.  A
smaller draw is part of the larger one.  Other sources are learnt from in full, but for those
groups.  Intervals are over the judged tracks, artist by artist; that one draw of 25 labels is
luckier than the next is in them only as far as repeats differ.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from zoneclf.errors import TableError
from zoneclf.labels.table import LabelledTable
from zoneclf.model.comparison import paired_interval
from zoneclf.model.resampling import joined
from zoneclf.model.splits import Rows, folds
from zoneclf.model.task import Task
from zoneclf.model.validation import Fit, Progress
from zoneclf.report.intervals import wilson

SIZES = (25, 50, 100, 200, 400)
COLUMNS = (
    *("strategy", "labels", "judged", "repeats", "log_loss", "log_loss_low", "log_loss_high"),
    *("accuracy", "accuracy_low", "accuracy_high"),
    *("difference", "difference_low", "difference_high", "change", "change_low", "change_high"),
)
_FOLDS = 5
_SMALLEST = 1e-7

Values = npt.NDArray[np.float64]
# Of one strategy at one size, by repeat: each judged track's log loss and whether it was right.
_Judged = list[tuple[Values, Values]]


def learning_curve(
    task: Task, fits: Mapping[str, Fit], *, repeats: int, progress: Progress = lambda *_: None
) -> pd.DataFrame:
    """Return scores by number of labels learnt from.

    Parameters
    ----------
    task
        Labelled rows without the holdout; its seed makes the draws.
    fits
        Strategies by name, the baseline last.
    repeats
        How often tracks and labels are drawn; up to five judge different tracks.

    Returns
    -------
    pandas.DataFrame
        One row per strategy and size, with `COLUMNS`: log loss and accuracy with 95 % intervals;
        `difference`, the log loss against the baseline's, and `change`, against the strategy's own
        at the size before, NaN where there is none.  The last size is all there are.

    Raises
    ------
    TableError
        If the user's tracks are too few for folds.
    """
    mine = task.own_rows
    draws = _draws(mine, task.settings.seed, repeats)
    sizes = sizes_of(min(len(order) for order, _ in draws))
    groups = np.concatenate([mine.group[held_out] for _, held_out in draws])
    found: dict[tuple[str, int], _Judged] = {(name, size): [] for size in sizes for name in fits}
    done, total = 0, len(found) * len(draws)
    for order, held_out in draws:
        judged = mine.take(held_out)
        for name, size in found:
            part = _learnt(task, mine.take(order[:size]), judged)
            found[name, size].append(_judge(fits[name], part, judged))
            done += 1
            progress(done, total)
    return _table(found, groups, list(fits), sizes)


def sizes_of(most: int) -> list[int]:
    """Return the sizes well below `most` labels, or else half of it, and `most`."""
    below = [size for size in SIZES if size <= 0.75 * most] or [most // 2]
    return [*below, most]


def stratified_order(codes: npt.NDArray[np.int64], rng: np.random.Generator) -> Rows:
    """Return an order of rows whose every beginning has the zones' shares, and all zones early.

    Each zone's tracks are spread evenly over the whole; its first comes among the first.
    """
    place = np.zeros(len(codes))
    for code in np.unique(codes):
        rows = rng.permutation(np.flatnonzero(codes == code))
        place[rows] = (np.arange(rows.size) + rng.random()) / rows.size
        place[rows[0]] = -1
    return np.asarray(np.argsort(place, kind="stable"), dtype=np.intp)


def _draws(mine: LabelledTable, seed: int, repeats: int) -> list[tuple[Rows, Rows]]:
    """Return for each repeat the rows to learn from, in order, and those to judge."""
    rng = np.random.default_rng(seed)
    found: list[tuple[Rows, Rows]] = []
    while len(found) < repeats:
        drawn = seed + len(found) // _FOLDS
        for train, held_out in folds(mine.codes, mine.group, count=_FOLDS, seed=drawn):
            found.append((train[stratified_order(mine.codes[train], rng)], held_out))
    return found[:repeats]


def _learnt(task: Task, labels: LabelledTable, judged: LabelledTable) -> Task:
    """Return the task of these labels of the user's and all others, but for judged groups."""
    others = task.other_rows
    allowed = ~np.isin(others.group, np.unique(judged.group))
    return replace(task, table=joined(labels, others.take(allowed)))


def _judge(fit: Fit, task: Task, judged: LabelledTable) -> tuple[Values, Values]:
    """Return each judged track's log loss and whether it was right; NaN if nothing was learnt."""
    try:
        shares = fit(task).probabilities(judged.features)
    except TableError:
        nothing = np.full(len(judged), np.nan)
        return nothing, nothing
    chosen = shares[np.arange(len(judged)), judged.codes].astype(np.float64)
    right = (shares.argmax(axis=1) == judged.codes).astype(np.float64)
    return -np.log(np.maximum(chosen, _SMALLEST)), right


def _table(
    found: Mapping[tuple[str, int], _Judged],
    groups: npt.NDArray[np.str_],
    names: list[str],
    sizes: list[int],
) -> pd.DataFrame:
    whole = {
        key: (np.concatenate([loss for loss, _ in parts]), np.concatenate([r for _, r in parts]))
        for key, parts in found.items()
    }
    rows = []
    for name in names:
        for before, size in zip([0, *sizes], sizes, strict=False):
            loss, right = whole[name, size]
            row: dict[str, Any] = {"strategy": name, "labels": size, "judged": len(loss)}
            row |= {"repeats": len(found[name, size])}
            row |= _with_ends("log_loss", loss, groups) | _accuracy(right, groups)
            if name != names[-1]:
                row |= _with_ends("difference", loss - whole[names[-1], size][0], groups)
            if before:
                row |= _with_ends("change", loss - whole[name, before][0], groups)
            rows.append(row)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _with_ends(name: str, values: Values, groups: npt.NDArray[np.str_]) -> dict[str, float]:
    """Return the mean of some tracks' values and its 95 % interval."""
    if not np.isfinite(values).all():
        return {}
    low, high = paired_interval(values, groups)
    return {name: float(values.mean()), f"{name}_low": low, f"{name}_high": high}


def _accuracy(right: Values, groups: npt.NDArray[np.str_]) -> dict[str, float]:
    """Return the accuracy and its interval; where all are alike, which has no spread, Wilson's."""
    found = _with_ends("accuracy", right, groups)
    if found and np.unique(right).size == 1:
        ends = wilson(int(right.sum()), right.size)
    elif found:
        ends = max(0.0, found["accuracy_low"]), min(1.0, found["accuracy_high"])
    else:
        return {}
    return found | {"accuracy_low": ends[0], "accuracy_high": ends[1]}
