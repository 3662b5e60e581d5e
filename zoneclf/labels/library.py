"""The user's label file: a path and a zone per track.

CSV or TSV, UTF-8 with or without a byte order mark, or UTF-16 as rekordbox exports a playlist to
TXT (``BPM, Key, Zone, Artist, Track Title, Location``).  Columns are found by header name in any
order and case.  A blank zone is a track without a label.  Everything wrong is listed with its line.
"""

import csv
import difflib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from zoneclf.audio.files import absolute
from zoneclf.errors import LabelError

SUFFIXES = (".csv", ".tsv", ".txt")
_NAMES = {
    "path": ("path", "file", "location", "filename"),
    "zone": ("zone", "label"),
    "artist": ("artist",),
    "title": ("title", "track title"),
    "bpm": ("bpm",),
    "key": ("key",),
}
_SHOWN = 10


@dataclass(frozen=True)
class LabelRow:
    """One line: the track's path, absolute, and its zone, None if it has no label."""

    line: int
    path: Path
    zone: str | None
    artist: str = ""
    title: str = ""
    bpm: str = ""
    key: str = ""


def find_label_file(path: Path) -> Path | None:
    """Return `path`, or the same name with another suffix of a label file; None if none is there.

    Raises
    ------
    LabelError
        If several are there.
    """
    if path.is_file():
        return path
    found = [other for suffix in SUFFIXES if (other := path.with_suffix(suffix)).is_file()]
    if len(found) > 1:
        names = " and ".join(other.name for other in found)
        raise LabelError(f"{path.parent}: holds {names}; keep one, or name it with --labels")
    return found[0] if found else None


def label_paths(path: Path) -> list[Path]:
    """Return the files that a label file lists, in order, whatever their zones.

    Raises
    ------
    LabelError
        If the file is not text or has no path or zone column.
    """
    return list(dict.fromkeys(row.path for row in _rows(path)))


def read_label_file(path: Path, zones: Sequence[str]) -> list[LabelRow]:
    """Return the rows of a label file in order.

    Raises
    ------
    LabelError
        If the file is not text, has no path or zone column, or names unknown zones (all listed).
    """
    labels = _rows(path)
    _require_known(labels, zones, path)
    return labels


def contradictions(
    rows: Sequence[LabelRow], track_of: Callable[[LabelRow], str] = lambda row: str(row.path)
) -> dict[str, list[LabelRow]]:
    """Return the rows of each track that stands there with different zones.

    `track_of` tells which rows are of one track: by path, or by content where that is known.
    """
    by_track: dict[str, list[LabelRow]] = {}
    for row in rows:
        if row.zone is not None:
            by_track.setdefault(track_of(row), []).append(row)
    return {track: same for track, same in by_track.items() if len({r.zone for r in same}) > 1}


def _rows(path: Path) -> list[LabelRow]:
    reader = csv.reader(io.StringIO(_text(path), newline=""), delimiter=_delimiter(path))
    try:
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise LabelError(f"{path}:{reader.line_num}: {error}; is a quote left open?") from error
    if not rows:
        raise LabelError(
            f"{path}: is empty; it needs a header with path and zone, then a track each"
        )
    places = _places(rows[0][1], path)
    return [_row(line, row, places, path) for line, row in rows[1:]]


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise LabelError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise LabelError(
            f"{path}: is neither UTF-8 nor UTF-16 text ({error.reason}); save it as UTF-8"
        ) from error


def _delimiter(path: Path) -> str:
    """Return the character that splits the header into most columns."""
    header = next((line for line in _text(path).splitlines() if line.strip()), "")
    return max("\t;,", key=header.count)


def _places(header: list[str], path: Path) -> dict[str, int]:
    names = [name.strip().lower() for name in header]
    places = {}
    for field, known in _NAMES.items():
        for name in known:
            if name in names:
                places[field] = names.index(name)
                break
    for needed in ("path", "zone"):
        if needed not in places:
            raise LabelError(
                f"{path}: no column {' or '.join(_NAMES[needed])} in its header "
                f"({', '.join(header)}); name it in the first line"
            )
    return places


def _row(line: int, row: list[str], places: dict[str, int], path: Path) -> LabelRow:
    cells = {name: row[place] if place < len(row) else "" for name, place in places.items()}
    where = cells.pop("path").strip()
    if not where:
        raise LabelError(f"{path}:{line}: has no path; add it or delete the line")
    zone = cells.pop("zone")
    return LabelRow(
        line,
        absolute(path.parent / where),
        zone if zone.strip() else None,
        **{name: cell.strip() for name, cell in cells.items()},
    )


def _require_known(rows: list[LabelRow], zones: Sequence[str], path: Path) -> None:
    wrong = [row for row in rows if row.zone is not None and row.zone not in zones]
    if not wrong:
        return
    said = [_suggestion(row, zones) for row in wrong[:_SHOWN]]
    more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
    known = ", ".join(zones)
    raise LabelError(f"{path}: unknown zones (known: {known}): {'; '.join(said)}{more}")


def _suggestion(row: LabelRow, zones: Sequence[str]) -> str:
    zone = row.zone or ""
    upper = {name.upper(): name for name in zones}
    close = difflib.get_close_matches(zone.strip().upper(), upper, n=1)
    hint = f", did you mean {upper[close[0]]}?" if close else ""
    return f"line {row.line} {zone!r}{hint}"
