"""Which files are found, under what names, and that nothing but a regular file is opened."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneclf.audio.files import (
    absolute,
    audio_files,
    expand,
    path_text,
    read_playlist,
    require_regular,
    text_path,
)
from zoneclf.errors import AudioError

# Names that trip up shells, globs, text files or terminals.
AWKWARD = ["-rf.mp3", "[x].mp3", "a\nb.mp3", "tab\there.mp3", "$(x);%d.mp3", "\U0001f600 é.mp3"]
name_bytes = st.binary(min_size=1, max_size=40).map(
    lambda name: name.replace(b"/", b"_").replace(b"\0", b"_")
)


@pytest.mark.parametrize("name", ["a.mp3", "B.FLAC", "c.Wav", "d.m4a", "e.opus", "f.aiff"])
def test_audio_is_known_by_its_suffix_in_any_case(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert audio_files(tmp_path) == [tmp_path / name]


def test_other_files_and_hidden_ones_are_left_out(tmp_path: Path) -> None:
    for name in ("cover.jpg", "notes.txt", ".hidden.mp3", "mp3"):
        (tmp_path / name).touch()
    (tmp_path / ".trash").mkdir()
    (tmp_path / ".trash" / "gone.mp3").touch()
    assert audio_files(tmp_path) == []


def test_folders_are_searched_to_the_bottom_and_the_result_is_sorted(tmp_path: Path) -> None:
    for name in ("b/c/d.mp3", "a.mp3", "b/a.mp3"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert audio_files(tmp_path) == sorted(tmp_path / n for n in ("a.mp3", "b/a.mp3", "b/c/d.mp3"))


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_names_are_found(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert expand([tmp_path]) == [tmp_path / name]


def test_a_loop_of_links_is_visited_once(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").touch()
    (tmp_path / "again").symlink_to(".")
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "up").symlink_to("..")
    assert audio_files(tmp_path) == [tmp_path / "a.mp3"]


def test_a_link_to_itself_is_a_missing_file(tmp_path: Path) -> None:
    knot = tmp_path / "knot.mp3"
    knot.symlink_to("knot.mp3")
    assert audio_files(tmp_path) == [knot]
    with pytest.raises(AudioError, match="not there") as caught:
        require_regular(knot)
    assert caught.value.status == "missing"


@pytest.mark.parametrize("name", ["gone.mp3", "nul\0.mp3"])
def test_a_file_that_is_not_there_is_missing(tmp_path: Path, name: str) -> None:
    with pytest.raises(AudioError, match="not there") as caught:
        require_regular(tmp_path / name)
    assert caught.value.status == "missing"


def test_a_dangling_link_is_missing(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").symlink_to("nowhere.mp3")
    with pytest.raises(AudioError, match="not there"):
        require_regular(tmp_path / "a.mp3")


def test_a_pipe_or_folder_named_like_sound_is_not_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp3")
    (tmp_path / "folder.mp3").mkdir()
    for name in ("pipe.mp3", "folder.mp3"):
        with pytest.raises(AudioError, match="not a file") as caught:
            require_regular(tmp_path / name)
        assert caught.value.status == "not_a_file"


def test_a_playlist_lists_files_relative_to_itself(tmp_path: Path) -> None:
    playlist = tmp_path / "set.m3u8"
    lines = ["\ufeff#EXTM3U", "#EXTINF:12,Title", "a.mp3", "", "/music/b.mp3", "sub/c d.mp3"]
    playlist.write_bytes("\r\n".join(lines).encode())
    expected = [tmp_path / "a.mp3", Path("/music/b.mp3"), tmp_path / "sub/c d.mp3"]
    assert read_playlist(playlist) == expected


@pytest.mark.parametrize("character", ["\u2028", "\x85", "\x0b", "\x1c"])
def test_only_line_ends_end_a_playlists_line(tmp_path: Path, character: str) -> None:
    playlist = tmp_path / "set.m3u8"
    playlist.write_text(f"a{character}b.mp3\n", encoding="utf-8")
    assert read_playlist(playlist) == [tmp_path / f"a{character}b.mp3"]


def test_a_playlist_keeps_names_that_are_not_utf8(tmp_path: Path) -> None:
    playlist = tmp_path / "set.m3u"
    playlist.write_bytes(b"caf\xe9.mp3\n")
    assert [os.fsencode(path.name) for path in read_playlist(playlist)] == [b"caf\xe9.mp3"]


@pytest.mark.parametrize("entry", ["http://host/a.mp3", "file://host/a.mp3", r"\\host\share\a.mp3"])
def test_an_address_in_a_playlist_is_refused_with_its_line(tmp_path: Path, entry: str) -> None:
    playlist = tmp_path / "set.m3u8"
    playlist.write_text(f"a.mp3\n{entry}\n")
    with pytest.raises(AudioError, match=r"set\.m3u8:2: .* is an address"):
        read_playlist(playlist)


def test_a_pipe_named_like_a_playlist_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "set.m3u8")
    with pytest.raises(AudioError, match="not a file"):
        expand([tmp_path / "set.m3u8"])


def test_a_playlist_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="not there"):
        expand([tmp_path / "set.m3u8"])


def test_what_is_named_twice_is_read_once_in_the_order_named(tmp_path: Path) -> None:
    for name in ("a.mp3", "b.mp3"):
        (tmp_path / name).touch()
    (tmp_path / "set.m3u").write_text("b.mp3\na.mp3\n")
    named = [tmp_path / "b.mp3", tmp_path / "set.m3u", tmp_path, tmp_path / "x/../a.mp3"]
    assert expand(named) == [tmp_path / "b.mp3", tmp_path / "a.mp3"]


def test_a_relative_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute(Path("a/../b.mp3")) == Path.cwd() / "b.mp3"


@given(name_bytes)
def test_any_name_survives_as_text(name: bytes) -> None:
    path = Path("/music") / os.fsdecode(name)
    text = path_text(path)
    assert text.encode("utf-8").decode("utf-8") == text
    assert os.fsencode(text_path(text)) == os.fsencode(path)


def test_a_name_that_is_utf8_stays_readable() -> None:
    assert path_text(Path("/music/é 100%.mp3")) == "/music/é 100%.mp3"
