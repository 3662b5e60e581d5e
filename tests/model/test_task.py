"""Targets, folds that keep to their rows, and what is remembered."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from zoneclf.labels.regions import ZoneRegions
from zoneclf.labels.table import LabelledTable
from zoneclf.model.task import Task, targets
from zoneclf.model.validation import out_of_fold
from zoneclf.settings import TrainSettings

Make = Callable[..., LabelledTable]
OWN = frozenset({"user"})
REGIONS = ZoneRegions((3.75, 6.25), (), ((0,), (1,), (2,)), 3)


def rated(table: LabelledTable, error: float) -> LabelledTable:
    about = table.about.assign(arousal_se=error, valence_se=error)
    about.loc[:9, "arousal_se"] = np.nan
    return replace(table, about=about)


def test_soft_targets_are_the_rule_over_the_raters_error(make_table: Make) -> None:
    table = rated(make_table(60), 0.8)
    hard = np.eye(3)[table.codes]
    soft = targets(table, REGIONS, soft=True)
    np.testing.assert_array_equal(targets(table, REGIONS, soft=False), hard)
    np.testing.assert_array_equal(targets(table, None, soft=True), hard)
    np.testing.assert_array_equal(soft[:10], hard[:10])  # not rated
    mean = table.about[["arousal", "valence"]].to_numpy()[10:]
    np.testing.assert_allclose(soft[10:], REGIONS.shares(mean, 0.64 * np.eye(2)))
    np.testing.assert_allclose(soft.sum(axis=1), 1)


def test_a_task_remembers_by_rows_labels_and_settings(make_table: Make) -> None:
    table, asked = make_table(30), []
    task = Task(table, OWN, TrainSettings())

    def learn() -> int:
        asked.append(1)
        return len(asked)

    moved = replace(table, features=table.features + 1)
    relabelled = replace(table, codes=np.roll(table.codes, 1))
    other = replace(task, settings=replace(task.settings, rounds=7))
    assert task.remembered("it", table, learn) == task.remembered("it", table, learn) == 1
    assert task.remembered("that", table, learn) == 2
    assert task.remembered("it", moved, learn) == 3
    assert task.remembered("it", relabelled, learn) == 4
    assert other.remembered("it", table, learn) == 5
    for place in range(40):
        task.remembered(str(place), table, learn)
    assert len(task.memo) <= 24


class Halves:
    kind = "halves"

    def probabilities(self, features: pd.DataFrame) -> np.ndarray:
        return np.full((len(features), 3), 1 / 3, dtype=np.float32)


@pytest.mark.parametrize("shared", [False, True])
def test_a_judged_track_is_never_learnt_from_nor_is_its_artist(
    make_table: Make, shared: bool
) -> None:
    table = make_table(90, share_of_user=0.5)
    if shared:  # an artist whom both sources have
        table.group[60:63] = table.group[0]
    task = Task(table, OWN, TrainSettings())
    seen: list[tuple[set[str], set[str]]] = []

    def spy(part: Task) -> Halves:
        seen.append((set(part.table.about["track_id"]), set(part.table.group[part.is_own])))
        theirs = part.table.group[~part.is_own]
        if shared and table.group[0] not in seen[-1][1]:
            assert table.group[0] not in theirs
        else:
            assert len(theirs) == 45
        return Halves()

    found = out_of_fold(task, {"spy": spy}, task.is_own, count=5, repeats=2)["spy"]
    assert [part.shape for part in found] == [(45, 3), (45, 3)]
    np.testing.assert_allclose(np.stack(found), 1 / 3, rtol=1e-6)
    mine = set(table.about["track_id"][task.is_own])
    for repeat in (seen[:5], seen[5:]):
        left_out = [mine - ids for ids, _ in repeat]
        assert set.union(*left_out) == mine
        assert sum(map(len, left_out)) == len(mine)  # each track is judged once
        for (_, groups), gone in zip(repeat, left_out, strict=True):
            rows = table.about["track_id"].isin(gone).to_numpy()
            assert not groups & set(table.group[rows])
