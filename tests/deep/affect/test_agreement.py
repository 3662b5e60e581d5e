"""Scores of arousal and valence, against other libraries and by hand."""

import numpy as np
import pytest
from sklearn.metrics import r2_score, root_mean_squared_error

from zoneclf.deep.affect.agreement import agreement, central_band, concordance, difference


def drawn(seed=0, tracks=80, *, noise=0.6):
    random = np.random.default_rng(seed)
    true = np.clip(random.normal(5, [1.3, 0.9], (tracks, 2)), 1, 9).astype(np.float32)
    predicted = 5 + 0.5 * (true - 5) + random.normal(0.2, noise, (tracks, 2))
    return true, predicted.astype(np.float32)


def concordance_by_hand(t, p):
    """Lin's definition by expectations: 1 - E(t - p)^2 / the same of independent t and p."""
    apart = np.subtract.outer(t, p)
    return 1 - ((t - p) ** 2).mean() / (apart**2).mean()


def test_scores_are_those_of_other_libraries():
    true, predicted = drawn()
    found = agreement(true, predicted, resamples=0)
    for place, name in enumerate(("arousal", "valence")):
        t, p = (one[:, place].astype(float) for one in (true, predicted))
        told = found[name]
        assert told["r2"] == pytest.approx(r2_score(t, p))
        assert told["rmse"] == pytest.approx(root_mean_squared_error(t, p))
        assert told["ccc"] == pytest.approx(concordance_by_hand(t, p))
        assert told["correlation"] == pytest.approx(np.corrcoef(t, p)[0, 1])
        assert told["slope"] == pytest.approx(np.polyfit(t, p, 1)[0])
        assert told["spread_ratio"] == pytest.approx(p.std() / t.std())
        assert told["slope"] == pytest.approx(told["correlation"] * told["spread_ratio"])
        assert told["bias"] == pytest.approx((p - t).mean())
        low, high = np.quantile(t, [0.25, 0.75])
        assert told["central_share"] == ((p >= low) & (p <= high)).mean()
        assert told["central_share_true"] == ((t >= low) & (t <= high)).mean()
    assert found["mean"]["ccc"] == pytest.approx(
        (found["arousal"]["ccc"] + found["valence"]["ccc"]) / 2
    )
    assert concordance(true, predicted) == pytest.approx(found["mean"]["ccc"])


def test_perfect_and_timid_predictions():
    true, _ = drawn()
    perfect = agreement(true, true, resamples=0)["mean"]
    assert perfect["r2"] == pytest.approx(1)
    assert perfect["ccc"] == pytest.approx(1)
    assert perfect["slope"] == pytest.approx(1)
    assert perfect["spread_ratio"] == pytest.approx(1)
    timid = agreement(true, (true - 5) * 0.3 + 5, resamples=0)["mean"]
    assert timid["correlation"] == pytest.approx(1)
    assert timid["spread_ratio"] == pytest.approx(0.3, rel=1e-4)
    assert timid["slope"] == pytest.approx(0.3, rel=1e-4)
    assert timid["central_share"] > 0.85
    assert timid["ccc"] < 0.6


def test_the_mean_alone_is_no_agreement():
    true, _ = drawn()
    found = agreement(true, np.full_like(true, 5), resamples=50)["arousal"]
    assert found["correlation"] is None
    for name in ("ccc", "slope", "spread_ratio"):
        assert found[name] == pytest.approx(0, abs=1e-12)
    assert found["r2"] == pytest.approx(0, abs=0.05)
    same = agreement(np.full_like(true, 5), true, resamples=50)["arousal"]
    assert same["r2"] is None
    assert same["r2_ci95"] is None


def test_values_that_are_none_are_refused():
    true, predicted = drawn()
    predicted[3, 1] = np.nan
    with pytest.raises(ValueError, match="finite"):
        agreement(true, predicted)
    with pytest.raises(ValueError, match="shape"):
        agreement(true[:, :1], predicted[:, :1])


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    """Over 100 samples of 30 artists with four tracks each."""
    slope, inside = 0.5, 0
    for seed in range(100):
        random = np.random.default_rng(seed)
        artists = np.repeat(np.arange(30), 4)
        true = random.normal(5, 1, (120, 2)) + random.normal(0, 0.7, (30, 2))[artists]
        shift = random.normal(0, 0.3, (30, 2))[artists]
        predicted = 5 + slope * (true - 5) + shift + random.normal(0, 0.2, (120, 2))
        found = agreement(true, predicted, groups=artists, resamples=200)["arousal"]
        low, high = found["slope_ci95"]
        inside += low <= slope <= high
    assert 86 <= inside <= 99


def test_artists_are_drawn_whole():
    true, predicted = drawn(tracks=60)
    six = np.repeat(np.arange(6), 10)
    predicted += np.repeat([-1, 1, -1, 1, 1, -1], 10)[:, None]
    one = agreement(true, predicted, resamples=300)["arousal"]["bias_ci95"]
    many = agreement(true, predicted, groups=six, resamples=300)["arousal"]["bias_ci95"]
    assert many[1] - many[0] > 1.5 * (one[1] - one[0])


def test_a_difference_is_judged_on_the_same_tracks():
    true, predicted = drawn(noise=0.9)
    better = predicted + 0.4 * (true - predicted)
    found = difference(true, better, predicted, resamples=300)
    whole = [agreement(true, one, resamples=0)["mean"]["ccc"] for one in (better, predicted)]
    told = found["mean"]["ccc"]
    assert told["difference"] == pytest.approx(whole[0] - whole[1])
    assert told["ci95"][0] > 0
    alone = agreement(true, predicted, resamples=300)["mean"]["ccc_ci95"]
    assert told["ci95"][1] - told["ci95"][0] < alone[1] - alone[0]
    none = difference(true, predicted, predicted, resamples=100)["mean"]["ccc"]
    assert none == {"difference": 0, "ci95": [0, 0]}


def test_the_central_band_holds_half():
    assert central_band(np.arange(101.0)) == (25, 75)
