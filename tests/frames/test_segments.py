"""Which 45 s of a song DEAM's labels are about."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneclf.errors import LabelError
from zoneclf.frames.segments import SEGMENT_S, read_segments, seconds_of

HEADER = (
    '"song_id","file_name","Artist","Song title","start of the segment (min.sec)",'
    '"end of the segment (min.sec)","Genre","Mediaeval 2013 set"\n'
)


def write_info(root: Path, *rows: str, header: str = HEADER) -> Path:
    path = root / "metadata" / "songs_info_2013.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(header + "".join(f"{row}\n" for row in rows))
    return path


def row(start: str, end: str, song: str = "2") -> str:
    return f'{song},"\t2.mp3","\tX","\tY","\t{start}\t","\t{end}\t","Blues","\tdevelopment"'


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0.2", 20), ("2.1", 130), ("1.06", 66), ("0.48", 48), ("3", 180), ("\t1.33\t", 93), ("0", 0)],
)
def test_minutes_and_seconds_that_lost_a_zero(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@given(st.integers(0, 59), st.integers(0, 59))
def test_every_time_is_read_with_and_without_its_trailing_zero(minutes: int, seconds: int) -> None:
    text = f"{minutes}.{seconds:02}"
    assert seconds_of(text) == 60 * minutes + seconds
    assert seconds_of(text.rstrip("0") if seconds else text) == 60 * minutes + seconds


@pytest.mark.parametrize("text", ["", "x", "1.75", "1.123", "1:20", "1.x"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not min\.sec|invalid literal"):
        seconds_of(text)


def test_padded_rows_are_read(tmp_path: Path) -> None:
    write_info(tmp_path, row("0.48", "1.33"), row("0.2", "1.05", "45"))
    assert read_segments(tmp_path) == {2: (48.0, 93.0), 45: (20.0, 65.0)}


def test_a_missing_file_says_what_it_is_for(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match=r"songs_info_2013\.csv is not below it.*copy DEAM's"):
        read_segments(tmp_path)


def test_a_segment_of_another_length_is_refused_with_its_line(tmp_path: Path) -> None:
    write_info(tmp_path, row("0.48", "1.33"), row("0.48", "1.40", "3"))
    with pytest.raises(LabelError, match=r"songs_info_2013\.csv:3: 52 s long, segments are 45 s"):
        read_segments(tmp_path)


@pytest.mark.parametrize("bad", ["x,,,,0.48,1.33", "2,a,b", row("0.75", "1.33"), row("?", "1.33")])
def test_a_damaged_row_is_refused_with_its_line(tmp_path: Path, bad: str) -> None:
    write_info(tmp_path, bad)
    with pytest.raises(LabelError, match=r"songs_info_2013\.csv:2: .*repair the file"):
        read_segments(tmp_path)


@pytest.mark.parametrize("header", ["", "song_id,title\n"])
def test_a_table_without_segments_is_refused(tmp_path: Path, header: str) -> None:
    write_info(tmp_path, header=header)
    with pytest.raises(LabelError, match="has no start and end of the segment"):
        read_segments(tmp_path)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    write_info(tmp_path).write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(LabelError, match="cannot be read"):
        read_segments(tmp_path)


@pytest.mark.real_data
def test_all_segments_of_deam_are_45_s_long(real_data: Path) -> None:
    segments = read_segments(real_data / "deam")
    assert len(segments) == 744
    assert {end - start for start, end in segments.values()} == {SEGMENT_S}
    assert segments[2] == (48.0, 93.0)
