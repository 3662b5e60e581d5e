"""Smoothing, deltas and moments, against numpy and against their own blocks."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.windows import Contour, Stencil, WindowMoments

Rows = npt.NDArray[np.float64]
splits = st.lists(st.integers(0, 40), min_size=1, max_size=8)


def pieces(rows: Rows, sizes: list[int]) -> list[Rows]:
    """Cut rows into blocks of these sizes and a rest."""
    return np.split(rows, np.minimum(np.cumsum(sizes), len(rows)))


def contour(rows: Rows, sizes: list[int] | None = None) -> Rows:
    stream = Contour(rows.shape[1])
    blocks = [stream.push(piece) for piece in pieces(rows, sizes or [])]
    return np.concatenate([*blocks, stream.finish()])


def matrix(noise: Callable, count: int, columns: int = 3) -> Rows:
    return noise(count * columns).reshape(count, columns).astype(np.float64)


@pytest.mark.parametrize("weights", [(1 / 3, 1 / 3, 1 / 3), (-0.2, -0.1, 0.0, 0.1, 0.2)])
@pytest.mark.parametrize("count", [1, 2, 3, 100])
@given(sizes=splits)
def test_a_stencil_is_a_convolution_with_repeated_edges(
    noise: Callable, weights: tuple[float, ...], count: int, sizes: list[int]
) -> None:
    column = matrix(noise, count, 1)
    stencil = Stencil(weights)
    blocks = [stencil.push(piece) for piece in pieces(column, sizes)]
    got = np.concatenate([*blocks, stencil.finish(1)])
    padded = np.pad(column[:, 0], len(weights) // 2, mode="edge")
    expected = np.correlate(padded, weights, mode="valid")
    np.testing.assert_allclose(got[:, 0], expected, atol=1e-12)


def test_a_stencil_that_heard_nothing_says_nothing() -> None:
    assert Stencil((1 / 3, 1 / 3, 1 / 3)).finish(4).shape == (0, 4)


@given(st.lists(st.integers(0, 60), max_size=8))
def test_contours_do_not_depend_on_blocks(noise: Callable, sizes: list[int]) -> None:
    rows = matrix(noise, 150)
    np.testing.assert_array_equal(contour(rows, sizes), contour(rows))


def test_a_constant_stays_and_has_no_delta() -> None:
    out = contour(np.full((20, 2), 7.0))
    np.testing.assert_allclose(out, np.repeat([[7.0, 7.0, 0.0, 0.0]], 20, axis=0), atol=1e-12)


def test_the_delta_of_a_ramp_is_its_slope() -> None:
    ramp = 0.25 * np.arange(50.0)[:, None]
    np.testing.assert_allclose(contour(ramp)[4:-4], np.hstack([ramp, ramp * 0 + 0.25])[4:-4])


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_as_many_rows_come_out_as_went_in(count: int) -> None:
    assert contour(np.ones((count, 3))).shape == (count, 6)


@pytest.mark.parametrize("grid", [FrameGrid(), FrameGrid(0.3, 0.1), FrameGrid(0.2, 0.2)])
@given(sizes=splits)
def test_moments_are_those_of_numpy_for_any_blocks(
    noise: Callable, grid: FrameGrid, sizes: list[int]
) -> None:
    rows = matrix(noise, 260)
    moments = WindowMoments(grid, 3)
    found = [moments.push(piece) for piece in pieces(rows, sizes)]
    starts = np.arange(grid.frame_count(260)) * grid.hop_llds
    frames = [rows[start : start + grid.window_llds] for start in starts]
    deviations = np.concatenate([deviations for deviations, _ in found])
    np.testing.assert_allclose(deviations, [f.std(axis=0) for f in frames], rtol=1e-12)
    means = np.concatenate([means for _, means in found])
    np.testing.assert_allclose(means, [f.mean(axis=0) for f in frames], atol=1e-14)


def test_moments_keep_what_is_small_against_the_mean() -> None:
    rows = 1e9 + np.tile([0.0, 1.0], 50)[:, None]
    deviations, means = WindowMoments(FrameGrid(), 1).push(rows)
    assert (deviations[0, 0], means[0, 0]) == (0.5, 1e9 + 0.5)
