"""Drops in curves of which it is known where they are."""

import dataclasses

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneclf.frames.grid import FrameGrid
from zoneclf.settings import DropSettings
from zoneclf.tracks.drops import Drop, drop_features, find_drops, smoothed

GRID = FrameGrid()
HOP_S = GRID.hop_s
SETTINGS = DropSettings()
Curve = npt.NDArray[np.float64]


def curve(*parts: tuple[float, float]) -> Curve:
    """Return RMS every 0.5 s from (level, seconds)."""
    return np.concatenate([np.full(round(length / HOP_S), level) for level, length in parts])


def with_drops(count: int) -> Curve:
    part = [(0.2, 12.0), (0.05, 6.0), (0.35, 12.0)]
    return curve(*(part * count), (0.2, 12.0))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_every_drop_is_found_where_it_is(count: int) -> None:
    drops = find_drops(with_drops(count), GRID, SETTINGS)
    # A frame speaks for its centre, and the level jumps between two of them.
    centre_s = (GRID.window_s - GRID.hop_s) / 2
    expected_s = [18.0 + 30.0 * number + centre_s for number in range(count)]
    assert [drop.time_s for drop in drops] == pytest.approx(expected_s)


@given(st.floats(15.0, 25.0), st.sampled_from([0.1, 0.25, 0.5]))
def test_a_jump_of_the_level_is_timed_without_bias(jump_s: float, hop_s: float) -> None:
    grid = FrameGrid(2 * hop_s, hop_s)
    starts = grid.starts(round(50 / hop_s))
    loud_share = np.clip((starts + grid.window_s - jump_s) / grid.window_s, 0, 1)
    broken = (starts + grid.window_s > 8) & (starts < jump_s)
    rms = np.where(broken, 0.05 + 0.25 * loud_share, 0.3)
    (drop,) = find_drops(rms, grid, SETTINGS)
    assert drop.time_s == pytest.approx(jump_s, abs=1e-6)


def test_a_riser_before_the_drop_does_not_make_it_early() -> None:
    riser = np.linspace(0.05, 0.2, 12)
    rms = np.concatenate([np.full(40, 0.3), np.full(8, 0.05), riser, np.full(40, 0.35)])
    (drop,) = find_drops(rms, GRID, SETTINGS)
    assert drop.time_s == pytest.approx(60 * GRID.hop_s, abs=GRID.hop_s)


def test_contrast_and_intensity_are_relative_to_the_mean() -> None:
    rms = with_drops(1)
    (drop,) = find_drops(rms, GRID, SETTINGS)
    mean = float(smoothed(rms, HOP_S, SETTINGS.smooth_s).mean())
    assert drop.contrast == pytest.approx((0.35 - 0.05) / mean)
    assert drop.intensity == pytest.approx(0.35 / mean)


@given(st.floats(0.01, 100))
def test_drops_do_not_depend_on_the_level(factor: float) -> None:
    ours = find_drops(with_drops(2) * factor, GRID, SETTINGS)
    theirs = find_drops(with_drops(2), GRID, SETTINGS)
    assert [dataclasses.astuple(drop) for drop in ours] == [
        pytest.approx(dataclasses.astuple(drop)) for drop in theirs
    ]


CALM = {
    "steady": np.full(200, 0.2),
    "silent": np.zeros(200),
    "one frame": np.array([0.2]),
    "two frames": np.array([0.0, 0.2]),
    "starting late": curve((0.0, 2.0), (0.2, 30.0)),
    "after an intro": curve((0.05, 12.0), (0.3, 30.0)),
    "swelling every 4 s": 0.2 + 0.2 * np.sin(2 * np.pi * np.arange(120) / 8),
    "fading in": np.linspace(0.01, 0.3, 400),
    "fading out": np.linspace(0.3, 0.01, 200),
    "breathing": 0.2 + 0.02 * np.sin(np.arange(400) / 20),
    "only a break": curve((0.3, 30.0), (0.05, 10.0)),
    "a click": curve((0.2, 30.0), (0.0, 0.5), (0.2, 30.0)),
}


