"""The extractor `frames`: its rows do not depend on blocks, and only whole frames count."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoneclf.frames.columns import FRAME_COLUMNS
from zoneclf.frames.extractor import extract
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor

DURATION_S = 6.1  # more than two batches
# The long zero-crossing frame of the last LLD of the first window: 100 LLDs.
FIRST_ROW_SAMPLES = 99 * 441 + 2646
RMS = FRAME_COLUMNS.index("pcm_RMSenergy_sma_amean")


def streamed(sound: npt.NDArray[np.float32], sizes: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and onsets of a sound pushed in blocks of these sizes and a rest."""
    stream = NativeExtractor(FrameGrid()).open()
    blocks = np.split(sound, np.minimum(np.cumsum(sizes), sound.size))
    steps = [*(stream.push(block) for block in blocks), stream.finish()]
    return (
        np.concatenate([step.rows for step in steps]),
        np.concatenate([step.onset for step in steps]),
    )


@settings(max_examples=12)
@given(sizes=st.lists(st.integers(0, 150_000), max_size=10))
def test_rows_are_bit_identical_for_any_blocks(chirp: Callable, sizes: list[int]) -> None:
    sound = chirp(DURATION_S)
    rows, onset = streamed(sound, sizes)
    whole_rows, whole_onset = streamed(sound, [])
    np.testing.assert_array_equal(rows, whole_rows)
    np.testing.assert_array_equal(onset, whole_onset)


def test_tiny_blocks_change_nothing_either(chirp: Callable) -> None:
    sound = chirp(1.3)
    rows, _ = streamed(sound, [7] * (sound.size // 7))
    np.testing.assert_array_equal(rows, streamed(sound, [])[0])


@pytest.mark.parametrize(
    ("samples", "rows"),
    [
        (0, 0),
        (FIRST_ROW_SAMPLES - 1, 0),
        (FIRST_ROW_SAMPLES, 1),
        (FIRST_ROW_SAMPLES + 50 * 441 - 1, 1),
        (FIRST_ROW_SAMPLES + 50 * 441, 2),
        (45 * 44_100, 88),
    ],
)
def test_only_whole_frames_give_rows(samples: int, rows: int) -> None:
    assert streamed(np.zeros(samples, np.float32), [])[0].shape == (rows, len(FRAME_COLUMNS))


def test_a_row_describes_its_own_second(chirp: Callable) -> None:
    sound = np.concatenate([np.zeros(3 * 44_100, np.float32), chirp(3)])
    levels = streamed(sound, [])[0][:, RMS]
    # Smoothing and the 20 ms frame reach a little over the edge at 3 s.
    assert (levels[:4] == 0).all()
    assert (levels[6:] > 0.05).all()


@pytest.mark.parametrize("grid", [FrameGrid(0.2, 0.1), FrameGrid(2.0, 0.5), FrameGrid(0.6, 0.3)])
def test_other_grids_pool_the_same_descriptors(chirp: Callable, grid: FrameGrid) -> None:
    frames = extract(NativeExtractor(grid), [chirp(5)], {})
    assert frames.rows.shape[0] == grid.frame_count((5 * 44_100 - 2646) // 441 + 1)
    np.testing.assert_allclose(frames.start_s, np.arange(len(frames.rows)) * grid.hop_s)
    # Windows side by side cover what one long window covers.
    side_by_side = extract(NativeExtractor(FrameGrid(0.5, 0.5)), [chirp(5)], {}).rows
    together = extract(NativeExtractor(FrameGrid(1.0, 1.0)), [chirp(5)], {}).rows
    pairs = side_by_side[: 2 * len(together), RMS].reshape(-1, 2)
    np.testing.assert_allclose(pairs.mean(axis=1), together[:, RMS], rtol=1e-5)
