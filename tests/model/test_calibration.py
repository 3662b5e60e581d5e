"""Temperature and conformal sets, on probabilities whose truth is known."""

import numpy as np
import pytest
from scipy.special import softmax

from zoneclf.model.calibration import cross_tempered, sets_from, temperature_of, zone_sets
from zoneclf.model.predictors import tempered

ZONES = ("YELLOW", "GREEN", "PURPLE")


def drawn(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return codes and the probabilities that they were drawn with."""
    rng = np.random.default_rng(seed)
    shares = softmax(1.5 * rng.normal(size=(count, 3)), axis=1)
    codes = (rng.uniform(size=(count, 1)) > shares.cumsum(axis=1)[:, :2]).sum(axis=1)
    return codes, shares


@pytest.mark.parametrize("wrong", [0.5, 1.0, 2.5])
def test_a_known_temperature_is_found(wrong: float) -> None:
    codes, shares = drawn(20_000)
    assert temperature_of(codes, tempered(shares, 1 / wrong)) == pytest.approx(wrong, rel=0.05)


def test_few_tracks_tell_no_temperature() -> None:
    codes, shares = drawn(19)
    assert temperature_of(codes, tempered(shares, 0.3)) == 1.0


def test_a_temperature_owes_nothing_to_the_track_it_is_for() -> None:
    codes, shares = drawn(200)
    raw = tempered(shares, 0.4)
    groups = np.array([f"artist {place // 2}" for place in range(200)])
    before = cross_tempered(codes, raw, groups)
    for place in (0, 50, 100):
        mine = groups == groups[place]
        changed = codes.copy()
        changed[mine] = (codes[mine] + 1) % 3
        np.testing.assert_array_equal(cross_tempered(changed, raw, groups)[mine], before[mine])
        assert (cross_tempered(changed, raw, groups) != before).any()


@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_sets_hold_the_zone_as_often_as_they_say(coverage: float) -> None:
    held, count, splits = np.zeros(3), np.zeros(3), 60
    for seed in range(splits):
        codes, shares = drawn(600, seed)
        sure = tempered(shares, 0.5)  # no probability is right, the sets are all the same
        sets = zone_sets(codes[:300], sure[:300], ZONES, coverage=coverage)
        least = np.array([sets.least[zone] for zone in ZONES])
        for code in range(3):
            there = codes[300:] == code
            held[code] += (sure[300:][there, code] >= least[code]).sum()
            count[code] += there.sum()
    # Both the thresholds (about 100 tracks a split) and the judged tracks are drawn.
    error = np.sqrt(coverage * (1 - coverage) * (1 / count + 1 / (splits * 100)))
    assert (np.abs(held / count - coverage - 0.005) < 4 * error + 0.005).all()


def test_too_few_tracks_of_a_zone_rule_nothing_out() -> None:
    codes, shares = np.array([0] * 8 + [1] * 9 + [2] * 30), np.full((47, 3), 1 / 3)
    sets = zone_sets(codes, shares.astype(np.float32), ZONES, coverage=0.9)
    assert sets.least["YELLOW"] == 0
    assert sets.least["GREEN"] > 0
    assert sets.tracks == {"YELLOW": 8, "GREEN": 9, "PURPLE": 30}


def test_sets_in_words() -> None:
    raw = {
        "coverage": 0.9,
        "least": {"YELLOW": 0.1, "GREEN": 0.3, "PURPLE": 0.2},
        "tracks": {"YELLOW": 50, "GREEN": 50, "PURPLE": 50},
    }
    sets = sets_from(raw)
    assert sets.as_json() == raw
    assert sets.words({"YELLOW": 0.05, "GREEN": 0.35, "PURPLE": 0.6}) == "GREEN or PURPLE"
    assert sets.words({"YELLOW": 0.09, "GREEN": 0.72, "PURPLE": 0.19}) == "GREEN"
    assert sets.words({"YELLOW": 0.3, "GREEN": 0.4, "PURPLE": 0.3}) == "listen"
    none = {"YELLOW": 0.09, "GREEN": 0.29, "PURPLE": 0.19}
    assert sets.of(none) == ("GREEN",)
