"""Files that are whole or not there."""

import errno
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneclf import writing
from zoneclf.errors import OutputError
from zoneclf.writing import make_folder, write_text


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that is there."""
    target = tmp_path / "a.txt"
    write_text("old", target)
    return target


def test_a_failed_flush_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "system says no")

    before = path.read_bytes()
    monkeypatch.setattr(writing.os, "fsync", fail)
    with pytest.raises(OutputError, match="system says no"):
        write_text("new", path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_bug_while_writing_leaves_nothing_and_stays_a_bug(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), writing.replacing(tmp_path / "a.txt") as partial:
        partial.write_text("half")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_place_of_the_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(OutputError, match=r"a\.txt: cannot be written"):
        write_text("text", tmp_path / "a.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("name", ["folder", "folder/inner"])
def test_a_file_in_place_of_a_folder_is_reported(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be made"):
        make_folder(tmp_path / name)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r")))
def test_text_is_written_as_utf8(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("text") / "new" / "a.txt"
    write_text(text, path)
    assert path.read_bytes().decode("utf-8") == text
