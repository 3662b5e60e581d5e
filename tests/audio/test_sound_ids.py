"""A track is its sound: tags change no id, everything that is heard does."""

import shutil
import struct
from collections.abc import Callable
from pathlib import Path

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


@given(
    head=st.sampled_from(HEADS),
    body=st.binary(max_size=300),
    tail=st.sampled_from(TAILS),
    rest=st.sampled_from([0, 125]),
)
def test_no_bytes_stop_it(
    tmp_path_factory: pytest.TempPathFactory, head: bytes, body: bytes, tail: bytes, rest: int
) -> None:
    path = tmp_path_factory.mktemp("ids") / "a.mp3"
    path.write_bytes(head + body + tail + bytes(rest))
    assert len(sound_id(path)) == 20


def test_boxes_in_boxes_in_boxes_come_to_an_end(tmp_path: Path) -> None:
    depth = 5000
    boxes = b"".join(struct.pack(">I4s", 8 * (depth - k), b"moov") for k in range(depth))
    (tmp_path / "a.m4a").write_bytes(struct.pack(">I4s", 8, b"ftyp") + boxes)
    assert len(sound_id(tmp_path / "a.m4a")) == 20


def test_a_file_that_cannot_be_opened_has_no_id(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="cannot be read") as caught:
        sound_id(tmp_path / "gone.mp3")
    assert caught.value.status == "unreadable"
