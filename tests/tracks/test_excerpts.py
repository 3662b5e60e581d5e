"""Pooling over the middle of a track."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneclf.frames.extractor import Frames, frames_of, spec_of
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor
from zoneclf.frames.rows import CHUNK_ROWS
from zoneclf.frames.takes import TrackFacts
from zoneclf.settings import DropSettings
from zoneclf.tracks.excerpts import middle, middle_spec, pool_middles
from zoneclf.tracks.pooling import RMS, track_features, track_spec

GRID = FrameGrid()
SPEC = spec_of(NativeExtractor(GRID))
DROPS = DropSettings()


def numbered(count: int) -> Frames:
    """Return frames whose only value is their number."""
    return frames_of(GRID.starts(count), np.arange(count, dtype=np.float32)[:, None], {"tempo": 9})


def pulsing(count: int, period_s: float = 20.0) -> Frames:
    """Return frames whose RMS falls and comes back every `period_s` seconds."""
    rows = np.random.default_rng(count).random((count, len(SPEC.features)), dtype=np.float32)
    place = GRID.starts(count) % period_s
    rows[:, SPEC.features.index(RMS)] = np.where(place < period_s / 2, 0.05, 0.4)
    return frames_of(GRID.starts(count), rows, {"tempo": 120.0})


def facts(track_id: str) -> TrackFacts:
    return TrackFacts(track_id=track_id, status="ok")


@given(st.integers(1, 400), st.floats(1.0, 100.0))
def test_the_middle_is_as_long_as_it_may_be_and_in_the_middle(count: int, longest_s: float) -> None:
    frames = numbered(count)
    part = middle(frames, GRID, longest_s)
    numbers = part.rows[:, 0]
    span_s = (len(part) - 1) * GRID.hop_s + GRID.window_s
    assert span_s <= longest_s + 1e-5
    assert len(part) == count or span_s + GRID.hop_s > longest_s
    np.testing.assert_array_equal(np.diff(numbers), 1)
    np.testing.assert_array_equal(part.start_s, frames.start_s[numbers.astype(int)])
    before, after = numbers[0], count - 1 - numbers[-1]
    assert 0 <= after - before <= 1
    assert part.measures == frames.measures


def test_the_middle_of_a_long_mix_is_read_across_pieces() -> None:
    frames = numbered(3 * CHUNK_ROWS + 5)
    part = middle(frames, GRID, 0.5 * (CHUNK_ROWS + 100))
    rows = np.concatenate(list(part.source.chunks()))[:, 0]
    assert len(rows) == len(part) == CHUNK_ROWS + 99
    np.testing.assert_array_equal(rows, np.arange(rows[0], rows[0] + len(rows)))


def test_a_second_that_holds_no_frame_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a frame needs 1\.0"):
        middle(numbered(5), GRID, 0.9)


def test_pooling_over_the_middle_is_pooling_the_middle_rows() -> None:
    frames = pulsing(600)
    found = pool_middles([(facts("a"), frames)], SPEC, DROPS, longest_s=45.0)
    first = (600 - 89) // 2
    by_hand = frames_of(GRID.starts(89), frames.rows[first : first + 89].copy(), {"tempo": 120.0})
    expected = track_features(by_hand, SPEC, DROPS).astype(np.float32)
    np.testing.assert_array_equal(found.loc["a"].to_numpy(), expected)


def test_drops_of_five_minutes_are_as_many_as_those_of_a_clip_when_lengths_match() -> None:
    tracks = [(facts("clip"), pulsing(89)), (facts("track"), pulsing(600))]
    whole = pool_middles(tracks, SPEC, DROPS, longest_s=1e6)
    matched = pool_middles(tracks, SPEC, DROPS, longest_s=45.0)
    assert whole.loc["track", "drop_count"] >= 5 * whole.loc["clip", "drop_count"] > 0
    assert abs(matched.loc["track", "drop_count"] - matched.loc["clip", "drop_count"]) <= 1
    pd.testing.assert_series_equal(matched.loc["clip"], whole.loc["clip"])


def test_the_spec_tells_the_length_whatever_columns_are_chosen() -> None:
    whole = track_spec(SPEC, DROPS)
    spec = middle_spec(whole, 45.0)
    assert spec.difference(whole)
    assert spec.select(["tempo"]).difference(whole.select(["tempo"]))
    assert spec.difference(middle_spec(whole, 30.0))
    assert middle_spec(middle_spec(whole, 30.0), 45.0) == spec
