"""The learning curve: more labels are better on a toy, all sizes are judged alike, none leak."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from zoneclf.errors import TableError
from zoneclf.labels.table import LabelledTable
from zoneclf.model.predictors import Predictor
from zoneclf.model.task import Task
from zoneclf.report.curve_chapter import curve_chapter, no_curve
from zoneclf.report.learning_curve import COLUMNS, learning_curve, sizes_of, stratified_order
from zoneclf.settings import TrainSettings

Make = Callable[..., LabelledTable]
OWN = frozenset({"user"})


class Means:
    """A predictor by the nearest mean of each zone; notes what it learnt from and judges."""

    kind: ClassVar[str] = "means"

    def __init__(self, task: Task, seen: list[tuple[set[float], set[float]]]) -> None:
        self._learnt = set(task.table.features["noise_2"].astype(float))
        self._seen = seen
        mine = task.own_rows
        values = mine.features[["loud", "bright", "noise_1"]].to_numpy()
        self._means = np.array([values[mine.codes == code].mean(axis=0) for code in range(3)])

    def probabilities(self, features: pd.DataFrame) -> np.ndarray:
        self._seen.append((self._learnt, set(features["noise_2"].astype(float))))
        values = features[["loud", "bright", "noise_1"]].to_numpy()
        apart = ((values[:, None] - self._means) ** 2).sum(axis=2)
        shares = np.exp(-0.5 * (apart - apart.min(axis=1, keepdims=True)))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float32)


class Guess:
    """A predictor that says the same of every track."""

    kind: ClassVar[str] = "guess"

    def probabilities(self, features: pd.DataFrame) -> np.ndarray:
        return np.full((len(features), 3), 1 / 3, dtype=np.float32)


def noisy(make_table: Make, n: int = 200, share_of_user: float = 1.0) -> LabelledTable:
    """Return a table in which zones overlap, so that more labels tell more."""
    table = make_table(n, share_of_user=share_of_user)
    values = table.features.copy()
    values[["loud", "bright"]] /= 3
    values["loud"] += np.random.default_rng(1).normal(size=n)
    return replace(table, features=values.astype(np.float32))


def curve_of(
    table: LabelledTable, seen: list[tuple[set[float], set[float]]], repeats: int = 3
) -> pd.DataFrame:
    task = Task(table, OWN, TrainSettings())
    fits: dict[str, Callable[[Task], Predictor]] = {
        "means": lambda part: Means(part, seen),
        "guess": lambda _: Guess(),
    }
    return learning_curve(task, fits, repeats=repeats)


def test_more_labels_are_better_and_the_baseline_is_told_apart(make_table: Make) -> None:
    found = curve_of(noisy(make_table), [], repeats=5)
    assert tuple(found) == COLUMNS
    means = found[found["strategy"] == "means"].set_index("labels")
    assert list(means.index[:3]) == [25, 50, 100]
    assert means.index[-1] in range(150, 166)
    assert means["log_loss"].iloc[-1] < means["log_loss"].iloc[0]
    assert (means["log_loss_low"] < means["log_loss"]).all()
    assert (means["log_loss"] < means["log_loss_high"]).all()
    assert (means["difference_high"] < 0).all()  # better than guessing, beyond noise
    assert np.isnan(means["change"].iloc[0])
    change = means["log_loss"].iloc[1] - means["log_loss"].iloc[0]
    assert means["change"].iloc[1] == pytest.approx(change)
    guess = found[found["strategy"] == "guess"]
    assert guess["log_loss"].to_numpy() == pytest.approx(np.log(3))
    assert guess["difference"].isna().all()


def test_no_size_learns_from_what_it_is_judged_on_nor_its_artists(make_table: Make) -> None:
    table = noisy(make_table, 180, share_of_user=0.6)
    artist = dict(zip(table.features["noise_2"].astype(float), table.group, strict=True))
    seen: list[tuple[set[float], set[float]]] = []
    found = curve_of(table, seen)
    sizes = found["labels"].nunique()
    assert len(seen) == 3 * sizes
    for learnt, judged in seen:
        assert not {artist[value] for value in learnt} & {artist[value] for value in judged}
    for repeat in range(3):
        of_repeat = seen[repeat * sizes : (repeat + 1) * sizes]
        assert len({frozenset(judged) for _, judged in of_repeat}) == 1
        for (fewer, _), (more, _) in pairwise(of_repeat):
            assert fewer < more


def test_every_beginning_has_the_shares_of_the_zones() -> None:
    codes = np.repeat([0, 1, 2], [60, 36, 4])
    order = stratified_order(codes, np.random.default_rng(0))
    assert sorted(order) == list(range(100))
    assert set(codes[order[:3]]) == {0, 1, 2}
    assert abs((codes[order[:50]] == 0).sum() - 30) <= 2
    assert abs((codes[order[:50]] == 1).sum() - 18) <= 2


@pytest.mark.parametrize(
    ("most", "sizes"),
    [
        (20, [10, 20]),
        (28, [14, 28]),
        (40, [25, 40]),
        (310, [25, 50, 100, 200, 310]),
        (401, [25, 50, 100, 200, 401]),
    ],
)
def test_the_last_size_is_all_there_are(most: int, sizes: list[int]) -> None:
    assert sizes_of(most) == sizes


def test_too_few_tracks_are_told(make_table: Make) -> None:
    with pytest.raises(TableError, match="label"):
        curve_of(make_table(9), [])


def row(labels: int, change: tuple[float, float, float] | None) -> dict[str, object]:
    names = ("change", "change_low", "change_high")
    ends = dict(zip(names, change or (np.nan,) * 3, strict=True))
    scores = {"log_loss": 0.7, "log_loss_low": 0.6, "log_loss_high": 0.8}
    scores |= {"accuracy": 0.7, "accuracy_low": 0.6, "accuracy_high": 0.8}
    nothing = dict.fromkeys(("difference", "difference_low", "difference_high"), np.nan)
    counts = {"strategy": "affect", "labels": labels, "judged": 60, "repeats": 3}
    return {**counts, **scores, **nothing, **ends}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((-0.1, -0.15, -0.05), "More labels help: 50 instead of 25"),
        ((0.1, 0.05, 0.15), "More labels did not help"),
        ((-0.1, -0.25, 0.05), "not decided"),
    ],
)
def test_what_more_labels_bring_is_said_by_the_interval(
    change: tuple[float, float, float], words: str
) -> None:
    chapter = curve_chapter(pd.DataFrame([row(25, None), row(50, change)], columns=list(COLUMNS)))
    assert words in chapter.short
    assert chapter.metrics["rows"][0]["change"] is None
    assert set(chapter.tables) == set(chapter.pictures) == {"learning_curve"}


def test_one_size_says_nothing_and_none_says_why() -> None:
    alone = curve_chapter(pd.DataFrame([row(20, None)], columns=list(COLUMNS)))
    assert alone.short == ""
    assert "too few" in no_curve("too few").page["verdict"]
