"""Ways to learn, compared by cross-validation on the user's training tracks alone.

All see the same folds, so what counts is the difference per track: its mean and its 95 % interval
over tracks.  Nothing here ever sees the holdout.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

from zoneclf.errors import TableError
from zoneclf.model.predictors import Predictor, Probabilities
from zoneclf.model.task import Task
from zoneclf.model.validation import Fit, Progress, out_of_fold

Values = npt.NDArray[np.float64]
_SMALLEST = 1e-7


@dataclass(frozen=True)
class Contender:
    """One way to learn: its scores, and its log loss against the baseline's.

    `difference` is below 0 where it is better; `ci95` is None for the baseline.
    """

    name: str
    log_loss: float
    accuracy: float
    difference: float
    ci95: tuple[float, float] | None

    @property
    def is_better(self) -> bool:
        """Whether it beats the baseline beyond noise."""
        return self.ci95 is not None and self.ci95[1] < 0

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def compare(
    task: Task, fits: Mapping[str, Fit], *, baseline: str, progress: Progress = lambda *_: None
) -> list[Contender]:
    """Return every contender, best log loss first.

    The interval is Student's over tracks, of each track's mean difference over the repeats; where
    tracks share a group (an artist), of each group's, since their errors go together.

    Raises
    ------
    TableError
        If the user's tracks are too few for two folds.
    """
    codes, groups = task.table.codes[task.is_own], task.table.group[task.is_own]
    found = out_of_fold(
        task,
        fits,
        task.is_own,
        count=fold_count(task),
        repeats=task.settings.inner_repeats,
        progress=progress,
    )
    losses = {name: track_losses(codes, repeats) for name, repeats in found.items()}
    contenders = []
    for name, repeats in found.items():
        apart = losses[name] - losses[baseline]
        guesses = np.stack([repeat.argmax(axis=1) for repeat in repeats])
        contenders.append(
            Contender(
                name,
                float(losses[name].mean()),
                float((guesses == codes).mean()),
                float(apart.mean()),
                None if name == baseline else paired_interval(apart, groups),
            )
        )
    return sorted(contenders, key=lambda contender: contender.log_loss)


def best_of(task: Task, fits: Mapping[str, Fit]) -> Predictor:
    """Return what the fit with the lowest log loss on folds of the user's tracks learns."""
    first = next(iter(fits))
    return fits[compare(task, fits, baseline=first)[0].name](task)


def fold_count(task: Task) -> int:
    """Return how many folds the user's tracks allow: as set, or fewer where a zone is rare.

    Raises
    ------
    TableError
        If not even two.
    """
    codes, groups = task.table.codes[task.is_own], task.table.group[task.is_own]
    fewest = int(np.unique(codes, return_counts=True)[1].min()) if codes.size else 0
    count = min(task.settings.inner_folds, fewest, np.unique(groups).size)
    if count < 2:
        raise TableError(
            f"{codes.size} labelled tracks of yours, {fewest} of the rarest zone, are too few to "
            "compare ways to learn; label more, or name a --strategy and weights yourself"
        )
    return count


def paired_interval(apart: Values, groups: npt.NDArray[np.str_]) -> tuple[float, float]:
    """Return the 95 % interval of a mean difference, shape (tracks,), clustered by group."""
    _, places = np.unique(groups, return_inverse=True)
    mean, clusters = float(apart.mean()), int(places.max()) + 1
    if clusters < 2:
        return (-np.inf, np.inf)
    sums = np.bincount(places, weights=apart - mean)
    error = np.sqrt(clusters / (clusters - 1) * (sums**2).sum()) / len(apart)
    half = float(student.ppf(0.975, clusters - 1) * error)
    return mean - half, mean + half


def track_losses(codes: npt.NDArray[np.int64], repeats: list[Probabilities]) -> Values:
    """Return each track's mean log loss over the repeats, shape (tracks,)."""
    places = np.arange(len(codes))
    each = [-np.log(np.maximum(repeat[places, codes], _SMALLEST)) for repeat in repeats]
    return np.asarray(np.mean(each, axis=0), dtype=np.float64)
