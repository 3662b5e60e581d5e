import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.metrics import brier_score_loss, log_loss

from zoneclf.deep.genre.calibration import (
    calibration_error,
    calibration_from,
    calibration_scores,
    fit_calibration,
    reliability,
    uncalibrated,
)


def honest(seed: int, tracks: int, bases: Any) -> tuple[Any, Any]:
    """Logits, shape (tracks, genres), whose sigmoid is the chance of the targets."""
    rng = np.random.default_rng(seed)
    logits = np.asarray(bases) + 1.5 * rng.normal(size=(tracks, len(bases)))
    return logits, rng.random(logits.shape) < expit(logits)


BASES = [0.0, -1.0, -2.0]


@pytest.mark.parametrize("method", ["platt", "temperature"])
def test_calibrated_logits_are_left_nearly_as_they_are(method: str) -> None:
    found = fit_calibration(*honest(0, 2000, BASES), method=method)
    np.testing.assert_allclose(found.scales, 1, atol=0.12)
    np.testing.assert_allclose(found.shifts, 0, atol=0.15)
    logits, targets = honest(1, 4000, BASES)
    before = calibration_scores(targets, expit(logits))
    after = calibration_scores(targets, found.probabilities(logits))
    assert after["log_loss"] < before["log_loss"] + 0.002


@pytest.mark.parametrize("method", ["platt", "temperature"])
def test_what_is_too_sure_is_mended_on_tracks_not_seen(method: str) -> None:
    logits, targets = honest(0, 1500, BASES)
    found = fit_calibration(4 * logits, targets, method=method)
    np.testing.assert_allclose(found.scales, 0.25, rtol=0.15)
    logits, targets = honest(1, 1500, BASES)
    before = calibration_scores(targets, expit(4 * logits))
    after = calibration_scores(targets, found.probabilities(4 * logits))
    assert after["log_loss"] < before["log_loss"] - 0.2
    for name in ("ece", "ece_macro", "brier"):
        assert after[name] < before[name], name
    assert after["ece"] < 0.03


def test_logits_that_weights_moved_up_need_a_shift() -> None:
    weights = np.log([2.0, 10.0, 40.0])
    logits, targets = honest(0, 3000, BASES)
    platt = fit_calibration(logits + weights, targets)
    np.testing.assert_allclose(platt.shifts, -weights, atol=0.4)
    heat = fit_calibration(logits + weights, targets, method="temperature")
    assert heat.shifts == (0.0, 0.0, 0.0)
    losses = [
        calibration_scores(targets, found.probabilities(logits + weights))["log_loss"]
        for found in (platt, heat, uncalibrated(3))
    ]
    assert losses[0] < losses[1] < losses[2]


def test_rare_genres_stay_near_the_global_and_frequent_ones_go_their_own_way() -> None:
    ways = {}
    for base in (0.0, -7.0):
        logits, targets = honest(0, 800, [0.0, 0.0, 0.0, base])
        logits[:, 3] += 2
        found = fit_calibration(logits, targets)
        ways[found.tracks[3]] = (found.overall[1] - found.shifts[3]) / (found.overall[1] + 2)
    rare, frequent = sorted(ways)
    assert (rare, frequent) == (3, 403)
    assert ways[frequent] > 0.7
    assert ways[rare] < 0.3


def test_the_fewer_tracks_the_nearer_to_the_global() -> None:
    logits, targets = honest(0, 4000, [-2.0, 0.0, 0.0, 0.0])
    moved = logits + np.array([3.0, 0.0, 0.0, 0.0])
    apart = []
    for tracks in (40, 200, 4000):
        found = fit_calibration(moved[:tracks], targets[:tracks])
        apart.append(abs(found.shifts[0] - found.overall[1]))
    assert apart[0] < apart[1] < apart[2]


def test_a_genre_that_no_track_has_or_all_have_gets_the_global() -> None:
    logits, targets = honest(0, 300, BASES)
    for value in (False, True):
        changed = targets.copy()
        changed[:, 1] = value
        found = fit_calibration(2 * logits, changed)
        assert (found.scales[1], found.shifts[1]) == pytest.approx(found.overall)
        assert found.scales[0] != found.overall[0]


def test_too_few_tracks_change_nothing() -> None:
    logits, targets = honest(0, 19, BASES)
    found = fit_calibration(logits, targets)
    assert found.method == "none"
    np.testing.assert_allclose(found.probabilities(logits), expit(logits))


def test_scores_that_part_targets_without_error_stay_finite() -> None:
    targets = np.repeat([[True], [False]], 50, axis=0)
    logits = np.where(targets, 30.0, -30.0)
    found = fit_calibration(logits, targets)
    assert np.isfinite([*found.scales, *found.shifts]).all()
    assert np.isfinite(found.probabilities(1e4 * logits)).all()


@settings(max_examples=8)
@given(st.integers(0, 2**32 - 1), st.integers(20, 80))
def test_the_order_of_scores_within_a_genre_is_kept(seed: int, tracks: int) -> None:
    logits, targets = honest(seed, tracks, [0.0, -1.0])
    found = fit_calibration(3 * logits + 1, targets).probabilities(3 * logits + 1)
    for genre in range(2):
        assert (np.argsort(found[:, genre]) == np.argsort(logits[:, genre])).all()


@given(st.integers(0, 2**32 - 1), st.integers(1, 60))
def test_scores_are_scikit_learns_and_bins_add_up(seed: int, tracks: int) -> None:
    rng = np.random.default_rng(seed)
    said, targets = rng.random((tracks, 2)), rng.random((tracks, 2)) < 0.4
    found = calibration_scores(targets, said)
    wanted = log_loss(targets.ravel(), said.ravel(), labels=[False, True])
    assert found["log_loss"] == pytest.approx(wanted, abs=1e-12)
    wanted = brier_score_loss(targets.ravel(), said.ravel(), pos_label=True)
    assert found["brier"] == pytest.approx(wanted, abs=1e-12)
    rows = reliability(targets, said)
    assert sum(row["count"] for row in rows) == 2 * tracks
    assert sum(row["count"] * row["true"] for row in rows) == pytest.approx(targets.sum())


def test_the_calibration_error_of_a_known_case() -> None:
    said = np.array([[0.95], [0.95], [0.05], [1.0]])
    targets = np.array([[True], [False], [False], [True]])
    # Bins 0.9 to 1 (three, said 2.9 / 3, true 2 / 3) and 0 to 0.1.
    assert calibration_error(targets, said) == pytest.approx(0.75 * 0.3 + 0.25 * 0.05)


def test_it_survives_the_card() -> None:
    found = fit_calibration(*honest(0, 60, BASES))
    raw = json.loads(json.dumps(found.as_json()))
    assert calibration_from(raw, "abc") == found
    with pytest.raises(ValueError, match="3 scales for 2 genres"):
        calibration_from(raw, "ab")
    with pytest.raises(ValueError, match="not above 0"):
        calibration_from({**raw, "scales": [1, 1, 0]}, "abc")
