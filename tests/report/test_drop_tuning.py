"""Choosing thresholds for drops: nothing that is judged has a say in the choice."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from zoneclf.errors import TableError
from zoneclf.frames.grid import FrameGrid
from zoneclf.labels.table import LabelledTable
from zoneclf.model.splits import Rows, folds
from zoneclf.report.drop_tuning import OnTimes, OnZones, best, candidates, group_folds, nested
from zoneclf.settings import DropSettings
from zoneclf.tracks.sets import DROP_RATES

GRID = FrameGrid()
FAINT_S = 20.5


def faint_drop(seed: int) -> np.ndarray:
    """Return RMS with a rise too small for the default contrast."""
    noise = np.random.default_rng(seed).normal(0, 0.002, 80)
    return np.concatenate([np.full(28, 0.2), np.full(12, 0.14), np.full(40, 0.22)]) + noise


def faint_tracks(count: int) -> OnTimes:
    return OnTimes([faint_drop(seed) for seed in range(count)], [(FAINT_S - 0.25,)] * count, GRID)


class Spy:
    """A target that remembers which rows it was asked about."""

    def __init__(self) -> None:
        self.inner_rows: list[set[int]] = []
        self.outer_rows: list[tuple[set[int], set[int]]] = []

    def inner(self, settings: DropSettings, train: Rows) -> float:
        self.inner_rows.append(set(train.tolist()))
        return settings.contrast

    def outer(self, settings: DropSettings, train: Rows, held_out: Rows) -> float:
        self.outer_rows.append((set(train.tolist()), set(held_out.tolist())))
        return -settings.contrast


def test_held_out_rows_have_no_say_in_the_choice() -> None:
    spy = Spy()
    tried = [DropSettings(contrast=value) for value in (0.5, 0.9, 0.1)]
    groups = np.array([f"g{row // 2}" for row in range(20)])
    found = list(nested(spy, tried, group_folds(groups, count=5, seed=0)))
    assert [one.chosen.contrast for one in found] == [0.9] * 5
    assert {(one.in_force, one.tuned) for one in found} == {(-0.5, -0.9)}
    for number, (train, held_out) in enumerate(spy.outer_rows[::2]):
        asked = spy.inner_rows[3 * number : 3 * number + 3]
        assert all(rows == train for rows in asked)
        assert not train & held_out
        assert not {groups[row] for row in train} & {groups[row] for row in held_out}
    assert sorted(row for _, rows in spy.outer_rows[::2] for row in rows) == list(range(20))


def test_thresholds_that_miss_every_drop_are_replaced() -> None:
    target = faint_tracks(12)
    tried = candidates(DropSettings(), 60, seed=0)
    groups = np.arange(12).astype(str)
    for one in nested(target, tried, group_folds(groups, count=3, seed=0)):
        assert one.in_force == 0.0
        assert one.tuned > 0.9
        assert one.chosen.contrast < 0.5


def test_of_equals_those_in_force_stay() -> None:
    same = OnTimes([np.full(60, 0.2)] * 4, [()] * 4, GRID)
    in_force = DropSettings(within_s=5.0)
    assert best(same, candidates(in_force, 20, seed=3), np.arange(4)) == in_force


def test_a_seed_decides_what_is_tried() -> None:
    assert candidates(DropSettings(), 30, seed=1) == candidates(DropSettings(), 30, seed=1)
    assert candidates(DropSettings(), 30, seed=1) != candidates(DropSettings(), 30, seed=2)


def test_zones_are_told_from_drops(make_table: Callable[..., LabelledTable]) -> None:
    table = make_table(60, zones=("YELLOW", "PURPLE"))
    spec = replace(table.spec, features=(*table.spec.features, *DROP_RATES))
    features = table.features.assign(**dict.fromkeys(DROP_RATES, np.float32(0)))
    table = replace(table, features=features, spec=spec)
    curves = [faint_drop(0) if code else np.full(80, 0.2) for code in table.codes]
    target = OnZones(curves, table, GRID, seed=0)
    pairs = folds(table.codes, table.group, count=3, seed=0)
    tried = [DropSettings(), DropSettings(contrast=0.2)]
    for one in nested(target, tried, pairs):
        assert one.chosen.contrast == 0.2
        assert one.tuned == 1.0
        assert one.in_force < 0.7


def test_too_few_tracks_are_refused() -> None:
    with pytest.raises(TableError, match="2 tracks cannot be split into 5 folds"):
        list(group_folds(np.array(["a", "b", "b"]), count=5, seed=0))
