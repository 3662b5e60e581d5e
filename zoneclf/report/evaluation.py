"""Predictions on tracks that the model has not seen: on the holdout, or by cross-validation.

Every fold fits the whole strategy anew on its training rows.  Folds hold out tracks of all
sources; scores by source come from the rows held out of each.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from zoneclf.labels.table import LabelledTable
from zoneclf.model.predictors import Probabilities
from zoneclf.model.splits import folds
from zoneclf.model.strategies import Task, fit
from zoneclf.report.scores import Scores, score

# Called after each fit with how many are done and how many there are.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Evaluation:
    """Held-out predictions of tracks: `probabilities` has shape (tracks, zones).

    `repeats` holds the probabilities of each repeat of a cross-validation, of which
    `probabilities` is the mean; for a holdout it is that alone.
    """

    split: str
    table: LabelledTable
    probabilities: Probabilities
    repeats: tuple[Probabilities, ...]

    def part(self, rows: npt.NDArray[np.bool_]) -> "Evaluation":
        """Return the evaluation of some tracks."""
        pieces = tuple(repeat[rows] for repeat in self.repeats)
        return Evaluation(self.split, self.table.take(rows), self.probabilities[rows], pieces)

    def of(self, sources: frozenset[str]) -> "Evaluation":
        """Return the evaluation of some sources' tracks."""
        return self.part(np.isin(self.table.source, list(sources)))

    @property
    def scores(self) -> Scores:
        """The scores; over repeats of a cross-validation, those of the first.

        Averaging the repeats' probabilities first would score an ensemble that nobody ships.
        """
        return score(self.table.codes, self.repeats[0], self.table.zones)

    @property
    def spread(self) -> dict[str, tuple[float, float]]:
        """Mean and standard deviation over repeats of the main scores."""
        each = [score(self.table.codes, repeat, self.table.zones) for repeat in self.repeats]
        found = {}
        for name in ("accuracy", "f1_weighted", "f1_macro", "log_loss"):
            values = [getattr(scores, name) for scores in each]
            found[name] = (
                float(np.mean(values)),
                float(np.std(values, ddof=min(1, len(each) - 1))),
            )
        return found


def cross_validate(task: Task, *, count: int, repeats: int, progress: Progress) -> Evaluation:
    """Return out-of-fold predictions for the user's rows and for other sources large enough.

    Parameters
    ----------
    task
        Labelled rows without the holdout, strategy and settings; its seed draws the folds.
    count
        Folds.
    repeats
        How often all folds are drawn anew.
    progress
        Told of each fit.
    """
    table = _judged(task, count)
    fixed = task.table.take(~np.isin(task.table.source, np.unique(table.source)))
    sources = {name: place for place, name in enumerate(np.unique(table.source))}
    strata = table.codes * len(sources) + np.array([sources[name] for name in table.source])
    found = []
    for repeat in range(repeats):
        out = np.zeros((len(table), len(table.zones)), dtype=np.float32)
        seed = task.settings.seed + repeat
        for number, (train, held_out) in enumerate(
            folds(strata, table.group, count=count, seed=seed)
        ):
            # What is too small to be judged is still learnt from, but for artists held out now.
            allowed = ~np.isin(fixed.group, np.unique(table.group[held_out]))
            part = replace(task, table=_joined(table.take(train), fixed.take(allowed)))
            out[held_out] = fit(part).probabilities(table.features.iloc[held_out])
            progress(repeat * count + number + 1, repeats * count)
        found.append(out)
    mean = np.asarray(np.mean(found, axis=0, dtype=np.float32))
    return Evaluation("cv", table, mean, tuple(found))


def _judged(task: Task, count: int) -> LabelledTable:
    """Return the rows of the user's sources and of others that are large enough for folds."""
    table = task.table
    keep = np.isin(table.source, list(task.own))
    for source in set(np.unique(table.source)) - task.own:
        rows = table.source == source
        fewest = np.unique(table.codes[rows], return_counts=True)[1].min()
        if fewest >= count and np.unique(table.group[rows]).size >= count:
            keep |= rows
    return table.take(keep)


def _joined(first: LabelledTable, second: LabelledTable) -> LabelledTable:
    return replace(
        first,
        features=pd.concat([first.features, second.features], ignore_index=True),
        codes=np.concatenate([first.codes, second.codes]),
        source=np.concatenate([first.source, second.source]),
        group=np.concatenate([first.group, second.group]),
        about=pd.concat([first.about, second.about], ignore_index=True),
    )


def on_holdout(table: LabelledTable, probabilities: Probabilities) -> Evaluation:
    """Return the evaluation of holdout rows from a stored model's predictions."""
    return Evaluation("holdout", table, probabilities, (probabilities,))
