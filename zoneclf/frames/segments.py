"""Which 45 s of each DEAM song were annotated: ids up to 1000, from ``songs_info_2013.csv``.

The columns hold ``min.sec`` as a decimal that lost its trailing zero: 0.2 is 0:20, 2.1 is 2:10,
1.06 is 1:06.  Fields are padded with tabs.
"""

import csv
from pathlib import Path

from zoneclf.errors import LabelError

SEGMENT_S = 45.0
# Songs up to this id are annotated over a segment, the others whole.
LAST_CUT_ID = 1000
SEGMENTS_FILE = "songs_info_2013.csv"


def seconds_of(minutes_seconds: str) -> float:
    """Return the seconds that a ``min.sec`` decimal stands for.

    Raises
    ------
    ValueError
        If the text is not of that form.
    """
    minutes, _, seconds = minutes_seconds.strip().partition(".")
    padded = int(seconds.ljust(2, "0")) if seconds else 0
    if padded >= 60 or len(seconds) > 2:
        raise ValueError(f"{minutes_seconds!r} is not min.sec")
    return int(minutes) * 60.0 + padded


def read_segments(root: Path) -> dict[int, tuple[float, float]]:
    """Return start and end in seconds of each annotated segment, by song id.

    Raises
    ------
    LabelError
        If the file is not below `root` or damaged, or a segment is not 45 s long.
    """
    found = sorted(root.rglob(SEGMENTS_FILE))
    if not found:
        raise LabelError(
            f"{root}: {SEGMENTS_FILE} is not below it; it says which 45 s of songs 2-{LAST_CUT_ID} "
            "the labels are about, so copy DEAM's metadata folder there"
        )
    try:
        with found[0].open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.reader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LabelError(f"{found[0]}: cannot be read ({error}); repair the file") from error
    names = [name.strip() for name in rows[0]] if rows else []
    try:
        first = next(n for n, name in enumerate(names) if name.startswith("start of the segment"))
        last = next(n for n, name in enumerate(names) if name.startswith("end of the segment"))
    except StopIteration:
        raise LabelError(f"{found[0]}: has no start and end of the segment") from None
    return dict(
        _segment(row, first, last, f"{found[0]}:{number}")
        for number, row in enumerate(rows[1:], 2)
        if row
    )


def _segment(row: list[str], first: int, last: int, where: str) -> tuple[int, tuple[float, float]]:
    try:
        song, start_s, end_s = int(row[0]), seconds_of(row[first]), seconds_of(row[last])
    except (ValueError, IndexError) as error:
        raise LabelError(f"{where}: {error}; repair the file") from None
    if end_s - start_s != SEGMENT_S:
        raise LabelError(f"{where}: {end_s - start_s:g} s long, segments are {SEGMENT_S:g} s")
    return song, (start_s, end_s)
