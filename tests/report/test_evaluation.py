"""Cross-validation: no track is judged by a model that saw it, its artist or its copy."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from zoneclf.errors import TableError
from zoneclf.labels.table import LabelledTable
from zoneclf.model.strategies import FIXED
from zoneclf.model.task import Task
from zoneclf.report.evaluation import Evaluation, cross_validate, on_holdout
from zoneclf.settings import TrainSettings

OWN = frozenset({"user"})
QUICK = TrainSettings(rounds=20)
Make = Callable[..., LabelledTable]


def quiet(done: int, total: int) -> None:
    assert 1 <= done <= total


def crossed(table: LabelledTable, *, repeats: int = 1, strategy: str = "weighted") -> Evaluation:
    task = Task(table, OWN, replace(QUICK, strategy=strategy))
    return cross_validate(task, count=5, repeats=repeats, progress=quiet)


class Spy:
    """A predictor that notes who asks; `asked` pairs what it learnt from with what it is asked."""

    kind: ClassVar[str] = "spy"

    def __init__(self, learnt: LabelledTable, asked: list[tuple[set[int], set[int]]]) -> None:
        self._learnt, self._asked = set(learnt.features["row"].astype(int)), asked
        self._zone_count = len(learnt.zones)

    def probabilities(self, features: pd.DataFrame) -> np.ndarray:
        self._asked.append((self._learnt, set(features["row"].astype(int))))
        return np.full((len(features), self._zone_count), 1 / self._zone_count, dtype=np.float32)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[set[int], set[int]]]]:
    """What every fit of the strategy `spy` learnt from and was asked for, by row number."""
    seen: list[tuple[set[int], set[int]]] = []
    monkeypatch.setitem(FIXED, "spy", lambda task: Spy(task.table, seen))
    yield seen


def numbered(table: LabelledTable) -> LabelledTable:
    features = table.features.assign(row=np.arange(len(table), dtype=np.float32))
    names = tuple(features.columns)
    return replace(table, features=features, spec=replace(table.spec, features=names))


def test_a_model_never_saw_what_it_judges_nor_its_group(
    make_table: Make, asked: list[tuple[set[int], set[int]]]
) -> None:
    table = numbered(make_table(90, share_of_user=0.5))
    crossed(table, repeats=2, strategy="spy")
    assert len(asked) == 10
    for learnt, judged in asked:
        groups = set(table.group[sorted(learnt)]) & set(table.group[sorted(judged)])
        assert not groups
    for first in (0, 5):
        judged = [row for _, rows in asked[first : first + 5] for row in rows]
        assert sorted(judged) == list(range(90))


def test_shuffled_labels_score_near_chance(make_table: Make) -> None:
    found = []
    for seed in range(6):
        table = make_table(90, seed=seed)
        np.random.default_rng(seed).shuffle(table.codes)
        found.append(crossed(table).scores.accuracy)
    assert abs(np.mean(found) - 1 / 3) < 0.1


def test_a_planted_copy_gives_nothing_away_if_it_shares_the_group(make_table: Make) -> None:
    table = make_table(90)
    rng = np.random.default_rng(0)
    noise = pd.DataFrame(
        rng.normal(size=(45, 5)).astype(np.float32), columns=list(table.features.columns)
    )
    twins = np.tile(np.arange(45), 2)
    codes = rng.permutation(np.arange(45) % 3)[twins]
    names = np.array([f"track:{number}" for number in twins])
    planted = replace(
        table, features=noise.iloc[twins].reset_index(drop=True), codes=codes, group=names
    )
    sharp = replace(QUICK, rounds=60, eta=0.3, max_depth=6, min_child_weight=0.0)
    apart = replace(planted, group=np.arange(90).astype(str))

    def accuracy(judged: LabelledTable) -> float:
        task = Task(judged, OWN, replace(sharp, subsample=1.0, colsample=1.0))
        return cross_validate(task, count=5, repeats=1, progress=quiet).scores.accuracy

    assert accuracy(apart) > 0.7
    assert accuracy(planted) < 0.55


def test_every_fold_holds_tracks_of_every_source_and_zone(
    make_table: Make, asked: list[tuple[set[int], set[int]]]
) -> None:
    table = numbered(make_table(120, share_of_user=0.5))
    table.group[:] = np.arange(120).astype("U10")
    crossed(table, strategy="spy")
    for _, judged in asked:
        rows = sorted(judged)
        assert len(set(zip(table.source[rows], table.codes[rows], strict=True))) == 6


def test_repeats_draw_other_folds_and_their_spread_is_told(make_table: Make) -> None:
    found = crossed(make_table(90), repeats=3)
    assert len(found.repeats) == 3
    assert not np.array_equal(found.repeats[0], found.repeats[1])
    np.testing.assert_allclose(found.probabilities, np.mean(found.repeats, axis=0), rtol=1e-6)
    assert set(found.spread) == {"accuracy", "f1_weighted", "f1_macro", "log_loss"}
    mean, deviation = found.spread["log_loss"]
    assert mean > 0
    assert deviation > 0
    assert crossed(make_table(90)).spread["log_loss"][1] == 0


def test_the_same_seed_gives_the_same_predictions(make_table: Make) -> None:
    table = make_table(60)
    np.testing.assert_array_equal(crossed(table).probabilities, crossed(table).probabilities)


def test_a_source_is_scored_by_its_own_tracks(make_table: Make) -> None:
    found = crossed(make_table(90, share_of_user=0.4))
    mine = found.of(OWN)
    assert (mine.scores.n, found.of(frozenset({"deam"})).scores.n) == (36, 54)
    assert set(mine.table.source) == {"user"}
    np.testing.assert_array_equal(mine.probabilities, found.probabilities[:36])


def test_too_few_tracks_for_the_folds_are_told(make_table: Make) -> None:
    with pytest.raises(TableError, match="label"):
        crossed(make_table(9))


def test_a_holdout_is_scored_as_it_was_predicted(make_table: Make) -> None:
    table = make_table(30)
    shares = np.eye(3, dtype=np.float32)[table.codes]
    found = on_holdout(table, shares)
    assert (found.split, found.scores.accuracy, found.scores.n) == ("holdout", 1.0, 30)


def test_another_source_too_small_for_folds_is_learnt_from_but_not_judged(
    make_table: Make, asked: list[tuple[set[int], set[int]]]
) -> None:
    table = numbered(make_table(96, share_of_user=90 / 96))
    found = crossed(table, strategy="spy")
    assert set(found.table.source) == {"user"}
    small = set(np.flatnonzero(table.source == "deam"))
    assert small
    assert all(small <= learnt and not small & judged for learnt, judged in asked)
