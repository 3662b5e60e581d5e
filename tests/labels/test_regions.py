"""Shares of zones against sampling, and a rule's cells."""

from pathlib import Path

import numpy as np
import pytest

from zoneclf.labels.regions import ZoneRegions, regions_from, regions_of
from zoneclf.labels.zones import ZoneMap, load_zones

POINTS = np.array([[2.0, 5.0], [4.0, 4.5], [5.0, 5.0], [6.0, 4.5], [6.3, 4.2], [8.0, 7.0]])


@pytest.fixture(scope="module")
def zones() -> ZoneMap:
    return load_zones(Path("config/zone_mapping.yaml"), "")


@pytest.fixture(scope="module")
def regions(zones: ZoneMap) -> ZoneRegions:
    return regions_of(zones)


@pytest.mark.parametrize("correlation", [-0.9, -0.5, 0.0, 0.5, 0.9])
@pytest.mark.parametrize("spread", [(0.3, 0.9), (0.8, 0.8), (1.5, 0.4)])
def test_shares_are_what_sampling_gives(
    zones: ZoneMap, regions: ZoneRegions, correlation: float, spread: tuple[float, float]
) -> None:
    one, two = spread
    covariance = np.array([[one**2, correlation * one * two], [correlation * one * two, two**2]])
    drawn = np.random.default_rng(0).multivariate_normal((0, 0), covariance, size=100_000)
    found = regions.shares(POINTS, covariance)
    for point, shares in zip(POINTS, found, strict=True):
        # Off the scale counts as its end, where the zone is the same.
        inside = np.clip(point + drawn, 1, 9)
        codes = zones.codes(inside[:, 0], inside[:, 1])
        sampled = np.bincount(codes, minlength=3) / len(codes)
        np.testing.assert_allclose(shares, sampled, atol=0.008)


def test_shares_sum_to_one_wherever_the_point_is(regions: ZoneRegions) -> None:
    rng = np.random.default_rng(1)
    points = rng.uniform(-20, 30, size=(300, 2))
    roots = rng.normal(size=(300, 2, 2)) * rng.uniform(1e-4, 5, size=(300, 1, 1))
    found = regions.shares(points, roots @ roots.transpose(0, 2, 1))
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-9)


@pytest.mark.parametrize("covariance", [np.zeros((2, 2)), 1e-14 * np.eye(2)])
def test_without_an_error_the_zone_is_the_rules(
    zones: ZoneMap, regions: ZoneRegions, covariance: np.ndarray
) -> None:
    points = np.random.default_rng(2).uniform(1, 9, size=(500, 2))
    found = regions.shares(points, covariance)
    np.testing.assert_array_equal(found.argmax(axis=1), zones.codes(points[:, 0], points[:, 1]))
    np.testing.assert_allclose(found.max(axis=1), 1, atol=1e-6)


def test_errors_of_one_track_each_are_taken_by_track(regions: ZoneRegions) -> None:
    errors = np.stack([np.eye(2) * size for size in (0.1, 1.0, 4.0)])
    points = np.repeat(POINTS[:1], 3, axis=0)
    together = regions.shares(points, errors)
    for row, (point, error) in enumerate(zip(points, errors, strict=True)):
        np.testing.assert_allclose(together[row], regions.shares(point[None], error)[0])


def test_a_rules_cells_are_read_back_as_written(regions: ZoneRegions) -> None:
    raw = {
        "arousal_edges": list(regions.arousal_edges),
        "valence_edges": list(regions.valence_edges),
        "codes": [list(row) for row in regions.codes],
        "zone_count": regions.zone_count,
    }
    assert regions_from(raw) == regions
    for key, value in (
        ("arousal_edges", [6.0, 4.0]),
        ("arousal_edges", [4.0]),
        ("codes", [[0, 1], [1], [2, 2]]),
        ("codes", [[9] * len(row) for row in regions.codes]),
        ("codes", [[-1] * len(row) for row in regions.codes]),
    ):
        with pytest.raises(ValueError, match="cells do not fit its edges"):
            regions_from({**raw, key: value})