@pytest.mark.parametrize("rms", CALM.values(), ids=CALM.keys())
def test_calm_curves_have_no_drops(rms: Curve) -> None:
    assert find_drops(rms, GRID, SETTINGS) == []


def test_a_peak_that_comes_too_late_is_no_drop() -> None:
    slow = curve((0.25, 20.0), (0.05, 6.0), (0.25, 12.0), (0.35, 20.0))
    assert find_drops(slow, GRID, SETTINGS) == []
    patient = dataclasses.replace(SETTINGS, within_s=20.0)
    assert len(find_drops(slow, GRID, patient)) == 1


def test_a_rise_below_the_contrast_is_no_drop() -> None:
    flat = curve((0.2, 12.0), (0.17, 6.0), (0.23, 12.0), (0.2, 12.0))
    assert find_drops(flat, GRID, SETTINGS) == []
    assert len(find_drops(flat, GRID, dataclasses.replace(SETTINGS, contrast=0.1))) == 1


@pytest.mark.parametrize("name", ["valley_sd", "peak_sd", "contrast"])
def test_stricter_thresholds_never_find_more(name: str) -> None:
    rng = np.random.default_rng(0)
    rms = np.abs(np.cumsum(rng.normal(size=600)) / 30 + 0.3)
    counts = [
        len(find_drops(rms, GRID, dataclasses.replace(SETTINGS, **{name: value})))
        for value in (0.0, 0.2, 0.5, 1.0, 3.0)
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=300), st.sampled_from([0.1, 0.5, 1.0]))
def test_any_curve_gives_ordered_drops_above_the_contrast(
    levels: list[float], hop_s: float
) -> None:
    rms, grid = np.array(levels), FrameGrid(2 * hop_s, hop_s)
    drops = find_drops(rms, grid, SETTINGS)
    times = [drop.time_s for drop in drops]
    assert times == sorted(times)
    assert all(0 <= time <= (rms.size + 1) * hop_s for time in times)
    assert all(drop.contrast > SETTINGS.contrast for drop in drops)
    assert all(drop.intensity >= drop.contrast for drop in drops)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=100), st.floats(0, 10))
def test_smoothing_keeps_length_and_range(levels: list[float], smooth_s: float) -> None:
    out = smoothed(np.array(levels), HOP_S, smooth_s)
    assert out.shape == (len(levels),)
    assert min(levels) - 1e-9 <= out.min()
    assert out.max() <= max(levels) + 1e-9


def test_no_smoothing_changes_nothing() -> None:
    np.testing.assert_array_equal(smoothed(with_drops(1), HOP_S, 0.0), with_drops(1))


def test_features_sum_drops_up() -> None:
    drops = [Drop(10.0, 0.6, 1.5), Drop(40.0, 1.0, 2.5)]
    assert drop_features(drops, 240.0) == pytest.approx(
        {
            "drop_count": 2,
            "drops_per_minute": 0.5,
            "drop_strength": 1.0,
            "drop_contrast_mean": 0.8,
            "drop_intensity": 2.0,
        }
    )


def test_without_drops_all_features_are_zero() -> None:
    assert set(drop_features([], 45.0).values()) == {0.0}


def test_only_the_count_grows_with_the_length_of_a_track() -> None:
    def features(repeats: int) -> dict[str, float]:
        rms = np.tile(with_drops(3), repeats)
        return drop_features(find_drops(rms, GRID, SETTINGS), rms.size * HOP_S)

    once, thrice = features(1), features(3)
    assert thrice.pop("drop_count") == 3 * once.pop("drop_count")
    assert thrice == pytest.approx(once)


def test_one_rise_after_two_dips_is_one_drop() -> None:
    rms = curve((20, 1.0), (3, 0.1), (2, 0.9), (3, 0.1), (20, 2.0))
    assert len(find_drops(rms, GRID, DropSettings(smooth_s=0.0))) == 1
