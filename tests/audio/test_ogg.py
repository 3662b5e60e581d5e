"""Ogg pages: whole files pass, and what a decoder would pass over is told."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneclf.audio.headers import cut_short
from zoneclf.audio.ogg import broken_page

LATER_PAGES = 6_000  # bytes after which no header is left to damage


@pytest.fixture(scope="module")
def ogg(
    tmp_path_factory: pytest.TempPathFactory, chirp: Callable, write_wav: Callable
) -> Callable[[bytes], Path]:
    """The path of a file that holds what it is given; called without, a whole ogg file."""
    folder = tmp_path_factory.mktemp("ogg")
    whole = write_wav(folder / "whole.ogg", chirp(3)).read_bytes()

    def written(content: bytes = whole) -> Path:
        path = folder / "a.ogg"
        path.write_bytes(content)
        return path

    return written


def test_whole_files_are_not_broken(
    ogg: Callable, tmp_path: Path, chirp: Callable, write_wav: Callable, ffmpeg: Callable
) -> None:
    assert broken_page(ogg()) == ""
    wav = write_wav(tmp_path / "a.wav", chirp(3))
    assert broken_page(ffmpeg(wav, tmp_path / "a.opus")) == ""
    assert broken_page(ffmpeg(wav, tmp_path / "a.oga", "-c:a", "flac")) == ""


def test_a_tag_behind_the_last_page_breaks_nothing(ogg: Callable) -> None:
    assert broken_page(ogg(ogg().read_bytes() + b"TAG".ljust(128, b"\0"))) == ""


@given(kept=st.floats(0, 1))
def test_a_file_that_only_ends_too_early_is_not_broken(ogg: Callable, kept: float) -> None:
    content = ogg().read_bytes()
    assert broken_page(ogg(content[: int(kept * len(content))])) == ""


@given(share=st.floats(0, 0.999), bit=st.integers(0, 7))
def test_a_single_flipped_bit_is_noticed(ogg: Callable, share: float, bit: int) -> None:
    content = bytearray(ogg().read_bytes())
    content[int(share * len(content))] ^= 1 << bit
    path = ogg(bytes(content))
    assert broken_page(path) or cut_short(path) or not path.read_bytes().startswith(b"OggS")


def test_a_page_that_is_not_there_is_noticed(ogg: Callable) -> None:
    content = ogg().read_bytes()
    first = content.index(b"OggS", LATER_PAGES)
    after = content.index(b"OggS", first + 4)
    broken = broken_page(ogg(content[:first] + content[after:]))
    assert broken.startswith("pages are damaged or missing before byte")


def test_other_bytes_between_pages_are_noticed(ogg: Callable) -> None:
    content = ogg().read_bytes()
    first = content.index(b"OggS", LATER_PAGES)
    broken = broken_page(ogg(content[:first] + b"other" * 10 + content[first:]))
    assert broken == f"no ogg page at byte {first}"


def test_a_second_stream_is_noticed(ogg: Callable) -> None:
    content = ogg().read_bytes()
    assert broken_page(ogg(content * 2)) == f"another stream begins at byte {len(content)}"


@given(st.binary(max_size=300))
def test_no_bytes_break_the_look_at_pages(ogg: Callable, content: bytes) -> None:
    assert isinstance(broken_page(ogg(b"OggS" + content)), str)
