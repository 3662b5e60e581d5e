"""Features over a context that slides along a track."""

import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoneclf.frames.extractor import Frames, frames_of, spec_of
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor
from zoneclf.frames.rows import Rows
from zoneclf.settings import DropSettings
from zoneclf.tracks.contexts import Contexts, context_of, context_spec, contexts
from zoneclf.tracks.pooling import RMS, track_features, track_spec

GRID = FrameGrid()
SPEC = spec_of(NativeExtractor(GRID))
DROPS = DropSettings()


def noise(count: int, seed: int = 0) -> Frames:
    rows = np.random.default_rng(seed).random((count, len(SPEC.features)), dtype=np.float32)
    return frames_of(GRID.starts(count), 1 + rows, {"tempo": 120.0})


def joined(frames: Frames, context_s: float) -> Contexts:
    found = list(contexts(frames, SPEC, context_s))
    return Contexts(
        np.concatenate([part.start_s for part in found]),
        np.concatenate([part.features for part in found]),
    )


def test_a_context_is_pooled_as_the_frames_cut_out_of_the_track_are() -> None:
    frames, spec = noise(2300), context_spec(SPEC, 15.0)
    found = joined(frames, 15.0)
    assert len(found) == 2300 - 29 + 1  # 29 windows of 1 s, one every 0.5 s, fill 15 s
    names = track_spec(SPEC, DROPS).features
    places = [names.index(name) for name in spec.features]
    for first in (0, 1, 995, 1010, 1024, 2047, 2048, len(found) - 1):
        part = frames_of(GRID.starts(29), frames.rows[first : first + 29])
        alone = track_features(part, SPEC, DROPS)[places]
        np.testing.assert_allclose(found.features[first], alone, rtol=2e-6)
        assert found.start_s[first] == first * GRID.hop_s


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60), st.floats(1.0, 40.0))
def test_every_frame_starts_a_context_that_fits(count: int, context_s: float) -> None:
    found = joined(noise(count), context_s)
    inside = min(count, GRID.frames_within(context_s))
    np.testing.assert_array_equal(found.start_s, GRID.starts(count - inside + 1))


def test_steady_sound_after_loud_sound_has_no_spread() -> None:
    rows = noise(400).rows.copy()
    rows[:200] *= 1000
    rows[200:] = rows[200]
    found = joined(frames_of(GRID.starts(400), rows), 10.0)
    spreads = found.features[-1, 1 : 2 * len(SPEC.features) : 2]
    assert np.abs(spreads).max() < 1e-3


def test_silence_in_a_mix_has_numbers() -> None:
    rows = noise(100).rows.copy()
    rows[40:] = 0
    found = joined(frames_of(GRID.starts(100), rows), 10.0)
    assert np.isfinite(found.features).all()
    assert found.features[-1, list(context_spec(SPEC, 10.0).features).index("brightness")] == 0


def test_a_context_says_how_long_it_is_and_holds_nothing_of_the_whole_track() -> None:
    spec, whole = context_spec(SPEC, 15.0), track_spec(SPEC, DROPS)
    assert (context_of(spec), context_of(whole)) == (15.0, None)
    assert set(whole.features) - set(spec.features) == {
        "tempo",
        *(name for name in whole.features if name.startswith("drop")),
    }
    for other in (whole.select(spec.features), context_spec(SPEC, 20.0)):
        assert spec.difference(other)
    with pytest.raises(ValueError, match="a frame needs"):
        context_spec(SPEC, 0.5)


class Endless:
    """Rows of a mix of ten hours, made as they are asked for."""

    def __len__(self) -> int:
        return 72_000

    def chunks(self) -> Iterator[Rows]:
        """Yield the rows, 2000 at once."""
        generator = np.random.default_rng(0)
        for _ in range(36):
            yield generator.random((2000, len(SPEC.features)), dtype=np.float32)


@pytest.mark.slow
def test_memory_does_not_grow_with_a_mix_of_ten_hours() -> None:
    frames = Frames(GRID.starts(72_000), Endless())
    tracemalloc.start()
    count = sum(len(part) for part in contexts(frames, SPEC, 20.0))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 72_000 - 39 + 1
    assert peak < 60e6


def test_low_energy_is_judged_within_the_context() -> None:
    rows = noise(60).rows.copy()
    place = SPEC.features.index(RMS)
    rows[:30, place], rows[30:, place] = 0.1, 0.5
    rows[::3, place] *= 0.5
    found = joined(frames_of(GRID.starts(60), rows), 10.0)
    low = found.features[:, context_spec(SPEC, 10.0).features.index("low_energy")]
    assert low[0] == pytest.approx(7 / 19)
    assert low[-1] == pytest.approx(6 / 19, abs=0.06)
