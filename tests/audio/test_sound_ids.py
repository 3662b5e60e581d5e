"""A track is its sound: tags change no id, everything that is heard does."""

import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import hypothesis
import mutagen
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutagen.apev2 import APEv2
from mutagen.id3 import APIC, ID3, TIT2

from zoneclf.audio.sound_ids import sound_id
from zoneclf.errors import AudioError

FORMATS = {
    ".wav": [],
    ".aiff": [],
    ".flac": [],
    ".ogg": ["-c:a", "libvorbis"],
    ".opus": ["-c:a", "libopus"],
    ".mp3": [],
    ".m4a": [],
    ".aac": [],
    ".wv": [],
}
COVER = bytes(range(256)) * 200


@pytest.fixture(scope="module")
def originals(
    tmp_path_factory: pytest.TempPathFactory, chirp: Callable, write_wav: Callable, ffmpeg: Callable
) -> dict[str, Path]:
    """One sound in every format."""
    folder = tmp_path_factory.mktemp("originals")
    wav = write_wav(folder / "source.wav", chirp(3))
    return {
        suffix: ffmpeg(wav, folder / f"a{suffix}", *options) for suffix, options in FORMATS.items()
    }


def tag(path: Path, title: str) -> None:
    """Write a title, and a cover where that is easily done, as taggers do."""
    if path.suffix == ".aac":
        tags = ID3()
        tags.add(TIT2(text=title))
        tags.save(path)
        return
    file = mutagen.File(path)
    if file.tags is None:
        file.add_tags()
    if isinstance(file.tags, ID3):
        file.tags.add(TIT2(text=title))
        file.tags.add(APIC(mime="image/png", data=COVER))
    elif path.suffix == ".m4a":
        file.tags["\xa9nam"] = [title]
    else:
        file.tags["title"] = [title]
    file.save()


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_tag_of_any_length_changes_no_id(
    originals: dict[str, Path], tmp_path: Path, suffix: str
) -> None:
    original = originals[suffix]
    tagged = Path(shutil.copy(original, tmp_path))
    expected = sound_id(original)
    for title in ("short", "long " * 20_000, "x"):
        before = tagged.read_bytes()
        tag(tagged, title)
        assert tagged.read_bytes() != before
        assert sound_id(tagged) == expected


def test_tags_at_the_end_of_an_mp3_change_no_id(originals: dict[str, Path], tmp_path: Path) -> None:
    tagged = Path(shutil.copy(originals[".mp3"], tmp_path))
    expected = sound_id(tagged)
    ape = APEv2()
    ape["Title"] = "a title"
    ape.save(tagged)
    assert sound_id(tagged) == expected
    ID3().save(tagged, v1=2)
    lyrics = b"LYRICSBEGININD0000210"
    content = tagged.read_bytes() + lyrics + f"{len(lyrics):06}LYRICS200".encode()
    tagged.write_bytes(content + b"TAG" + bytes(125))
    assert sound_id(tagged) == expected


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_part_of_the_sound_is_in_the_id(
    originals: dict[str, Path], tmp_path: Path, suffix: str
) -> None:
    content = originals[suffix].read_bytes()
    expected = sound_id(originals[suffix])
    changed = tmp_path / f"changed{suffix}"
    for share in (0.3, 0.5, 0.9):
        place = int(share * len(content))
        changed.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        assert sound_id(changed) != expected, share
        changed.write_bytes(content[:place])
        assert sound_id(changed) != expected, share


def test_every_format_of_the_same_sound_is_another_track(originals: dict[str, Path]) -> None:
    assert len({sound_id(path) for path in originals.values()}) == len(originals)


def test_the_rate_in_a_wav_header_is_heard(originals: dict[str, Path], tmp_path: Path) -> None:
    content = bytearray(originals[".wav"].read_bytes())
    place = content.index(b"fmt ") + 12
    content[place : place + 4] = struct.pack("<I", 22_050)
    (tmp_path / "slow.wav").write_bytes(content)
    assert sound_id(tmp_path / "slow.wav") != sound_id(originals[".wav"])


def test_samples_of_a_wav_written_to_a_pipe_are_in_the_id(
    tmp_path: Path, write_wav: Callable
) -> None:
    ids = set()
    for seed in range(2):
        samples = np.random.default_rng(seed).uniform(-1, 1, 1000)
        path = write_wav(tmp_path / f"{seed}.wav", samples)
        content = bytearray(path.read_bytes())
        place = content.index(b"data") + 4
        content[place : place + 4] = bytes(4)
        path.write_bytes(content)
        ids.add(sound_id(path))
    assert len(ids) == 2


@given(first=st.binary(max_size=200), second=st.binary(max_size=200))
def test_what_is_no_sound_has_the_same_id_only_if_it_is_equal(
    tmp_path_factory: pytest.TempPathFactory, first: bytes, second: bytes
) -> None:
    folder = tmp_path_factory.mktemp("ids")
    (folder / "a").write_bytes(first)
    (folder / "b").write_bytes(second)
    assert (sound_id(folder / "a") == sound_id(folder / "b")) == (first == second)


