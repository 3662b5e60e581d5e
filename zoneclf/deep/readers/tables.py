"""Text tables as rows of cells with line numbers, whatever their encoding and however odd."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from zoneclf.errors import LabelError

# A cell of FMA's tracks.csv may hold a page of HTML; the module's own limit is 128 KiB.
MOST_CELL_BYTES = 4 * 2**20


def read_rows(path: Path, delimiter: str = "") -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of each row that is not blank.

    Without a `delimiter` it is the one of tab, semicolon and comma that the first line has most of.
    The text is UTF-8, with or without byte order mark, or UTF-16 with one.

    Raises
    ------
    LabelError
        If the file cannot be read, is no text, or a quote is left open.
    """
    with _opened(path) as stream:
        delimiter = delimiter or _delimiter(stream)
        before = csv.field_size_limit(MOST_CELL_BYTES)
        reader = csv.reader(stream, delimiter=delimiter, strict=True)
        try:
            for row in reader:
                if any("\0" in cell for cell in row):
                    raise LabelError(f"{path}:{reader.line_num}: holds zero bytes; is it a table?")
                if any(cell.strip() for cell in row):
                    yield reader.line_num, row
        except csv.Error as error:
            raise LabelError(f"{path}:{reader.line_num}: {error}; is a quote left open?") from error
        except UnicodeDecodeError as error:
            raise LabelError(_no_text(path, error)) from error
        finally:
            csv.field_size_limit(before)


def read_text(path: Path) -> str:
    """Return a small text file's content; errors are those of `read_rows`."""
    with _opened(path) as stream:
        try:
            return stream.read(MOST_CELL_BYTES)
        except UnicodeDecodeError as error:
            raise LabelError(_no_text(path, error)) from error


def _opened(path: Path) -> TextIO:
    if not path.is_file():
        raise LabelError(f"{path}: is no file; check the path")
    try:
        with path.open("rb") as stream:
            mark = stream.read(2)
        encoding = "utf-16" if mark in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        return path.open(encoding=encoding, newline="")
    except OSError as error:
        raise LabelError(f"{path}: cannot be read ({error.strerror}); check the path") from error


def _no_text(path: Path, error: UnicodeDecodeError) -> str:
    return f"{path}: is neither UTF-8 nor UTF-16 text ({error.reason}); save it as UTF-8"


def _delimiter(stream: TextIO) -> str:
    """Return what splits the first line that is not blank into most cells."""
    try:
        first = ""
        while not first.strip() and (line := stream.readline(MOST_CELL_BYTES)):
            first = line
    except UnicodeDecodeError:
        first = ""  # reading on will tell
    stream.seek(0)
    return max(",\t;", key=first.count)
