"""How far two sets of tracks lie apart, feature by feature."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from zoneclf.labels.table import LabelledTable
from zoneclf.report.shift import (
    feature_shift,
    larger_share,
    named_ratios,
    source_shift,
    standardised_difference,
)

Make = Callable[..., LabelledTable]
OWN = frozenset({"user"})


def test_the_difference_is_in_pooled_standard_deviations() -> None:
    first = pd.DataFrame({"a": [0.0, 2.0], "b": [1.0, 1.0]})
    second = pd.DataFrame({"a": [3.0, 5.0], "b": [1.0, 1.0]})
    found = standardised_difference(first, second)
    assert found["a"] == pytest.approx(3 / 2**0.5)
    assert "b" not in found  # without spread


def test_equal_sets_do_not_differ() -> None:
    table = pd.DataFrame({"a": [0.0, 2.0, 5.0]})
    assert standardised_difference(table, table)["a"] == 0


def test_shifts_are_found_and_the_largest_comes_first() -> None:
    rng = np.random.default_rng(0)
    names = ["same", "apart", "wider"]
    others = pd.DataFrame(rng.normal(5, 1, (3000, 3)), columns=names)
    own = pd.DataFrame(rng.normal(5, 1, (2000, 3)), columns=names)
    own["apart"] += 3
    own["wider"] = 5 + 4 * (own["wider"] - 5)
    found = feature_shift(others, own).set_index("feature")
    assert list(found.index) == ["apart", "wider", "same"]
    assert found["sure"].to_dict() == {"apart": True, "wider": True, "same": False}
    assert found.loc["apart", "difference"] == pytest.approx(3, abs=0.15)
    assert found.loc["apart", "ratio_mean"] == pytest.approx(8 / 5, abs=0.05)
    assert found.loc["apart", "ratio_median"] == pytest.approx(8 / 5, abs=0.05)
    # Equal means, so that only the gap between the distributions tells.
    assert abs(found.loc["wider", "difference"]) < 0.3
    assert found.loc["wider", "ks"] > 0.25


@pytest.mark.slow
def test_chance_is_rarely_called_sure() -> None:
    rng = np.random.default_rng(1)
    values = pd.DataFrame(rng.normal(size=(400, 500)))
    assert feature_shift(values[:200], values[200:])["sure"].sum() <= 1


def test_what_one_side_lacks_is_left_out_and_single_gaps_are_not() -> None:
    own = pd.DataFrame({"tempo": [120.0, np.nan, 126.0], "a": [1.0, 2.0, 4.0]})
    others = pd.DataFrame({"tempo": [np.nan] * 3, "a": [0.0, 1.0, np.nan]})
    assert list(feature_shift(others, own)["feature"]) == ["a"]
    assert list(feature_shift(own, own)["feature"]) == ["a", "tempo"]
    assert not len(feature_shift(others[["tempo"]], own[["tempo"]]))


def test_ratios_across_zero_are_not_given() -> None:
    own, others = pd.DataFrame({"a": [1.0, 3.0]}), pd.DataFrame({"a": [-2.0, 0.0]})
    assert np.isnan(feature_shift(others, own)["ratio_mean"][0])


def test_the_share_of_larger_values_is_the_area_under_the_roc_curve() -> None:
    rng = np.random.default_rng(2)
    ours, theirs = rng.integers(0, 6, 40).astype(float), rng.integers(-2, 4, 60).astype(float)
    truth = np.repeat([1, 0], [40, 60])
    expected = roc_auc_score(truth, np.concatenate([ours, theirs]))
    assert larger_share(ours, theirs) == pytest.approx(expected)


def test_the_table_of_the_first_experiments(make_table: Make) -> None:
    table = make_table(40, share_of_user=0.5)
    user = table.source == "user"
    features = pd.DataFrame(
        {
            "rms_energy": np.where(user, 0.245, 0.114) + 0.001 * (np.arange(40) % 3),
            "drop_count": np.where(user, 42.0, 6.0) + np.arange(40) % 3,
            "not named": np.arange(40.0),
        }
    )
    spec = dataclasses.replace(table.spec, features=tuple(features.columns))
    about = table.about.assign(duration_s=np.where(user, 300.0, 45.0))
    table = dataclasses.replace(table, features=features, spec=spec, about=about)
    found = named_ratios(table, OWN)
    assert list(found["feature"]) == ["duration_s", "drop_count", "rms_energy"]
    assert found["ratio_mean"].tolist() == pytest.approx([300 / 45, 6.2, 2.15], abs=0.1)
    np.testing.assert_allclose(found["first_ratio"], [np.nan, 7.0, 0.245 / 0.114])
    assert set(source_shift(table, OWN)["feature"][:2]) == {"rms_energy", "drop_count"}
