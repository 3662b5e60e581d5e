"""Rows of text tables: encodings, delimiters, hostile content."""

from pathlib import Path

import pytest

from zoneclf.deep.readers.tables import read_rows
from zoneclf.errors import LabelError

ROWS = [["path", "label"], ["Ünïcode ♫.wav", "rock"]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_and_delimiters(tmp_path: Path, encoding: str, delimiter: str, end: str) -> None:
    path = tmp_path / "t.csv"
    text = end.join(delimiter.join(row) for row in ROWS) + end
    path.write_bytes(text.encode(encoding))
    assert [row for _, row in read_rows(path)] == ROWS


def test_lines_are_numbered_over_blank_ones_and_quoted_ends(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('a,b\n\n"two\nlines",c\nd,e\n')
    assert [line for line, _ in read_rows(path)] == [1, 4, 5]


def test_a_cell_may_be_a_page(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"a,{'x' * 300_000}\n")
    assert [len(row[1]) for _, row in read_rows(path)] == [300_000]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'a,b\n"open,c\nd,e\n', "quote"),
        (b"a,b\n\xff\xfe\x00bad", "UTF-8"),
        (b"a,b\nc\0,d\n", "zero bytes"),
        (b'a,"' + b"x" * (5 << 20) + b'"\n', "field larger"),
    ],
    ids=["quote", "encoding", "zeros", "huge cell"],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(LabelError, match=said):
        list(read_rows(path))


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="is no file"):
        list(read_rows(tmp_path / "none.csv"))
    with pytest.raises(LabelError, match="is no file"):
        list(read_rows(tmp_path))
