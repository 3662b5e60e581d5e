"""Predictions on tracks that the model has not seen: on the holdout, or by cross-validation.

Every fold fits the whole strategy anew on its training rows.  Folds hold out tracks of all
sources; scores by source come from the rows held out of each.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zoneclf.labels.table import LabelledTable
from zoneclf.model.calibration import cross_tempered, temperature_of
from zoneclf.model.predictors import Probabilities, tempered
from zoneclf.model.strategies import fit
from zoneclf.model.task import Task
from zoneclf.model.validation import Progress, out_of_fold
from zoneclf.report.scores import Scores, score


@dataclass(frozen=True)
class Evaluation:
    """Held-out predictions of tracks: `probabilities` has shape (tracks, zones).

    `repeats` holds the probabilities of each repeat of a cross-validation, of which
    `probabilities` is the mean; for a holdout it is that alone.  `kept` says which zones the
    model does not rule out, shape (tracks, zones), if that was asked.
    """

    split: str
    table: LabelledTable
    probabilities: Probabilities
    repeats: tuple[Probabilities, ...]
    kept: npt.NDArray[np.bool_] | None = None

    def part(self, rows: npt.NDArray[np.bool_]) -> "Evaluation":
        """Return the evaluation of some tracks."""
        pieces = tuple(repeat[rows] for repeat in self.repeats)
        kept = None if self.kept is None else self.kept[rows]
        return Evaluation(self.split, self.table.take(rows), self.probabilities[rows], pieces, kept)

    def of(self, sources: frozenset[str]) -> "Evaluation":
        """Return the evaluation of some sources' tracks."""
        return self.part(np.isin(self.table.source, list(sources)))

    def calibrated(self, own: frozenset[str]) -> "Evaluation":
        """Return the evaluation at temperatures that folds of the user's tracks give.

        Each of the user's tracks is judged at a temperature fitted on the others; tracks of other
        sources at that of all of the user's.
        """
        mine, codes = np.isin(self.table.source, list(own)), self.table.codes
        found = []
        for repeat in self.repeats:
            out = tempered(repeat, temperature_of(codes[mine], repeat[mine]))
            out[mine] = cross_tempered(codes[mine], repeat[mine], self.table.group[mine])
            found.append(out)
        mean = np.asarray(np.mean(found, axis=0, dtype=np.float32))
        return Evaluation(self.split, self.table, mean, tuple(found))

    @property
    def scores(self) -> Scores:
        """The scores; over repeats of a cross-validation, those of the first.

        Averaging the repeats' probabilities first would score an ensemble that nobody ships.
        """
        return score(self.table.codes, self.repeats[0], self.table.zones, self.table.group)

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


def cross_validate(
    task: Task, *, count: int, repeats: int, progress: Progress, own_alone: bool = False
) -> Evaluation:
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
    own_alone
        Whether only the user's rows are judged: then all others are learnt from in every fold.
    """
    judged = task.is_own if own_alone else _judged(task, count)
    fits = {"it": fit}
    found = out_of_fold(task, fits, judged, count=count, repeats=repeats, progress=progress)["it"]
    mean = np.asarray(np.mean(found, axis=0, dtype=np.float32))
    return Evaluation("cv", task.table.take(judged), mean, tuple(found))


def _judged(task: Task, count: int) -> npt.NDArray[np.bool_]:
    """Return which rows are of the user's sources or of others that are large enough for folds."""
    table = task.table
    keep = task.is_own.copy()
    for source in set(np.unique(table.source)) - task.own:
        rows = table.source == source
        fewest = np.unique(table.codes[rows], return_counts=True)[1].min()
        if fewest >= count and np.unique(table.group[rows]).size >= count:
            keep |= rows
    return keep


def on_holdout(table: LabelledTable, probabilities: Probabilities) -> Evaluation:
    """Return the evaluation of holdout rows from a stored model's predictions."""
    return Evaluation("holdout", table, probabilities, (probabilities,))
