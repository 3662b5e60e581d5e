"""Telling the source, and the length that gives it away."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from zoneclf.errors import TableError
from zoneclf.labels.table import LabelledTable
from zoneclf.report.length_leak import length_leaks, length_remarks
from zoneclf.report.source_classifier import auc_interval, tell_source, tell_variants

Make = Callable[..., LabelledTable]
OWN = frozenset({"user"})
LONG_S, CLIP_S = (150.0, 480.0), (45.0, 45.0)


def sources(
    make: Make, user_s: tuple[float, float], deam_s: tuple[float, float], *, seed: int = 3
) -> LabelledTable:
    """Return 240 tracks of two sources alike in all but the length of their tracks.

    Two drops a minute in both, so that their count grows with the length.
    """
    table = make(240, seed=seed, share_of_user=0.5)
    rng = np.random.default_rng(seed)
    user = table.source == "user"
    length = np.where(user, rng.uniform(*user_s, 240), rng.uniform(*deam_s, 240))
    count = rng.poisson(2 * length / 60).astype(float)
    features = table.features.assign(drop_count=count)
    spec = dataclasses.replace(table.spec, features=tuple(features.columns))
    about = table.about.assign(duration_s=length)
    return dataclasses.replace(table, features=features, spec=spec, about=about)


def test_where_only_the_length_differs_the_count_of_drops_gives_the_source_away(
    make_table: Make,
) -> None:
    table = sources(make_table, LONG_S, CLIP_S)
    found = tell_source(table, OWN)
    assert found.auc_ci95[0] > 0.9
    assert found.features["feature"][0] == "drop_count"
    assert found.features["share"][0] > 0.5
    assert found.features["share"].sum() == pytest.approx(1)
    assert (found.own_count, found.other_count) == (120, 120)
    (leak,) = length_leaks(table, OWN).itertuples()
    assert leak.feature == "drop_count"
    assert (leak.within, leak.reason) == ("user", "is a sum over the track")
    assert leak.rank_correlation > 0.5
    (remark,) = length_remarks(table, OWN)
    assert "the others 45 s" in remark
    assert "drop_count (AUC 0.9" in remark


def test_without_the_count_the_source_is_not_told(make_table: Make) -> None:
    table = sources(make_table, LONG_S, CLIP_S)
    names = ["loud", "bright", "fast", "noise_1", "noise_2"]
    variants = {"as extracted": table, "without": table.with_features(names)}
    found = tell_variants(variants, OWN).set_index("variant")
    assert found.loc["as extracted", "auc"] > 0.9
    assert found.loc["as extracted", "top"] == "drop_count"
    assert found.loc["without", "low"] < 0.5 < found.loc["without", "high"]
    assert found["features"].to_dict() == {"as extracted": 6, "without": 5}


def test_a_rate_over_clips_of_equal_length_gives_them_away_by_its_steps(make_table: Make) -> None:
    table = sources(make_table, LONG_S, CLIP_S)
    rate = 60 * table.features["drop_count"] / table.about["duration_s"]
    features = table.features.drop(columns="drop_count").assign(drops_per_minute=rate)
    table = dataclasses.replace(table, features=features)
    assert tell_source(table, OWN).features["feature"][0] == "drops_per_minute"
    (leak,) = length_leaks(table, OWN).itertuples()
    assert leak.reason == "takes few values over tracks of equal length"
    both = sources(make_table, LONG_S, LONG_S)
    both.features["drop_count"] *= 60 / both.about["duration_s"]
    assert not len(length_leaks(both, OWN))


def test_tracks_of_equal_length_leak_nothing(make_table: Make) -> None:
    table = sources(make_table, LONG_S, LONG_S)
    assert not len(length_leaks(table, OWN))
    assert length_remarks(table, OWN) == ()
    low, high = tell_source(table, OWN).auc_ci95
    assert low < 0.5 < high


def test_a_leak_is_found_even_where_all_tracks_of_a_source_are_equally_long(
    make_table: Make,
) -> None:
    leaks = length_leaks(sources(make_table, (300.0, 300.0), CLIP_S), OWN)
    assert leaks["feature"].tolist() == ["drop_count"]
    assert np.isnan(leaks["rank_correlation"][0])


def test_any_feature_that_goes_with_the_length_is_named(make_table: Make) -> None:
    table = sources(make_table, LONG_S, CLIP_S)
    table.features["noise_1"] = -np.sqrt(table.about["duration_s"])
    leaks = length_leaks(table, OWN).set_index("feature")
    assert set(leaks.index) == {"drop_count", "noise_1"}
    assert leaks.loc["noise_1", "reason"] == "goes with the length inside user"
    assert leaks.loc["noise_1", "auc"] < 0.1


def test_a_real_difference_of_the_music_is_no_leak_of_length(make_table: Make) -> None:
    table = sources(make_table, LONG_S, CLIP_S)
    table.features["loud"] += np.where(table.source == "user", 10, 0)
    assert tell_source(table, OWN).features["feature"][0] == "loud"
    assert "loud" not in set(length_leaks(table, OWN)["feature"])


def test_lengths_that_are_not_known_leak_nothing(make_table: Make) -> None:
    table = sources(make_table, LONG_S, CLIP_S)
    table.about["duration_s"] = np.where(table.source == "user", 300.0, np.nan)
    assert length_remarks(table, OWN) == ()


def test_what_a_source_lacks_is_named_and_not_used(make_table: Make) -> None:
    table = sources(make_table, LONG_S, LONG_S)
    table.features["fast"] = np.where(table.source == "user", 120.0, np.nan)
    found = tell_source(table, OWN)
    assert found.absent == ("fast",)
    assert "fast" not in set(found.features["feature"])
    assert found.auc < 0.7


def test_an_artist_who_is_in_both_sources_does_not_help(make_table: Make) -> None:
    # Each artist has a sound of its own; if artists were split over folds it would be recognised.
    table = make_table(240, share_of_user=0.5)
    artist = np.random.default_rng(5).normal(size=80)[np.arange(240) // 3]
    table = dataclasses.replace(table, features=pd.DataFrame({"a": artist, "b": artist**2}))
    assert tell_source(table, OWN).auc < 0.65


def test_too_few_tracks_are_told(make_table: Make) -> None:
    with pytest.raises(TableError, match="folds"):
        tell_source(make_table(12, share_of_user=0.2), OWN)


def test_the_same_seed_gives_the_same_result(make_table: Make) -> None:
    table = sources(make_table, LONG_S, CLIP_S)
    first, second = tell_source(table, OWN, seed=1), tell_source(table, OWN, seed=1)
    assert first.auc == second.auc
    pd.testing.assert_frame_equal(first.features, second.features)


@pytest.mark.parametrize("auc", [0.0, 0.5, 0.9, 1.0])
def test_an_interval_holds_its_area_and_narrows_with_more_artists(auc: float) -> None:
    few, many = auc_interval(auc, 20, 30), auc_interval(auc, 200, 300)
    assert 0 <= few[0] <= many[0] <= auc <= many[1] <= few[1] <= 1
    assert few[1] - few[0] > many[1] - many[0] > 0


def test_intervals_cover_the_true_area() -> None:
    # Two normal samples one standard deviation apart: the area is Phi(1 / sqrt 2) = 0.760.
    rng = np.random.default_rng(6)
    held = 0
    for _ in range(400):
        ours, theirs = rng.normal(1, 1, (25, 1)), rng.normal(0, 1, (1, 40))
        low, high = auc_interval(float((ours > theirs).mean()), 25, 40)
        held += low <= 0.7602 <= high
    assert 0.92 <= held / 400 <= 0.99
