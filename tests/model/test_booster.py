"""Boosted trees: zones may be missing, bytes follow the seed, columns go by name."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import xgboost as xgb

from zoneclf.labels.table import LabelledTable
from zoneclf.model.booster import predict, raw_scores, value_booster, zone_booster
from zoneclf.settings import TrainSettings

QUICK = TrainSettings(rounds=20)
Make = Callable[..., LabelledTable]


def trees(table: LabelledTable, settings: TrainSettings = QUICK) -> bytes:
    return bytes(grow(table, settings).save_raw("json"))


def grow(table: LabelledTable, settings: TrainSettings = QUICK) -> xgb.Booster:
    targets, weight = np.eye(len(table.zones))[table.codes], np.ones(len(table))
    return zone_booster(table.features, targets, settings=settings, weight=weight)


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_zone_that_no_track_has_keeps_its_place(make_table: Make, missing: int) -> None:
    table = make_table()
    part = table.take(table.codes != missing)
    booster = grow(part)
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
    booster = grow(table)
    turned = table.features[list(table.features)[::-1]].assign(another=1.0)
    np.testing.assert_array_equal(predict(booster, turned), predict(booster, table.features))
    with pytest.raises(KeyError, match="loud"):
        predict(booster, table.features.drop(columns="loud"))


def test_weights_pull_towards_what_weighs_more(make_table: Make) -> None:
    table = make_table()
    features = table.features[["noise_1"]]
    weight = np.where(table.codes == 2, 20.0, 1.0)
    targets = np.eye(3)[table.codes]
    booster = zone_booster(features, targets, settings=QUICK, weight=weight)
    assert predict(booster, features).mean(axis=0).argmax() == 2


def test_numbers_are_learnt(make_table: Make) -> None:
    table = make_table()
    target = table.about["arousal"].to_numpy(float)
    settings = replace(QUICK, rounds=60)
    booster = value_booster(table.features, target, settings=settings, weight=np.ones(90))
    left = ((predict(booster, table.features) - target) ** 2).mean()
    assert left < 0.2 * target.var()


def test_a_track_of_two_zones_is_learnt_from_as_both(make_table: Make) -> None:
    table = make_table()
    targets = np.eye(3)[table.codes]
    targets[table.codes == 0] = [0.5, 0.5, 0.0]
    settings = replace(QUICK, rounds=200)
    booster = zone_booster(table.features, targets, settings=settings, weight=np.ones(90))
    found = predict(booster, table.features)[table.codes == 0].mean(axis=0)
    assert abs(found[0] - found[1]) < 0.1
    assert found[2] < 0.2


def test_trees_go_on_from_others_and_from_a_margin(make_table: Make) -> None:
    table = make_table()
    targets, weight = np.eye(3)[table.codes], np.ones(90)
    first = grow(table)
    more = zone_booster(table.features, targets, settings=QUICK, weight=weight, start=first)
    assert more.num_boosted_rounds() == 2 * first.num_boosted_rounds()
    margin = np.tile([0.0, 0.0, 3.0], (90, 1))
    told = zone_booster(table.features, targets, settings=QUICK, weight=weight, margin=margin)
    wrong = raw_scores(told, table.features, -margin)
    right = raw_scores(told, table.features, margin)
    np.testing.assert_allclose(right - wrong, 2 * margin, atol=1e-4)
