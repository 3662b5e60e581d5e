"""The plain table: headers, labels, odd rows, duplicates."""

from pathlib import Path

import pytest

from zoneclf.deep.readers.plain import read_plain
from zoneclf.errors import LabelError


def table(folder: Path, *lines: str) -> Path:
    path = folder / "clips.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_header_in_any_order(tmp_path: Path) -> None:
    path = table(
        tmp_path, "Genre,mood,ARTIST,File,split,album", " rock | pop ,x,Ann,a.wav,Training,Sea"
    )
    (track,) = read_plain(path).tracks
    assert track.path == tmp_path / "a.wav"
    assert track.genres == ("rock", "pop")
    assert (track.artist, track.album, track.split) == ("Ann", "Sea", "train")


def test_no_header(tmp_path: Path) -> None:
    found = read_plain(table(tmp_path, "a.wav,rock|pop", "../b.wav,jazz"))
    assert [track.genres for track in found.tracks] == [("rock", "pop"), ("jazz",)]
    assert found.tracks[1].path == tmp_path.parent / "b.wav"
    assert not found.problems


def test_the_sound_may_lie_elsewhere(tmp_path: Path) -> None:
    found = read_plain(table(tmp_path, "path,label", "a.wav,rock"), tmp_path / "music")
    assert found.tracks[0].path == tmp_path / "music" / "a.wav"


def test_odd_rows_are_told_with_their_lines(tmp_path: Path) -> None:
    path = table(
        tmp_path, "path,label,split", "a.wav,rock,", ",rock,", "b.wav,,", "c.wav,|,", "d.wav,pop,x"
    )
    found = read_plain(path)
    assert [track.path.name for track in found.tracks] == ["a.wav", "d.wav"]
    assert found.tracks[1].split == ""
    said = {problem.where.rpartition(":")[2]: problem.what for problem in found.problems}
    assert said.keys() == {"3", "4", "5", "6"}
    assert "no path" in said["3"]
    assert "no label" in said["4"]
    assert "unknown" in said["6"]


def test_a_track_listed_twice_has_the_genres_of_both_lines(tmp_path: Path) -> None:
    found = read_plain(table(tmp_path, "path,label", "a.wav,rock", "./x/../a.wav,pop|rock"))
    (track,) = found.tracks
    assert track.genres == ("rock", "pop")
    assert "more than once" in found.problems[0].what


def test_one_genre_spelled_in_two_ways_is_one(tmp_path: Path) -> None:
    found = read_plain(table(tmp_path, "a,Hip Hop", "b,hip  hop|HIP HOP", "c,hip hop"))
    assert {genre for track in found.tracks for genre in track.genres} == {"hip hop"}
    assert found.tracks[1].genres == ("hip hop",)
    assert "taken for one" in found.problems[0].what


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([""], "is empty"),
        (["path,zone", "a.wav,GREEN"], "no column label"),
        (["label,artist", "rock,Ann"], "no column path"),
        (["just one column"], "no column label"),
    ],
)
def test_tables_without_what_is_needed_are_refused(
    tmp_path: Path, lines: list[str], said: str
) -> None:
    with pytest.raises(LabelError, match=said):
        read_plain(table(tmp_path, *lines))
