"""Out-of-fold predictions: every fold fits the whole strategy anew on its training rows."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from zoneclf.labels.table import LabelledTable
from zoneclf.model.predictors import Predictor, Probabilities
from zoneclf.model.resampling import joined
from zoneclf.model.splits import Rows, folds
from zoneclf.model.task import Task

Fit = Callable[[Task], Predictor]
# Called after each fit with how many are done and how many there are.
Progress = Callable[[int, int], None]


def out_of_fold(
    task: Task,
    fits: Mapping[str, Fit],
    judged: npt.NDArray[np.bool_],
    *,
    count: int,
    repeats: int,
    progress: Progress = lambda *_: None,
) -> dict[str, list[Probabilities]]:
    """Return each fit's predictions of the judged rows, one array per repeat.

    Every array has shape (judged tracks, zones).  The rows that are not `judged` are learnt from
    in every fold, but for those of a group (artist) that is held out.  All fits see the same
    folds, stratified by source and zone; the task's seed draws them.

    Raises
    ------
    TableError
        If the judged rows are too few for that many folds.
    """
    table, rest = task.table.take(judged), task.table.take(~judged)
    shape, total = (len(table), len(table.zones)), len(fits) * count * repeats
    found: dict[str, list[Probabilities]] = {name: [] for name in fits}
    done = 0
    for repeat in range(repeats):
        out = {name: np.zeros(shape, dtype=np.float32) for name in fits}
        seed = task.settings.seed + repeat
        for train, held_out in folds(_strata(table), table.group, count=count, seed=seed):
            part = replace(task, table=_training(table, train, rest, held_out))
            for name, fit in fits.items():
                out[name][held_out] = fit(part).probabilities(table.features.iloc[held_out])
                done += 1
                progress(done, total)
        for name in fits:
            found[name].append(out[name])
    return found


def _training(
    table: LabelledTable, train: Rows, rest: LabelledTable, held_out: Rows
) -> LabelledTable:
    """Return a fold's training rows and the rest, but for groups that are held out."""
    allowed = ~np.isin(rest.group, np.unique(table.group[held_out]))
    return joined(table.take(train), rest.take(allowed))


def _strata(table: LabelledTable) -> npt.NDArray[np.int64]:
    _, sources = np.unique(table.source, return_inverse=True)
    return np.asarray(table.codes * (sources.max(initial=0) + 1) + sources, dtype=np.int64)
