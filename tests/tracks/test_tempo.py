"""Tempo of sounds whose tempo is known."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoneclf.frames.lld import LldStream
from zoneclf.tracks.tempo import TempoMeter

RATE_HZ = 44_100


def onset_of(sound: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    stream = LldStream()
    return np.concatenate([batch.onset for batch in [*stream.push(sound), *stream.finish()]])


def tempo_of(onset: npt.NDArray[np.float64]) -> float:
    meter = TempoMeter()
    meter.push(onset)
    return meter.value()


@pytest.mark.parametrize("bpm", [*range(60, 181, 10), 72, 85, 92.3, 112, 126.7, 128, 155, 174])
def test_a_click_track_has_its_tempo_or_an_octave_of_it(click_track: Callable, bpm: float) -> None:
    found = tempo_of(onset_of(click_track(bpm, 20)))
    octaves = np.array([0.5, 1.0, 2.0])
    assert np.abs(found / (bpm * octaves) - 1).min() <= 0.005


@pytest.mark.parametrize("bpm", [90, 110, 128, 140])
def test_in_the_middle_of_the_range_the_octave_is_right(click_track: Callable, bpm: float) -> None:
    assert tempo_of(onset_of(click_track(bpm, 20))) == pytest.approx(bpm, rel=0.005)


@pytest.mark.parametrize("duration_s", [4, 7, 9, 30])
def test_short_and_long_sounds_have_a_tempo(click_track: Callable, duration_s: float) -> None:
    assert tempo_of(onset_of(click_track(120, duration_s))) == pytest.approx(120, rel=0.01)


def test_louder_is_not_faster(click_track: Callable) -> None:
    onset = onset_of(click_track(125, 15))
    assert tempo_of(7 * onset) == pytest.approx(tempo_of(onset), rel=1e-9)


def test_a_faint_pulse_under_noise_is_found(click_track: Callable, noise: Callable) -> None:
    sound = click_track(124, 30) + 0.02 * noise(30 * RATE_HZ)
    assert tempo_of(onset_of(sound)) == pytest.approx(124, rel=0.005)


def test_silence_has_no_tempo() -> None:
    assert np.isnan(tempo_of(onset_of(np.zeros(20 * RATE_HZ, np.float32))))


@pytest.mark.parametrize("seed", range(4))
def test_noise_has_no_tempo(noise: Callable, seed: int) -> None:
    assert np.isnan(tempo_of(onset_of(0.3 * noise(40 * RATE_HZ, seed))))


def test_a_steady_tone_has_no_tempo() -> None:
    tone = 0.3 * np.sin(2 * np.pi * 1000 * np.arange(20 * RATE_HZ) / RATE_HZ)
    assert np.isnan(tempo_of(onset_of(tone.astype(np.float32))))


@pytest.mark.parametrize("count", [0, 1, 199])
def test_two_seconds_are_too_short_for_a_tempo(count: int) -> None:
    assert np.isnan(tempo_of(np.ones(count)))


@settings(max_examples=20)
@given(sizes=st.lists(st.integers(0, 900), max_size=10))
def test_blocks_do_not_matter(click_track: Callable, sizes: list[int]) -> None:
    onset = np.tile(np.eye(1, 47)[0], 60)
    meter = TempoMeter()
    for piece in np.split(onset, np.minimum(np.cumsum(sizes), onset.size)):
        meter.push(piece)
    assert meter.value() == tempo_of(onset)


@pytest.mark.parametrize("bpm", [20.0, 300.0])
def test_tempo_stays_in_its_range(click_track: Callable, bpm: float) -> None:
    found = tempo_of(onset_of(click_track(bpm, 20)))
    assert np.isnan(found) or 39 < found < 245
