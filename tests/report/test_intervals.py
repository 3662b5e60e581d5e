"""Intervals: against published ones, and against what repeated sampling gives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneclf.report.intervals import resampled, wilson


# Brown, Cai, DasGupta, Statistical Science 16 (2001); R: prop.test(x, n, correct = FALSE).
@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (15, 148, 0.0624, 0.1605),
        (78, 97, 0.7143, 0.8708),
    ],
)
def test_wilson_intervals_are_the_published_ones(
    hits: int, n: int, low: float, high: float
) -> None:
    assert wilson(hits, n) == pytest.approx((low, high), abs=1e-4)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_intervals_hold_the_share_and_mirror(counts: tuple[int, int]) -> None:
    hits, n = counts
    low, high = wilson(hits, n)
    assert 0 <= low <= hits / n + 1e-12
    assert hits / n - 1e-12 <= high <= 1
    assert wilson(n - hits, n) == pytest.approx((1 - high, 1 - low))


def mean(sums: dict[str, np.ndarray]) -> np.ndarray:
    return sums["value"] / sums["n"]


def parts_of(values: np.ndarray) -> dict[str, np.ndarray]:
    return {"value": values, "n": np.ones(len(values))}


def test_resamples_hold_the_true_mean_as_often_as_they_promise() -> None:
    held = 0
    for seed in range(200):
        values = np.random.default_rng(seed).normal(1.0, 2.0, 60)
        low, high = resampled(parts_of(values), {"mean": mean})["mean"]
        held += low <= 1.0 <= high
    assert 180 <= held <= 198


def test_groups_that_go_together_are_drawn_together() -> None:
    values = np.repeat(np.random.default_rng(0).normal(size=50), 4)
    groups = np.repeat(np.arange(50), 4)
    low, high = resampled(parts_of(values), {"mean": mean}, groups)["mean"]
    assert (high - low) / 2 == pytest.approx(1.96 * values.std() / 50**0.5, rel=0.1)


def test_too_few_groups_are_drawn_track_by_track() -> None:
    values = np.random.default_rng(0).normal(size=50)
    alone = resampled(parts_of(values), {"mean": mean})
    assert resampled(parts_of(values), {"mean": mean}, np.arange(50) // 25) == alone
