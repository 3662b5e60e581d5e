"""Arousal and valence: learnt from annotated tracks, judged on tracks that were not seen."""

from collections.abc import Callable

import numpy as np

from zoneclf.labels.table import LabelledTable
from zoneclf.labels.zones import SCALE
from zoneclf.model.affect import annotated, out_of_fold_values, predicted_values
from zoneclf.settings import TrainSettings

QUICK = TrainSettings(rounds=60, eta=0.1)
Make = Callable[..., LabelledTable]


def arousal_r2(table: LabelledTable, predicted: np.ndarray) -> float:
    truth = table.about["arousal"].to_numpy(float)
    return float(1 - ((truth - predicted[:, 0]) ** 2).sum() / ((truth - truth.mean()) ** 2).sum())


def test_only_tracks_with_both_values_are_annotated(make_table: Make) -> None:
    table = make_table(9)
    table.about.loc[0, "arousal"] = np.nan
    table.about.loc[1, "valence"] = np.nan
    assert annotated(table).tolist() == [False, False] + [True] * 7


def test_tracks_that_were_not_seen_are_placed_well(make_table: Make) -> None:
    unseen = make_table(90, seed=1)
    found = predicted_values(make_table(120), unseen.features, QUICK)
    assert found.shape == (90, 2)
    assert arousal_r2(unseen, found) > 0.8


def test_predictions_stay_on_the_scale(make_table: Make) -> None:
    table = make_table(60)
    table.about["arousal"] = np.where(table.codes == 0, 1.0, 9.0)
    found = predicted_values(table, 100 * table.features, QUICK)
    assert found.min() >= SCALE[0]
    assert found.max() <= SCALE[1]


def test_no_tracks_have_no_places(make_table: Make) -> None:
    table = make_table(60)
    assert predicted_values(table, table.features.iloc[:0], QUICK).shape == (0, 2)


def test_a_track_is_never_placed_by_a_model_that_saw_it(make_table: Make) -> None:
    table = make_table(90)
    assert arousal_r2(table, out_of_fold_values(table, QUICK, 5)) > 0.8
    table.about["arousal"] = np.random.default_rng(0).permutation(table.about["arousal"])
    assert arousal_r2(table, predicted_values(table, table.features, QUICK)) > 0.3
    assert arousal_r2(table, out_of_fold_values(table, QUICK, 5)) < 0.2


def test_the_same_seed_places_tracks_alike(make_table: Make) -> None:
    table = make_table(60)
    found = out_of_fold_values(table, QUICK, 3)
    np.testing.assert_array_equal(found, out_of_fold_values(table, QUICK, 3))
    other = out_of_fold_values(table, TrainSettings(rounds=60, eta=0.1, seed=1), 3)
    assert not np.array_equal(other, found)
