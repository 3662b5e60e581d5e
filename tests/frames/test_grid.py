"""Laws of the grid: which frames a sound has, and where they start."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneclf.frames.grid import LLD_HOP_S, FrameGrid

hops = st.integers(1, 300)
grids = st.tuples(hops, hops).map(lambda pair: FrameGrid(max(pair) / 100, min(pair) / 100))
lld_counts = st.integers(0, 100_000)


@given(grids, lld_counts)
def test_every_frame_lies_inside_the_sound(grid: FrameGrid, lld_count: int) -> None:
    count = grid.frame_count(lld_count)
    if count:
        assert (count - 1) * grid.hop_llds + grid.window_llds <= lld_count


@given(grids, lld_counts)
def test_no_further_frame_fits(grid: FrameGrid, lld_count: int) -> None:
    assert grid.frame_count(lld_count) * grid.hop_llds + grid.window_llds > lld_count


@given(grids)
def test_a_grid_of_hundredths_is_exact_in_descriptors(grid: FrameGrid) -> None:
    assert grid.window_llds * LLD_HOP_S == pytest.approx(grid.window_s)
    assert grid.hop_llds * LLD_HOP_S == pytest.approx(grid.hop_s)


@pytest.mark.parametrize(("lld_count", "frames"), [(0, 0), (99, 0), (100, 1), (149, 1), (150, 2)])
def test_deams_grid_counts_as_opensmile_does(lld_count: int, frames: int) -> None:
    assert FrameGrid().frame_count(lld_count) == frames


@given(grids, st.integers(0, 1000))
def test_frames_start_at_zero_and_every_hop(grid: FrameGrid, count: int) -> None:
    starts = grid.starts(count)
    assert starts.shape == (count,)
    np.testing.assert_allclose(starts, np.arange(count) * grid.hop_s)


@pytest.mark.parametrize(("window_s", "hop_s"), [(1.0, 0.0), (1.0, -0.5), (0.5, 1.0)])
def test_a_grid_with_gaps_or_no_hop_is_refused(window_s: float, hop_s: float) -> None:
    with pytest.raises(ValueError, match="must be above 0 and at most window_s"):
        FrameGrid(window_s, hop_s)
