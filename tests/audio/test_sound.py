"""Mono at openSMILE's scale, resampling, and the status of a sound."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoneclf.audio.decode import Block, Header
from zoneclf.audio.sound import RATE_HZ, STATUSES, WITH_ROWS, WORTH_RETRYING, Mono, Sound
from zoneclf.errors import AudioError


class Tape:
    """A decoder that plays given blocks, then perhaps fails."""

    def __init__(
        self,
        *blocks: Block,
        rate_hz: int = RATE_HZ,
        declared_s: float | None = None,
        failure: AudioError | None = None,
    ) -> None:
        self._blocks, self._failure = blocks, failure
        self.header = Header("tape", rate_hz, blocks[0].shape[1], declared_s)

    def blocks(self) -> Iterator[Block]:
        yield from self._blocks
        if self._failure is not None:
            raise self._failure


def columns(*channels: np.ndarray) -> Block:
    """Return one block of shape (samples, channels)."""
    return np.stack(channels, axis=1).astype(np.float32)


def heard(tape: Tape) -> Mono:
    return np.concatenate([np.empty(0, np.float32), *(b.copy() for b in Sound(tape).blocks())])


def status_of(tape: Tape) -> tuple[str, str]:
    sound = Sound(tape)
    for _ in sound.blocks():
        pass
    return sound.status()


def sine(duration_s: float = 1.0, rate_hz: int = RATE_HZ, amplitude: float = 0.5) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * 440 * np.arange(round(duration_s * rate_hz)) / rate_hz)


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=50))
def test_a_16_bit_step_is_a_32767th(steps: list[int]) -> None:
    mono = heard(Tape(columns(np.array(steps) / 32768)))
    np.testing.assert_allclose(mono * 32767, steps, atol=0.01)


@pytest.mark.parametrize("channels", [1, 2, 3, 6])
def test_channels_are_averaged(noise: Callable, channels: int) -> None:
    steps = np.rint(noise(600 * channels) * 20_000).reshape(-1, channels)
    mono = heard(Tape((steps / 32768).astype(np.float32)))
    np.testing.assert_allclose(mono * 32767, steps.mean(axis=1), atol=0.01)


def test_too_loud_samples_are_clipped_not_wrapped() -> None:
    mono = heard(Tape(columns(np.array([1.0, 1.7, -1.0, -9.0]))))
    np.testing.assert_allclose(mono * 32767, [32767, 32767, -32768, -32768], atol=0.01)


@settings(max_examples=20)
@given(st.lists(st.integers(1, 4000), min_size=1, max_size=8))
@pytest.mark.parametrize("rate_hz", [RATE_HZ, 22_050])
def test_how_the_sound_is_cut_into_blocks_does_not_matter(
    noise: Callable, rate_hz: int, sizes: list[int]
) -> None:
    whole = columns(noise(sum(sizes)), noise(sum(sizes)) * 0.5)
    parts = np.split(whole, np.cumsum(sizes)[:-1])
    np.testing.assert_array_equal(
        heard(Tape(whole, rate_hz=rate_hz)), heard(Tape(*parts, rate_hz=rate_hz))
    )


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 48_000, 96_000, 192_000])
def test_other_rates_keep_length_level_and_pitch(rate_hz: int) -> None:
    tape = Tape(columns(sine(2.0, rate_hz)), rate_hz=rate_hz)
    mono = heard(tape)
    assert abs(mono.size - 2 * RATE_HZ) <= 1
    inner = mono[2000:-2000]
    np.testing.assert_allclose(np.sqrt((inner**2).mean()), 0.5 / np.sqrt(2), rtol=2e-3)
    rising = np.flatnonzero((inner[:-1] < 0) & (inner[1:] >= 0))
    assert RATE_HZ / np.diff(rising).mean() == pytest.approx(440, rel=1e-3)


def test_a_whole_sound_is_ok_and_has_a_length() -> None:
    sound = Sound(Tape(columns(sine(1.5)), declared_s=1.5))
    assert sum(block.size for block in sound.blocks()) == sound.sample_count
    assert sound.duration_s == pytest.approx(1.5)
    assert sound.status() == ("ok", "")


@pytest.mark.parametrize(
    ("declared_s", "status"),
    [(None, "ok"), (1.0, "ok"), (1.015, "ok"), (1.03, "truncated"), (60.0, "truncated")],
)
def test_less_than_98_percent_of_the_announced_length_is_truncated(
    declared_s: float | None, status: str
) -> None:
    assert status_of(Tape(columns(sine(1.0)), declared_s=declared_s))[0] == status


@pytest.mark.parametrize(
    "channels",
    [
        [np.zeros(RATE_HZ)],
        [np.full(RATE_HZ, 0.5)],
        [np.full(RATE_HZ, -0.5)],
        [np.arange(RATE_HZ) % 2 / 32768],
        [np.zeros(RATE_HZ), np.zeros(RATE_HZ)],
    ],
    ids=["digital silence", "steady offset", "negative offset", "one step of dither", "stereo"],
)
def test_silence_is_told_apart_from_cancelling_channels(channels: list[np.ndarray]) -> None:
    assert status_of(Tape(columns(*channels))) == ("silent", "no sound in it")


def test_antiphase_stereo_is_silent_because_its_channels_cancel() -> None:
    status = status_of(Tape(columns(sine(), -sine())))
    assert status == ("silent", "the channels cancel each other")


def test_quiet_music_is_not_silent() -> None:
    assert status_of(Tape(columns(sine(amplitude=0.0005))))[0] == "ok"


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("rate_hz", [RATE_HZ, 48_000])
def test_samples_that_are_no_numbers_are_refused(wrong: float, rate_hz: int) -> None:
    samples = sine()
    samples[1000] = wrong
    with pytest.raises(AudioError, match="not numbers") as caught:
        heard(Tape(columns(sine()), columns(samples), rate_hz=rate_hz))
    assert caught.value.status == "nonfinite"


def test_errors_part_way_keep_what_was_heard() -> None:
    failure = AudioError("decode_errors", "lost sync")
    tape = Tape(columns(sine()), failure=failure)
    assert heard(tape).size == RATE_HZ
    assert status_of(tape) == ("decode_errors", "lost sync")


def test_errors_that_cost_much_of_the_sound_make_it_truncated() -> None:
    tape = Tape(columns(sine()), declared_s=9.0, failure=AudioError("decode_errors", "lost sync"))
    assert status_of(tape) == ("truncated", "1.0 of 9.0 s could be decoded")


def test_errors_before_any_sound_make_it_undecodable() -> None:
    tape = Tape(np.empty((0, 2), np.float32), failure=AudioError("decode_errors", "lost sync"))
    assert status_of(tape) == ("undecodable", "lost sync")


def test_no_samples_are_too_short() -> None:
    assert status_of(Tape(np.empty((0, 1), np.float32)))[0] == "too_short"


def test_every_status_has_one_meaning() -> None:
    assert STATUSES.keys() >= WITH_ROWS | WORTH_RETRYING
    assert not WITH_ROWS & WORTH_RETRYING


def test_samples_that_overflow_in_the_resampler_are_no_numbers() -> None:
    loud = np.tile(np.array([3e38, -3e38], np.float32), 50_000)
    with pytest.raises(AudioError, match="not numbers"):
        heard(Tape(columns(loud), rate_hz=48_000))
