"""Text tables as rows of cells with line numbers, whatever their encoding and however odd."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from zoneclf.errors import LabelError

# A cell of FMA's tracks.csv may hold a page of HTML; the module's own limit is 128 KiB.
MOST_CELL_BYTES = 4 * 2**20
MOST_BYTES = 2 * 2**30


def read_rows(path: Path, delimiter: str = "") -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of each row that is not blank.

    Without a `delimiter` it is the one of tab, semicolon and comma that the first line has most of.
    The text is UTF-8, with or without byte order mark, or UTF-16 with one.

    Raises
    ------
    LabelError
        If the file cannot be read, is no text, or a quote is left open.
    """
    text = read_text(path)
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = delimiter or max(",\t;", key=first.count)
    before = csv.field_size_limit(MOST_CELL_BYTES)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise LabelError(f"{path}:{reader.line_num}: {error}; is a quote left open?") from error
    finally:
        csv.field_size_limit(before)


def read_text(path: Path) -> str:
    """Return a text file's content; errors are those of `read_rows`."""
    try:
        if not path.is_file():
            raise LabelError(f"{path}: is no file; check the path")
        if path.stat().st_size > MOST_BYTES:
            raise LabelError(f"{path}: larger than {MOST_BYTES >> 30} GiB; is it a table?")
        raw = path.read_bytes()
    except OSError as error:
        raise LabelError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise LabelError(
            f"{path}: is neither UTF-8 nor UTF-16 text ({error.reason}); save it as UTF-8"
        ) from error
    if "\0" in text:
        raise LabelError(f"{path}: holds zero bytes; is it a table?")
    return text
