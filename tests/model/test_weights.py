"""How much a track counts: source times zone, mean 1."""

from collections.abc import Callable

import numpy as np
import pytest

from zoneclf.labels.table import LabelledTable
from zoneclf.model.weights import track_weights

OWN = frozenset({"user"})
Make = Callable[..., LabelledTable]


@pytest.mark.parametrize("by_zone", [True, False])
@pytest.mark.parametrize("user_weight", [0.5, 1.0, 3.0])
def test_the_mean_is_one(make_table: Make, user_weight: float, by_zone: bool) -> None:
    table = make_table(80, share_of_user=0.3)
    weight = track_weights(table, OWN, user_weight=user_weight, by_zone=by_zone)
    assert weight.shape == (80,)
    assert weight.mean() == pytest.approx(1)
    assert (weight > 0).all()


def test_a_users_track_counts_that_many_times_as_much(make_table: Make) -> None:
    table = make_table(90, share_of_user=0.4)
    weight = track_weights(table, OWN, user_weight=3.0, by_zone=False)
    mine = table.source == "user"
    assert np.unique(weight[mine]).size == np.unique(weight[~mine]).size == 1
    assert weight[mine][0] == pytest.approx(3 * weight[~mine][0])


def test_zones_have_the_same_weight_in_sum(make_table: Make) -> None:
    table = make_table(90, share_of_user=0.4)
    kept = table.take(np.flatnonzero((table.codes != 2) | (np.arange(90) % 9 == 2)))
    weight = track_weights(kept, OWN, user_weight=3.0, by_zone=True)
    sums = np.bincount(kept.codes, weights=weight)
    np.testing.assert_allclose(sums, sums[0])
    mine, purple = kept.source == "user", kept.codes == 2
    assert weight[mine & purple][0] == pytest.approx(3 * weight[~mine & purple][0])


def test_a_zone_without_tracks_changes_nothing(make_table: Make) -> None:
    table = make_table(90)
    part = table.take(table.codes != 1)
    weight = track_weights(part, OWN, user_weight=3.0, by_zone=True)
    np.testing.assert_allclose(weight, np.ones(60))