HEADS = [
    b"ID3\4\0\0\x7f\x7f\x7f\x7f",
    b"ID3\4\0\0\0\0\0\0",
    b"fLaC",
    b"fLaC\x80\xff\xff\xff",
    b"RIFF\0\0\0\0WAVE",
    b"RIFF\0\0\0\0WAVEdata\xff\xff\xff\xff",
    b"FORM\0\0\0\0AIFF",
    b"\0\0\0\0ftyp",
    b"\0\0\0\x08ftyp\0\0\0\x01moov\0\0\0\0\0\0\0\0",
    b"\0\0\0\x08ftyp\0\0\0\0moov\0\0\0\0moov",
    b"OggS\0\2",
    b"",
]
TAILS = [b"TAG", b"LYRICS200", b"-00015LYRICS200", b"APETAGEX" + bytes(24), b""]


wholes = st.builds(
    lambda head, body, tail, rest: head + body + tail + bytes(rest),
    st.sampled_from(HEADS),
    st.binary(max_size=300),
    st.sampled_from(TAILS),
    st.sampled_from([0, 125]),
)


@given(first=wholes, second=wholes)
def test_no_bytes_stop_it_and_other_bytes_are_another_track(
    tmp_path_factory: pytest.TempPathFactory, first: bytes, second: bytes
) -> None:
    folder = tmp_path_factory.mktemp("ids")
    (folder / "a").write_bytes(first)
    (folder / "b").write_bytes(second)
    hypothesis.assume(first.rstrip(b"\0") != second.rstrip(b"\0"))
    hypothesis.assume(first[:-128] != second[:-128] or b"TAG" not in first[-128:])
    assert sound_id(folder / "a") != sound_id(folder / "b")


@pytest.mark.parametrize(
    "head",
    [b"ID3\4\0\0\xff\xff\xff\xff", b"ID3\4\0\0\x7f\x7f\x7f\x7f"],
    ids=["a length that is none", "a length beyond the file"],
)
def test_a_damaged_tag_hides_no_sound(
    originals: dict[str, Path], tmp_path: Path, head: bytes
) -> None:
    ids = set()
    for suffix in (".mp3", ".aac"):
        path = tmp_path / f"a{suffix}"
        path.write_bytes(head + originals[suffix].read_bytes())
        ids.add(sound_id(path))
    assert len(ids) == 2


def test_a_damaged_ape_tag_hides_no_sound(originals: dict[str, Path], tmp_path: Path) -> None:
    ids = set()
    for suffix in (".mp3", ".aac"):
        body = originals[suffix].read_bytes()
        footer = b"APETAGEX" + struct.pack("<IIIIQ", 2000, len(body) + 32, 0, 0, 0)
        path = tmp_path / f"a{suffix}"
        path.write_bytes(body + footer)
        ids.add(sound_id(path))
    assert len(ids) == 2


def test_a_tag_with_a_footer_and_a_second_one_are_skipped(
    originals: dict[str, Path], tmp_path: Path
) -> None:
    tag = b"ID3\4\0\x10\0\0\0\x05" + bytes(5) + b"3DI\4\0\x10\0\0\0\x05"
    body = originals[".aac"].read_bytes()
    (tmp_path / "a.aac").write_bytes(tag + tag + body)
    assert sound_id(tmp_path / "a.aac") == sound_id(originals[".aac"])


def test_an_edit_list_is_heard_and_where_the_data_lies_is_not(
    originals: dict[str, Path], tmp_path: Path, ffmpeg: Callable
) -> None:
    original = originals[".m4a"]
    content = bytearray(original.read_bytes())
    place = content.index(b"elst") + 16
    content[place : place + 4] = struct.pack(">I", 44_100)
    (tmp_path / "edited.m4a").write_bytes(content)
    assert sound_id(tmp_path / "edited.m4a") != sound_id(original)
    options = ["-c", "copy", "-movflags", "+faststart"]
    assert sound_id(ffmpeg(original, tmp_path / "moved.m4a", *options)) == sound_id(original)


def test_a_file_of_zeros_behind_a_header_is_read_at_once(tmp_path: Path) -> None:
    with (tmp_path / "a.wav").open("wb") as stream:
        stream.write(b"RIFF\0\0\0\0WAVEfmt ")
        stream.truncate(20_000_000)
    calls = []
    sound_id(tmp_path / "a.wav", lambda: bool(calls.append(1)))
    assert len(calls) <= 25  # a megabyte each


def test_reading_stops_when_it_is_told_to(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(bytes(5_000_000))
    calls = []
    sound_id(tmp_path / "a.mp3", lambda: bool(calls.append(1)) or len(calls) == 2)
    assert len(calls) == 2


def test_boxes_in_boxes_in_boxes_come_to_an_end(tmp_path: Path) -> None:
    depth = 5000
    boxes = b"".join(struct.pack(">I4s", 8 * (depth - k), b"moov") for k in range(depth))
    (tmp_path / "a.m4a").write_bytes(struct.pack(">I4s", 8, b"ftyp") + boxes)
    assert len(sound_id(tmp_path / "a.m4a")) == 20


def test_a_file_that_cannot_be_opened_has_no_id(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="cannot be read") as caught:
        sound_id(tmp_path / "gone.mp3")
    assert caught.value.status == "unreadable"
