"""Thresholds for drops: chosen on training folds, judged on tracks that had no say in the choice.

In: RMS per frame of tracks, and what is known of them, the times of their drops or their zones.
Out: per outer fold the score of the thresholds in force and of those that were best inside it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from zoneclf.errors import TableError
from zoneclf.frames.grid import FrameGrid
from zoneclf.labels.table import LabelledTable
from zoneclf.model.splits import Rows, folds
from zoneclf.model.strategies import fit
from zoneclf.model.task import Task
from zoneclf.settings import DropSettings, TrainSettings
from zoneclf.tracks.drop_scores import Hits, hits
from zoneclf.tracks.drops import Curve, drop_features, find_drops
from zoneclf.tracks.sets import DROP_RATES

_VALUES: Final[dict[str, tuple[float, ...]]] = {
    "smooth_s": (1.0, 2.0, 3.0, 4.0, 5.0),
    "valley_sd": (0.0, 0.15, 0.3, 0.45, 0.6, 0.8),
    "peak_sd": (0.0, 0.15, 0.3, 0.45, 0.6, 0.8),
    "within_s": (2.0, 4.0, 6.0, 8.0, 12.0, 16.0),
    "contrast": (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0),
}
# Four features carry few trees.
_ROUNDS = 50
_INNER_FOLDS = 3


class Target(Protocol):
    """What thresholds are judged by; higher is better."""

    def inner(self, settings: DropSettings, train: Rows) -> float:
        """Return the score on training rows, by which thresholds are chosen."""
        ...

    def outer(self, settings: DropSettings, train: Rows, held_out: Rows) -> float:
        """Return the score on rows that were held out."""
        ...


@dataclass(frozen=True)
class OnTimes:
    """F1 of the drops found against known times, in seconds, of each track."""

    curves: Sequence[Curve]
    known_s: Sequence[Sequence[float]]
    grid: FrameGrid

    def inner(self, settings: DropSettings, train: Rows) -> float:
        """Return F1 over these tracks; one frame's distance is tolerated."""
        return sum((self._hits(settings, row) for row in train), Hits()).f1

    def outer(self, settings: DropSettings, train: Rows, held_out: Rows) -> float:
        """Return F1 over the held-out tracks."""
        del train  # nothing is fitted to it
        return self.inner(settings, held_out)

    def _hits(self, settings: DropSettings, row: int) -> Hits:
        found = find_drops(self.curves[row], self.grid, settings)
        return hits([drop.time_s for drop in found], self.known_s[row], self.grid.hop_s)


@dataclass(frozen=True)
class OnZones:
    """Accuracy of zones told from the four drop rates alone; `table` is labelled throughout."""

    curves: Sequence[Curve]
    table: LabelledTable
    grid: FrameGrid
    seed: int

    def inner(self, settings: DropSettings, train: Rows) -> float:
        """Return the accuracy by cross-validation within these rows, groups kept together."""
        codes, groups = self.table.codes[train], self.table.group[train]
        pairs = folds(codes, groups, count=_INNER_FOLDS, seed=self.seed)
        scores = [self.outer(settings, train[fitted], train[left]) for fitted, left in pairs]
        return float(np.mean(scores))

    def outer(self, settings: DropSettings, train: Rows, held_out: Rows) -> float:
        """Return the accuracy on the held-out rows of trees fitted to the others."""
        sources = frozenset(map(str, self.table.source))
        learning = TrainSettings(strategy="user-only", rounds=_ROUNDS, seed=self.seed)
        predictor = fit(Task(self._described(settings, train), sources, learning))
        asked = self._described(settings, held_out)
        told = predictor.probabilities(asked.features).argmax(axis=1)
        return float((told == asked.codes).mean())

    def _described(self, settings: DropSettings, rows: Rows) -> LabelledTable:
        """Return rows whose features are the drop rates under these thresholds."""
        described = [self._rates(self.curves[row], settings) for row in rows]
        features = pd.DataFrame(described, columns=list(DROP_RATES), dtype=np.float32)
        return replace(self.table.take(rows).with_features(DROP_RATES), features=features)

    def _rates(self, rms: Curve, settings: DropSettings) -> dict[str, float]:
        duration_s = (rms.size - 1) * self.grid.hop_s + self.grid.window_s
        return drop_features(find_drops(rms, self.grid, settings), duration_s)


@dataclass(frozen=True)
class FoldScore:
    """One outer fold: what was chosen inside it, and the held-out scores of both."""

    chosen: DropSettings
    in_force: float
    tuned: float


def candidates(in_force: DropSettings, count: int, seed: int) -> list[DropSettings]:
    """Return `count` thresholds to try, drawn from a grid, the nearest to those in force first.

    The first are those in force, so that of equals the least change is chosen.
    """
    rng = np.random.default_rng(seed)
    drawn = [
        DropSettings(**{name: float(rng.choice(values)) for name, values in _VALUES.items()})
        for _ in range(count - 1)
    ]
    return [in_force, *sorted(drawn, key=lambda values: _distance(values, in_force))]


def _distance(values: DropSettings, others: DropSettings) -> float:
    """Return how far apart two sets of thresholds are, each in widths of its grid."""
    parts = [
        abs(getattr(values, name) - getattr(others, name)) / (max(grid) - min(grid))
        for name, grid in _VALUES.items()
    ]
    return float(sum(parts))


def best(target: Target, tried: Sequence[DropSettings], train: Rows) -> DropSettings:
    """Return the thresholds with the highest inner score, the first of equals."""
    scores = [target.inner(settings, train) for settings in tried]
    return tried[int(np.argmax(scores))]


def nested(
    target: Target, tried: Sequence[DropSettings], pairs: Iterable[tuple[Rows, Rows]]
) -> Iterator[FoldScore]:
    """Yield the score of each outer fold; `tried` begins with the thresholds in force."""
    for train, held_out in pairs:
        chosen = best(target, tried, train)
        yield FoldScore(
            chosen,
            target.outer(tried[0], train, held_out),
            target.outer(chosen, train, held_out),
        )


def group_folds(
    groups: npt.NDArray[np.str_], *, count: int, seed: int
) -> Iterator[tuple[Rows, Rows]]:
    """Yield `count` pairs of row numbers, training and held out; groups are kept together.

    Raises
    ------
    TableError
        If there are fewer groups than folds.
    """
    names = np.unique(groups)
    if names.size < count:
        raise TableError(f"{names.size} tracks cannot be split into {count} folds; label more")
    for part in np.array_split(np.random.default_rng(seed).permutation(names), count):
        held_out = np.isin(groups, part)
        yield np.flatnonzero(~held_out), np.flatnonzero(held_out)
