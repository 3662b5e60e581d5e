"""Scores: against numbers worked out by hand, published ones, and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, log_loss, recall_score

from zoneclf.report.scores import Scores, Target, score, targets

ZONES = ("YELLOW", "GREEN", "PURPLE")
# Four tracks: right and sure, right and unsure, one zone off, two zones off.
CODES = np.array([0, 1, 1, 2])
SHARES = np.array([[0.8, 0.15, 0.05], [0.25, 0.45, 0.3], [0.6, 0.3, 0.1], [0.9, 0.06, 0.04]])


def random_case(seed: int, n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    codes = rng.integers(3, size=n)
    shares = rng.dirichlet(np.ones(3), size=n) + 0.3 * np.eye(3)[codes]
    return codes, shares / shares.sum(axis=1, keepdims=True)


def certain(codes: np.ndarray, guesses: np.ndarray) -> Scores:
    return score(codes, np.eye(3)[guesses], ZONES)


def test_scores_worked_out_by_hand() -> None:
    found = score(CODES, SHARES, ZONES)
    assert (found.n, found.accuracy) == (4, 0.5)
    assert found.confusion == [[1, 0, 0], [1, 1, 0], [1, 0, 0]]
    assert found.recall == {"YELLOW": 1.0, "GREEN": 0.5, "PURPLE": 0.0}
    assert found.ordinal_mae == 0.75
    assert found.two_zone_mistakes == 0.25
    assert found.log_loss == pytest.approx(-np.log([0.8, 0.45, 0.3, 0.04]).mean())
    brier = [
        0.2**2 + 0.15**2 + 0.05**2,
        0.25**2 + 0.55**2 + 0.3**2,
        0.6**2 + 0.7**2 + 0.1**2,
        0.9**2 + 0.06**2 + 0.96**2,
    ]
    assert found.brier == pytest.approx(np.mean(brier))
    # Each track is alone in its bin: |confidence - right| over four.
    assert found.ece == pytest.approx((0.2 + 0.55 + 0.6 + 0.9) / 4)


def test_calibration_joins_tracks_of_one_bin() -> None:
    # Confidence 0.7 ten times, right seven times: nothing to complain about.
    codes = np.array([0] * 7 + [1] * 3)
    shares = np.tile([0.7, 0.2, 0.1], (10, 1))
    assert score(codes, shares, ZONES).ece == pytest.approx(0, abs=1e-12)
    assert score(np.zeros(10, dtype=int), shares, ZONES).ece == pytest.approx(0.3)


@pytest.mark.parametrize("seed", range(5))
def test_f1_recall_and_log_loss_are_scikit_learns(seed: int) -> None:
    codes, shares = random_case(seed)
    guesses = shares.argmax(axis=1)
    found = score(codes, shares, ZONES)
    assert found.f1_weighted == pytest.approx(f1_score(codes, guesses, average="weighted"))
    assert found.f1_macro == pytest.approx(f1_score(codes, guesses, average="macro"))
    recalls = recall_score(codes, guesses, average=None)
    assert list(found.recall.values()) == pytest.approx(recalls)
    assert found.log_loss == pytest.approx(log_loss(codes, shares))


def test_the_interval_of_f1_holds_f1_and_narrows_with_more_tracks() -> None:
    widths = []
    for n in (50, 800):
        found = score(*random_case(0, n), ZONES)
        low, high = found.f1_weighted_ci95
        assert 0 <= low <= found.f1_weighted <= high <= 1
        widths.append(high - low)
    assert widths[1] < widths[0] / 2


def test_every_interval_holds_its_score_and_narrows_with_more_tracks() -> None:
    few, many = (score(*random_case(1, n), ZONES) for n in (50, 800))
    for name in ("f1_weighted", "f1_macro", "log_loss", "ece", "ordinal_mae"):
        widths = []
        for found in (few, many):
            low, high = getattr(found, f"{name}_ci95")
            assert 0 <= low <= getattr(found, name) <= high
            widths.append(high - low)
        assert 0 < widths[1] < widths[0]


def test_tracks_of_one_artist_tell_less_than_as_many_of_others() -> None:
    codes, shares = random_case(2, 40)
    alone = score(np.repeat(codes, 5), np.repeat(shares, 5, axis=0), ZONES)
    together = score(
        np.repeat(codes, 5), np.repeat(shares, 5, axis=0), ZONES, np.repeat(np.arange(40), 5)
    )
    assert together.log_loss == alone.log_loss
    (low, high), (first, last) = together.log_loss_ci95, alone.log_loss_ci95
    # Five copies of each track are worth one: sqrt(5) times as wide.
    assert (high - low) / (last - first) == pytest.approx(5**0.5, rel=0.15)


def test_a_calibrated_model_is_not_called_uncalibrated() -> None:
    held = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        shares = rng.dirichlet(np.ones(3), size=300)
        codes = (rng.random(300)[:, None] > shares.cumsum(axis=1)).sum(axis=1)
        held += score(codes, shares, ZONES).ece_ci95[0] < 0.01
    assert held >= 17


def test_no_mistake_in_few_tracks_is_no_promise_of_none() -> None:
    found = certain(np.array([0, 1, 2] * 4), np.array([0, 1, 2] * 4))
    assert found.ordinal_mae == 0
    assert found.ordinal_mae_ci95 == pytest.approx((0, 1 - found.accuracy_ci95[0]))
    assert found.f1_macro_ci95 == found.accuracy_ci95


def test_a_zone_without_tracks_has_no_recall() -> None:
    found = certain(np.array([0, 0, 1]), np.array([0, 2, 1]))
    assert found.recall["PURPLE"] is None
    assert found.recall_ci95["PURPLE"] is None
    assert found.recall["YELLOW"] == 0.5


def test_certainty_about_the_wrong_zone_is_a_finite_loss() -> None:
    found = certain(np.array([0, 1]), np.array([1, 1]))
    assert np.isfinite(found.log_loss)
    assert found.log_loss > 5


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=40))
def test_laws_of_every_set_of_predictions(pairs: list[tuple[int, int]]) -> None:
    codes, guesses = np.array(pairs).T
    found = certain(codes, guesses)
    confusion = np.array(found.confusion)
    assert confusion.sum() == found.n == len(pairs)
    assert found.accuracy == pytest.approx(np.trace(confusion) / found.n)
    assert found.ordinal_mae >= 1 - found.accuracy - 1e-12
    assert found.two_zone_mistakes <= 1 - found.accuracy + 1e-12
    assert (found.accuracy == 1) == (found.f1_weighted == 1)


@pytest.mark.parametrize(
    ("value", "ci95", "verdict"),
    [
        (0.9, (0.81, 0.95), "met"),
        (0.9, (0.80, 0.95), "not decidable"),
        (0.85, (0.7, 0.93), "not decidable"),
        (0.7, (0.6, 0.79), "not met"),
        (None, None, "not decidable"),
    ],
)
def test_a_target_is_decided_by_its_interval(
    value: float | None, ci95: tuple[float, float] | None, verdict: str
) -> None:
    assert Target("accuracy", 0.80, value, ci95).verdict == verdict


def test_the_four_targets_of_the_first_users() -> None:
    codes = np.arange(600) % 3
    perfect = certain(codes, codes)
    found = {target.name: target for target in targets(perfect, "holdout")}
    assert {name: target.goal for name, target in found.items()} == {
        "accuracy": 0.80,
        "weighted F1": 0.78,
        "PURPLE recall": 0.85,
        "holdout accuracy": 0.80,
    }
    assert {target.verdict for target in found.values()} == {"met"}
    hopeless = targets(certain(codes, (codes + 1) % 3), "holdout")
    assert {target.verdict for target in hopeless} == {"not met"}


def test_a_handful_of_tracks_decides_nothing() -> None:
    codes = np.array([0, 1, 2, 1])
    found = targets(certain(codes, codes), "holdout")
    assert {target.value for target in found} == {1.0}
    assert {target.verdict for target in found} == {"not decidable"}


def test_only_a_holdout_decides_the_holdout_target() -> None:
    codes = np.arange(600) % 3
    last = targets(certain(codes, codes), "cv")[-1]
    assert (last.name, last.value, last.verdict) == ("holdout accuracy", None, "not decidable")


def test_zones_of_other_names_have_no_purple_target() -> None:
    codes = np.arange(90) % 2
    found = targets(score(codes, np.eye(2)[codes], ("calm", "wild")), "cv")
    purple = found[2]
    assert (purple.name, purple.verdict) == ("PURPLE recall", "not decidable")
