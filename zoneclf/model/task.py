"""What a strategy is given: labelled training rows, whose they are, and how to learn."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from zoneclf.labels.regions import ZoneRegions
from zoneclf.labels.table import LabelledTable
from zoneclf.model.predictors import Affect
from zoneclf.settings import TrainSettings

Values = npt.NDArray[np.float64]
T = TypeVar("T")
# Models of other sources, and those of the fold at hand that an ensemble asks for again.
_REMEMBERED = 24


@dataclass(frozen=True)
class Task:
    """Labelled training rows with the chosen features.

    `own` names the sources that are the user's, whose zones the model is for; `regions` is the
    rule that made zones of arousal and valence.  `memo` keeps what was learnt last: from other
    sources alone it is the same in every fold of the user's tracks.  `starter` predicts arousal and
    valence in place of a model of other sources.
    """

    table: LabelledTable
    own: frozenset[str]
    settings: TrainSettings
    regions: ZoneRegions | None = None
    memo: OrderedDict[Hashable, Any] = field(default_factory=OrderedDict, compare=False, repr=False)
    starter: Affect | None = None

    @cached_property
    def is_own(self) -> npt.NDArray[np.bool_]:
        """Which rows are the user's, shape (tracks,)."""
        return np.isin(self.table.source, list(self.own))

    @property
    def own_rows(self) -> LabelledTable:
        """The user's rows alone."""
        return self.table.take(self.is_own)

    @property
    def other_rows(self) -> LabelledTable:
        """The rows of every other source."""
        return self.table.take(~self.is_own)

    def remembered(self, what: str, table: LabelledTable, learn: Callable[[], T]) -> T:
        """Return what `learn` returns, asked once for these rows and settings."""
        values = np.ascontiguousarray(table.features.to_numpy(np.float32))
        settings = replace(self.settings, strategy="user-only")  # whichever asks
        ids, codes = tuple(table.about["track_id"]), table.codes.tobytes()
        key = (what, settings, ids, hash(codes), hash(values.tobytes()))
        if key not in self.memo:
            self.memo[key] = learn()
        self.memo.move_to_end(key)
        while len(self.memo) > _REMEMBERED:
            self.memo.popitem(last=False)
        found: T = self.memo[key]
        return found


def targets(table: LabelledTable, regions: ZoneRegions | None, *, soft: bool) -> Values:
    """Return each track's probability of every zone, shape (tracks, zones).

    All of it on the track's zone; with `soft`, spread by how sure the raters' mean is where a
    track has one: the rule integrated over a normal distribution with their standard error.
    """
    wanted = np.eye(len(table.zones))[table.codes]
    about = table.about
    if not soft or regions is None or "arousal_se" not in about:
        return wanted
    errors = about[["arousal_se", "valence_se"]].to_numpy(np.float64)
    rated = np.isfinite(errors).all(axis=1)
    mean = about.loc[rated, ["arousal", "valence"]].to_numpy(np.float64)
    covariance = np.zeros((int(rated.sum()), 2, 2))
    covariance[:, [0, 1], [0, 1]] = errors[rated] ** 2
    wanted[rated] = regions.shares(mean, covariance)
    return wanted
