"""Blocks as they are stored, the order of decoders, and what is refused before decoding."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from zoneclf.audio.decode import BLOCK_S, Block, FfmpegDecoder, SoundfileDecoder, decoders
from zoneclf.errors import AudioError
from zoneclf.settings import AudioSettings

LIMITS = AudioSettings(time_limit_s=60)


def decoded(path: Path) -> Block:
    """Return everything that the first decoder yields."""
    blocks = next(decoders(path, LIMITS)).blocks()
    return np.concatenate([block.copy() for block in blocks])


@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 96_000])
def test_samples_come_back_as_they_were_written(
    tmp_path: Path, write_wav: Callable, noise: Callable, channels: int, rate_hz: int
) -> None:
    steps = np.rint(noise(12_000 * channels) * 32767).astype(np.int16).reshape(-1, channels)
    path = write_wav(tmp_path / "a.wav", steps, rate_hz)
    header = next(decoders(path, LIMITS)).header
    assert (header.rate_hz, header.channels) == (rate_hz, channels)
    assert header.declared_s == pytest.approx(12_000 / rate_hz)
    np.testing.assert_array_equal(decoded(path) * 32768, steps)


def test_no_block_is_longer_than_its_share(
    tmp_path: Path, write_wav: Callable, noise: Callable
) -> None:
    path = write_wav(tmp_path / "a.wav", noise(8_000 * 12), 8_000)
    sizes = [len(block) for block in next(decoders(path, LIMITS)).blocks()]
    assert sum(sizes) == 8_000 * 12
    assert max(sizes) <= BLOCK_S * 8_000


def test_both_decoders_agree(
    tmp_path: Path, write_wav: Callable, noise: Callable, ffmpeg: Callable
) -> None:
    path = write_wav(tmp_path / "a.flac", noise(44_100).reshape(-1, 2))
    ours = np.concatenate([b.copy() for b in SoundfileDecoder(path, LIMITS).blocks()])
    theirs = np.concatenate([b.copy() for b in FfmpegDecoder(path, LIMITS).blocks()])
    np.testing.assert_array_equal(ours, theirs)


def test_soundfile_comes_first_and_ffmpeg_is_the_fallback(
    tmp_path: Path, write_wav: Callable, noise: Callable, ffmpeg: Callable
) -> None:
    path = write_wav(tmp_path / "a.flac", noise(44_100))
    assert [d.header.decoder for d in decoders(path, LIMITS)] == ["soundfile", "ffmpeg"]
    m4a = ffmpeg(path, tmp_path / "a.m4a")
    assert [d.header.decoder for d in decoders(m4a, LIMITS)] == ["ffmpeg"]


def test_a_length_guessed_from_a_bit_rate_is_no_announcement(
    tmp_path: Path, write_wav: Callable, chirp: Callable, ffmpeg: Callable
) -> None:
    silence_first = np.concatenate([np.zeros(6 * 44_100, np.float32), chirp(2)])
    wav = write_wav(tmp_path / "a.wav", silence_first)
    assert FfmpegDecoder(ffmpeg(wav, tmp_path / "a.aac"), LIMITS).header.declared_s is None
    m4a = FfmpegDecoder(ffmpeg(wav, tmp_path / "a.m4a"), LIMITS)
    assert m4a.header.declared_s == pytest.approx(8, abs=0.1)


def test_thousands_of_complaints_do_not_stop_ffmpeg(
    tmp_path: Path, write_wav: Callable, noise: Callable, ffmpeg: Callable
) -> None:
    wav = write_wav(tmp_path / "a.wav", 0.3 * noise(60 * 44_100))
    mp3 = ffmpeg(wav, tmp_path / "a.mp3", "-b:a", "160k")
    content = np.frombuffer(mp3.read_bytes(), np.uint8).copy()
    spoilt = np.arange(50_000, content.size - 100, 100)[:, None] + np.arange(40)
    content[spoilt] = np.random.default_rng(0).integers(0, 256, spoilt.shape)
    mp3.write_bytes(content.tobytes())
    seconds = 0.0
    with pytest.raises(AudioError, match=r"^\[mp3") as caught:
        for block in FfmpegDecoder(mp3, LIMITS).blocks():
            seconds += len(block) / 44_100
    assert caught.value.status == "decode_errors"
    assert "0x" not in caught.value.reason
    assert seconds > 5


def test_a_file_that_cannot_be_opened_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="cannot be read") as caught:
        next(decoders(tmp_path / "gone.wav", LIMITS))
    assert caught.value.status == "unreadable"


def test_a_file_longer_than_the_limit_is_refused(
    tmp_path: Path, write_wav: Callable, noise: Callable
) -> None:
    path = write_wav(tmp_path / "a.wav", noise(44_100))
    with pytest.raises(AudioError, match=r"hours long; audio\.max_hours is 0\.0001") as caught:
        next(decoders(path, AudioSettings(max_hours=0.0001)))
    assert caught.value.status == "refused"


@pytest.mark.parametrize("name", ["a.m4a", "a.wma", "a.raw"])
def test_a_format_that_only_ffmpeg_reads_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / name).write_bytes(b"whatever")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AudioError, match="ffmpeg is not installed") as caught:
        next(decoders(tmp_path / name, LIMITS))
    assert caught.value.status == "needs_ffmpeg"


def test_a_suffix_of_headerless_sound_does_not_hide_what_is_inside(
    tmp_path: Path, write_wav: Callable, noise: Callable, ffmpeg: Callable
) -> None:
    wav = write_wav(tmp_path / "a.wav", noise(44_100))
    raw = wav.rename(tmp_path / "a.raw")
    assert len(decoded(raw)) == 44_100


CTRL_C = """
import os, signal, sys
from pathlib import Path
from zoneclf.audio.decode import FfmpegDecoder
from zoneclf.settings import AudioSettings

signal.signal(signal.SIGINT, signal.SIG_IGN)  # as worker processes do
samples = 0
for block in FfmpegDecoder(Path(sys.argv[1]), AudioSettings()).blocks():
    if not samples:
        os.killpg(0, signal.SIGINT)
    samples += len(block)
print(samples)
"""


def test_ctrl_c_does_not_reach_ffmpeg_whose_sound_would_pass_for_whole(
    tmp_path: Path, write_wav: Callable, noise: Callable, ffmpeg: Callable
) -> None:
    wav = write_wav(tmp_path / "a.wav", noise(60 * 44_100))
    path = ffmpeg(wav, tmp_path / "a.wv")
    done = subprocess.run(
        [sys.executable, "-c", CTRL_C, path],
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=60,
    )
    assert done.stdout.strip() == str(60 * 44_100), done.stderr
