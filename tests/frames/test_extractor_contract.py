"""What every extractor that hears sound must keep."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pytest

from zoneclf.errors import MissingExtraError
from zoneclf.frames.columns import DESCRIPTORS, FRAME_COLUMNS
from zoneclf.frames.extractor import FrameExtractor, extract, origin_of, spec_of
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor
from zoneclf.frames.opensmile import OpensmileExtractor
from zoneclf.frames.rows import rounded

RATE_HZ = 44_100
Make = Callable[..., FrameExtractor]


@pytest.fixture(params=[NativeExtractor, OpensmileExtractor], ids=["frames", "opensmile"])
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """An extractor's class; skips one whose package is not installed."""
    try:
        request.param(FrameGrid())
    except MissingExtraError as error:
        pytest.skip(str(error))
    yield request.param


def row_count(samples: int, grid: FrameGrid) -> int:
    llds = max(0, (samples - 2646) // 441 + 1)
    return max(0, (llds - round(100 * grid.window_s)) // round(100 * grid.hop_s) + 1)


def silence(duration_s: float) -> npt.NDArray[np.float32]:
    return np.zeros(round(duration_s * RATE_HZ), np.float32)


def test_it_knows_its_card_before_it_hears_anything(make: Make) -> None:
    extractor = make(FrameGrid())
    assert extractor.name
    assert extractor.version >= 1
    assert extractor.licence in {"", "non-commercial"}
    assert len(set(extractor.features)) == len(extractor.features)
    assert extractor.features[: len(FRAME_COLUMNS)] == FRAME_COLUMNS
    assert extractor.descriptors == DESCRIPTORS


def test_frames_hold_its_rows_rounded(make: Make, chirp: Callable, rows_of: Callable) -> None:
    sound, extractor = chirp(3.1), make(FrameGrid())
    found = extract(extractor, [sound], {}).rows
    np.testing.assert_array_equal(found, rounded(rows_of(extractor, sound)))


@pytest.mark.parametrize("duration_s", [1.57, 6.3])
@pytest.mark.parametrize("grid", [FrameGrid(), FrameGrid(0.2, 0.1), FrameGrid(0.6, 0.3)])
def test_rows_are_as_many_as_frames_fit(
    make: Make, chirp: Callable, rows_of: Callable, grid: FrameGrid, duration_s: float
) -> None:
    sound = chirp(duration_s)
    extractor = make(grid)
    rows = rows_of(extractor, sound)
    assert rows.shape == (row_count(sound.size, grid), len(extractor.features))
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()


def test_silence_gives_finite_rows(make: Make, rows_of: Callable) -> None:
    rows = rows_of(make(FrameGrid()), silence(3))
    assert rows.shape[0] == row_count(3 * RATE_HZ, FrameGrid())
    assert np.isfinite(rows).all()


@pytest.mark.parametrize("samples", [0, 1, 441, 882, 2646, 30_000, 99 * 441 + 2645])
def test_a_sound_too_short_for_a_frame_gives_no_rows(
    make: Make, chirp: Callable, rows_of: Callable, samples: int
) -> None:
    extractor = make(FrameGrid())
    assert rows_of(extractor, chirp(2)[:samples]).shape == (0, len(extractor.features))


def test_full_scale_does_not_overflow(make: Make, noise: Callable, rows_of: Callable) -> None:
    square = np.where(noise(2 * RATE_HZ) > 0, np.float32(1), np.float32(-1))
    rows = rows_of(make(FrameGrid()), square)
    assert np.isfinite(rows).all()
    level = rows[:, FRAME_COLUMNS.index("pcm_RMSenergy_sma_amean")]
    np.testing.assert_allclose(level, 1, rtol=1e-3)


def test_two_sounds_at_once_do_not_mix(make: Make, chirp: Callable, rows_of: Callable) -> None:
    first, second = chirp(2), chirp(3)[::-1].copy()
    extractor = make(FrameGrid())
    streams = extractor.open(), extractor.open()
    pieces: tuple[list, list] = ([], [])
    for half in range(2):
        for stream, sound, rows in zip(streams, (first, second), pieces, strict=True):
            rows.append(stream.push(np.array_split(sound, 2)[half]).rows)
    for stream, sound, rows in zip(streams, (first, second), pieces, strict=True):
        whole = np.concatenate([*rows, stream.finish().rows])
        np.testing.assert_array_equal(whole, rows_of(extractor, sound))


def test_onsets_come_every_10_ms_whoever_listens(make: Make, chirp: Callable) -> None:
    stream = make(FrameGrid()).open()
    steps = [stream.push(chirp(4)), stream.finish()]
    onset = np.concatenate([step.onset for step in steps])
    ours = NativeExtractor(FrameGrid()).open()
    expected = np.concatenate([ours.push(chirp(4)).onset, ours.finish().onset])
    assert onset.size == (4 * RATE_HZ - 882) // 441 + 1
    np.testing.assert_array_equal(onset, expected)


def test_a_stream_given_up_half_way_leaves_nothing_behind(make: Make, chirp: Callable) -> None:
    # Warnings are errors here: an open file or a forgotten folder would fail the test.
    stream = make(FrameGrid()).open()
    stream.push(chirp(1))
    del stream


def test_frames_know_when_they_start(make: Make, chirp: Callable) -> None:
    grid = FrameGrid(1.0, 0.25)
    frames = extract(make(grid), [chirp(3)], {})
    np.testing.assert_allclose(frames.start_s, np.arange(len(frames.rows)) * 0.25)


def test_the_table_says_what_made_it(make: Make) -> None:
    extractor = make(FrameGrid(0.6, 0.3))
    spec, origin = spec_of(extractor), origin_of(extractor)
    assert (spec.level, spec.window_s, spec.hop_s, spec.rate_hz) == ("frames", 0.6, 0.3, RATE_HZ)
    assert spec.features == extractor.features
    assert (origin.extractor, origin.licence) == (extractor.name, extractor.licence)


def test_extractors_agree_that_their_common_columns_mean_the_same(make: Make) -> None:
    ours = spec_of(NativeExtractor(FrameGrid()))
    assert spec_of(make(FrameGrid())).select(FRAME_COLUMNS) == ours


def test_announcing_other_columns_than_given_is_a_bug_that_shows(chirp: Callable) -> None:
    extractor = NativeExtractor(FrameGrid())
    extractor.features = FRAME_COLUMNS[:-1]
    with pytest.raises(ValueError, match="236 columns, announced were 235"):
        extract(extractor, [chirp(2)], {})
