"""Paired differences: intervals that hold what they say, and who counts as better."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from zoneclf.errors import TableError
from zoneclf.labels.table import LabelledTable
from zoneclf.model.comparison import best_of, compare, fold_count, paired_interval
from zoneclf.model.task import Task
from zoneclf.settings import TrainSettings

Make = Callable[..., LabelledTable]
OWN = frozenset({"user"})


class Says:
    """A predictor that gives the zone that the first feature tells so much."""

    kind = "says"

    def __init__(self, share: float) -> None:
        self.share = share

    def probabilities(self, features: pd.DataFrame) -> np.ndarray:
        codes = np.clip(np.rint(features["loud"].to_numpy() / 4), 0, 2).astype(int)
        rest = (1 - self.share) / 2
        return (rest + (self.share - rest) * np.eye(3)[codes]).astype(np.float32)


@pytest.mark.parametrize("per_group", [1, 5])
def test_the_interval_holds_the_truth_as_often_as_it_says(per_group: int) -> None:
    rng, held, count = np.random.default_rng(0), 0, 1500
    groups = np.repeat(np.arange(20), per_group).astype(str)
    for _ in range(count):
        shared = np.repeat(rng.normal(size=20), per_group)
        low, high = paired_interval(0.3 + shared + 0.5 * rng.normal(size=len(groups)), groups)
        held += low <= 0.3 <= high
    assert abs(held / count - 0.95) < 4 * np.sqrt(0.95 * 0.05 / count)


def test_one_group_tells_nothing() -> None:
    assert paired_interval(np.ones(5), np.array(["a"] * 5)) == (-np.inf, np.inf)


def test_the_better_is_first_and_better_beyond_noise(make_table: Make) -> None:
    task = Task(make_table(90), OWN, TrainSettings(inner_folds=3, inner_repeats=2))
    fits = {name: lambda _, s=share: Says(s) for name, share in (("low", 0.5), ("high", 0.9))}
    best, other = compare(task, fits, baseline="low")
    assert (best.name, other.name) == ("high", "low")
    assert best.is_better
    assert best.difference == pytest.approx(best.log_loss - other.log_loss)
    assert other.ci95 is None
    assert not other.is_better
    found = best_of(task, fits)
    assert isinstance(found, Says)
    assert found.share == 0.9


def test_so_many_folds_as_the_rarest_zone_allows(make_table: Make) -> None:
    table = make_table(90)
    rare = table.take(np.r_[np.flatnonzero(table.codes == 0)[:3], np.flatnonzero(table.codes > 0)])
    assert fold_count(Task(table, OWN, TrainSettings(inner_folds=5))) == 5
    assert fold_count(Task(rare, OWN, TrainSettings(inner_folds=5))) == 3
    with pytest.raises(TableError, match="1 of the rarest zone, are too few to compare"):
        fold_count(Task(rare.take(np.arange(2, 63)), OWN, TrainSettings()))
