"""Boosted trees: zones may be missing, bytes follow the seed, columns go by name."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from zoneclf.labels.table import LabelledTable
from zoneclf.model.booster import predict, value_booster, zone_booster
from zoneclf.settings import TrainSettings

QUICK = TrainSettings(rounds=20)
Make = Callable[..., LabelledTable]


def trees(table: LabelledTable, settings: TrainSettings = QUICK) -> bytes:
    booster = zone_booster(
        table.features, table.codes, zone_count=len(table.zones), settings=settings
    )
    return bytes(booster.save_raw("json"))


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_zone_that_no_track_has_keeps_its_place(make_table: Make, missing: int) -> None:
    table = make_table()
    part = table.take(table.codes != missing)
    booster = zone_booster(part.features, part.codes, zone_count=3, settings=QUICK)
    found = predict(booster, table.features)
    assert found.shape == (90, 3)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
    assert (found[:, missing] < found.max(axis=1)).all()
    assert (found.argmax(axis=1) == table.codes)[table.codes != missing].mean() > 0.9


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(make_table: Make) -> None:
    table = make_table()
    assert trees(table) == trees(make_table())
    assert trees(table) != trees(table, replace(QUICK, seed=1))


def test_the_number_of_threads_does_not_change_the_bytes(make_table: Make) -> None:
    table = make_table()
    assert trees(table, replace(QUICK, threads=1)) == trees(table, replace(QUICK, threads=2))


def test_columns_go_by_name_not_by_place(make_table: Make) -> None:
    table = make_table()
    booster = zone_booster(table.features, table.codes, zone_count=3, settings=QUICK)
    turned = table.features[list(table.features)[::-1]].assign(another=1.0)
    np.testing.assert_array_equal(predict(booster, turned), predict(booster, table.features))
    with pytest.raises(KeyError, match="loud"):
        predict(booster, table.features.drop(columns="loud"))


def test_weights_pull_towards_what_weighs_more(make_table: Make) -> None:
    table = make_table()
    features = table.features[["noise_1"]]
    weight = np.where(table.codes == 2, 20.0, 1.0)
    booster = zone_booster(features, table.codes, zone_count=3, settings=QUICK, weight=weight)
    assert predict(booster, features).mean(axis=0).argmax() == 2


def test_numbers_are_learnt(make_table: Make) -> None:
    table = make_table()
    target = table.about["arousal"].to_numpy(float)
    booster = value_booster(table.features, target, settings=replace(QUICK, rounds=60))
    left = ((predict(booster, table.features) - target) ** 2).mean()
    assert left < 0.2 * target.var()
