"""What a file's bytes give away: varying bit rate without a header, and truncation."""

import os
import struct
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoneclf.audio.headers import (
    cut_short,
    is_joined_mp3,
    is_unmarked_vbr,
    says_its_length,
    wav_format,
)

# Bit rate codes of MPEG-1 layer III (ISO/IEC 11172-3, 2.4.2.3).
KBITS = {5: 64, 9: 128, 11: 192}


def mp3_frame(code: int, content: bytes = b"") -> bytes:
    """Return one frame of MPEG-1 layer III at 44.1 kHz."""
    size = 144 * KBITS[code] * 1000 // 44_100
    return (bytes([0xFF, 0xFB, code << 4, 0]) + bytes(32) + content).ljust(size, b"\0")


def id3(size: int) -> bytes:
    """Return an ID3v2 tag of `size` bytes after its header."""
    digits = [size >> shift & 0x7F for shift in (21, 14, 7, 0)]
    return b"ID3\x04\x00\x00" + bytes(digits) + bytes(size)


def written(folder: Path, content: bytes, name: str = "a.mp3") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def wav_header(length: int) -> bytes:
    chunks = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 44_100, 88_200, 2, 16)
    return b"RIFF\x24\0\0\0WAVE" + chunks + struct.pack("<4sI", b"data", length)


@pytest.mark.parametrize(
    ("frames", "unmarked"),
    [
        (mp3_frame(9) * 50, False),
        (mp3_frame(9) + mp3_frame(5) * 50, True),
        (mp3_frame(9, b"Xing") + mp3_frame(5) * 50, False),
        (mp3_frame(9, b"Info") + mp3_frame(5) * 50, False),
        (mp3_frame(9, b"VBRI") + mp3_frame(5) * 50, False),
        (mp3_frame(5) * 3000 + mp3_frame(11) * 50, True),
        (mp3_frame(9) * 50 + b"TAG".ljust(128), False),
        (b"", False),
        (b"not sound at all", False),
    ],
    ids=[
        "constant",
        "varying",
        "Xing",
        "Info",
        "VBRI",
        "after a long silence",
        "constant with an ID3v1 tag",
        "empty",
        "text",
    ],
)
@pytest.mark.parametrize("tag", [b"", id3(1000)], ids=["bare", "tagged"])
def test_varying_bit_rate_without_a_header_is_noticed(
    tmp_path: Path, tag: bytes, frames: bytes, unmarked: bool
) -> None:
    assert is_unmarked_vbr(written(tmp_path, tag + frames)) == unmarked


@settings(max_examples=50)
@given(
    st.binary(max_size=2000), st.sampled_from([b"", b"RIFF", b"OggS", b"FORM", b"ID3", b"\xff\xfb"])
)
def test_no_bytes_break_the_look_at_headers(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, magic: bytes
) -> None:
    path = written(tmp_path_factory.mktemp("bytes"), magic + content)
    assert {is_unmarked_vbr(path), is_joined_mp3(path), says_its_length(path)} <= {True, False}
    assert wav_format(path) is None or magic == b"RIFF"
    assert isinstance(cut_short(path), str)


@pytest.mark.parametrize("suffix", [".wav", ".aiff", ".ogg"])
@pytest.mark.parametrize("kept", [0.3, 0.5, 0.9, 0.97])
def test_a_cut_file_says_so(
    tmp_path: Path, chirp: Callable, write_wav: Callable, suffix: str, kept: float
) -> None:
    whole = write_wav(tmp_path / f"whole{suffix}", chirp(3))
    assert cut_short(whole) == ""
    content = whole.read_bytes()
    assert cut_short(written(tmp_path, content[: int(kept * len(content))], f"cut{suffix}"))


def test_an_ogg_file_without_the_last_byte_of_its_last_page_is_cut(
    tmp_path: Path, chirp: Callable, write_wav: Callable
) -> None:
    whole = write_wav(tmp_path / "whole.ogg", chirp(1))
    cut = written(tmp_path, whole.read_bytes()[:-1], "cut.ogg")
    assert cut_short(cut) == "the last ogg page is missing"


@pytest.mark.parametrize("length", [0, 0xFFFFFFFF])
def test_a_wav_written_to_a_pipe_announces_no_length(tmp_path: Path, length: int) -> None:
    samples = np.zeros(1000, "<i2").tobytes()
    assert cut_short(written(tmp_path, wav_header(length) + samples, "a.wav")) == ""


def test_the_reason_counts_bytes(tmp_path: Path) -> None:
    path = written(tmp_path, wav_header(1000) + bytes(400), "a.wav")
    assert cut_short(path) == "400 of 1000 bytes are there"


@pytest.mark.parametrize("content", [b"", b"RIFF", b"fLaC" + bytes(100), b"plain text"])
def test_other_files_say_nothing(tmp_path: Path, content: bytes) -> None:
    assert cut_short(written(tmp_path, content)) == ""


def xing(frames: int, flags: int = 3) -> bytes:
    """Return a first frame whose Xing header announces `frames` frames of code 9 in all."""
    counts = struct.pack(">II", frames, frames * len(mp3_frame(9)))
    fields = counts if flags & 1 else counts[4:]
    return mp3_frame(9, b"Xing" + struct.pack(">I", flags) + fields)


@pytest.mark.parametrize(
    ("content", "joined"),
    [
        (xing(10) + mp3_frame(9) * 9, False),
        (xing(10) + mp3_frame(9) * 9 + b"TAG".ljust(128), False),
        (xing(10) + mp3_frame(9) * 9 + mp3_frame(9)[:3], False),
        (xing(10) + mp3_frame(9) * 5, False),
        (xing(10) + mp3_frame(9) * 20, True),
        (xing(10, flags=2) + mp3_frame(9) * 20, True),
        (xing(10, flags=1) + mp3_frame(9) * 20, False),
        ((xing(10) + mp3_frame(9) * 9) * 2, True),
        (xing(10) + mp3_frame(9) * 9 + id3(100) + xing(10), True),
        (mp3_frame(9) * 20, False),
        (b"", False),
    ],
)
@pytest.mark.parametrize("tag", [b"", id3(1000)], ids=["bare", "tagged"])
def test_mp3_files_that_were_joined_are_noticed(
    tmp_path: Path, tag: bytes, content: bytes, joined: bool
) -> None:
    assert is_joined_mp3(written(tmp_path, tag + content)) == joined


@pytest.mark.parametrize(
    ("content", "says"), [(xing(10), True), (mp3_frame(9) * 3, False), (b"Xing", False)]
)
def test_an_mp3_says_its_length_or_not(tmp_path: Path, content: bytes, says: bool) -> None:
    assert says_its_length(written(tmp_path, content)) == says


def test_a_wav_header_gives_rate_and_channels(tmp_path: Path) -> None:
    assert wav_format(written(tmp_path, wav_header(1000), "a.wav")) == (44_100, 1)
    assert wav_format(written(tmp_path, wav_header(1000)[:26], "a.wav")) is None
    assert wav_format(written(tmp_path, b"RIFF\0\0\0\0WAVE", "a.wav")) is None
    assert wav_format(written(tmp_path, b"fLaC", "a.wav")) is None


def test_a_header_before_zeros_is_soon_given_up(tmp_path: Path) -> None:
    path = written(tmp_path, b"RIFF\0\0\0\0WAVE", "a.wav")
    os.truncate(path, 10**9)
    start = time.process_time()
    assert wav_format(path) is None
    assert cut_short(path) == ""
    assert time.process_time() - start < 1
