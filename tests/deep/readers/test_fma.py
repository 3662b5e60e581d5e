"""FMA's layout in miniature: three header rows, hierarchy of genres, folders of thousands."""

import csv
from pathlib import Path

import pytest

from zoneclf.deep.readers.fma import read_fma
from zoneclf.errors import LabelError

GENRES = """genre_id,#tracks,parent,title,top_level
1,8693,38,Avant-Garde,38
21,13000,0,Hip-Hop,21
38,38154,0,Experimental,38
41,979,38,Electroacoustic,38
42,300,41,"Tape, Music",38
100,1,999,Orphan,999
"""
HEADER = [
    ["", "album", "album", "artist", "artist", "set", "set", "track", "track", "track"],
    ["", "id", "title", "id", "bio", "split", "subset", "genre_top", "genres", "genres_all"],
    ["track_id", "", "", "", "", "", "", "", "", ""],
]
BIO = 'Says "hello, world"\nand goes on, ' + "x" * 140_000
TRACKS = [
    ["2", "1", "AWOL", "7", BIO, "training", "small", "Hip-Hop", "[21]", "[21]"],
    ["3", "1", "AWOL", "7", BIO, "training", "medium", "Hip-Hop", "[21]", "[21]"],
    ["155320", "9", "", "8", "", "validation", "large", "", "[42, 21]", "[42, 41, 38, 21]"],
    ["140449", "9", "", "8", "", "test", "small", "Experimental", "[1, 41]", "[1, 38, 41]"],
]


def fma(folder: Path, *more: list[str], genres: str = GENRES) -> Path:
    tables = folder / "fma_metadata"
    tables.mkdir()
    (tables / "genres.csv").write_text(genres)
    with (tables / "tracks.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([*HEADER, *TRACKS, *more])
    (folder / "fma_large").mkdir()
    return folder


def test_top_levels(tmp_path: Path) -> None:
    found = read_fma(fma(tmp_path))
    sound = tmp_path / "fma_large"
    assert not found.problems
    assert [(track.path.relative_to(sound).as_posix(), track.genres) for track in found.tracks] == [
        ("000/000002.mp3", ("Hip-Hop",)),
        ("000/000003.mp3", ("Hip-Hop",)),
        ("155/155320.mp3", ("Experimental", "Hip-Hop")),
        ("140/140449.mp3", ("Experimental",)),
    ]
    assert [track.split for track in found.tracks] == ["train", "train", "valid", "test"]
    assert (found.tracks[0].artist, found.tracks[0].album) == ("7", "1")


def test_own_genres_and_all_with_their_parents(tmp_path: Path) -> None:
    fma(tmp_path)
    own = read_fma(tmp_path, level="own").tracks
    assert own[2].genres == ("Tape, Music", "Hip-Hop")
    every = read_fma(tmp_path, level="all").tracks
    assert every[2].genres == ("Tape, Music", "Electroacoustic", "Experimental", "Hip-Hop")
    assert set(every[3].genres) == {"Avant-Garde", "Experimental", "Electroacoustic"}


def test_subsets_hold_smaller_ones(tmp_path: Path) -> None:
    fma(tmp_path)
    counts = {name: len(read_fma(tmp_path, subset=name).tracks) for name in ("small", "medium")}
    assert counts == {"small": 2, "medium": 3}
    (tmp_path / "fma_large").rename(tmp_path / "fma_small")
    assert len(read_fma(tmp_path).tracks) == 2  # as the folder of the sound is called


def test_the_folder_of_tables_itself_and_sound_elsewhere(tmp_path: Path) -> None:
    fma(tmp_path)
    assert len(read_fma(tmp_path / "fma_metadata").tracks) == 4
    (tmp_path / "mp3").mkdir()
    found = read_fma(tmp_path, audio=tmp_path / "mp3")
    assert found.tracks[0].path == tmp_path / "mp3" / "000" / "000002.mp3"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({0: "../../etc/passwd"}, "is no track id"),
        ({0: "-5"}, "is no track id"),
        ({8: "[]"}, "has no genre"),
        ({8: "__import__('os')"}, "are no list"),
        ({8: "[" * 5000}, "are no list"),
        ({8: "[777]"}, "genre 777 is not in genres.csv"),
    ],
)
def test_odd_rows_are_told_and_left_out(tmp_path: Path, change: dict[int, str], said: str) -> None:
    row = ["5", *TRACKS[0][1:]]
    row[4] = ""
    for place, cell in change.items():
        row[place] = cell
    found = read_fma(fma(tmp_path, row))
    assert len(found.tracks) == 4
    assert any(said in problem.what for problem in found.problems)


def test_a_row_that_is_cut_off_is_told(tmp_path: Path) -> None:
    found = read_fma(fma(tmp_path, ["9", "1"]))
    assert len(found.tracks) == 4
    assert "too few" in found.problems[0].what


def test_parents_that_are_missing_or_turn_in_a_circle_end(tmp_path: Path) -> None:
    circle = GENRES + "200,1,201,Egg,0\n201,1,200,Hen,0\n"
    rows = [[number, *TRACKS[0][1:]] for number in ("11", "12")]
    rows[0][8], rows[1][8] = "[100]", "[200]"
    found = read_fma(fma(tmp_path, *rows, genres=circle))
    assert [track.genres for track in found.tracks[4:]] == [("Orphan",), ("Hen",)]


def test_what_is_not_fma_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match=r"tracks\.csv"):
        read_fma(tmp_path)
    fma(tmp_path, genres="id,name\n1,Rock\n")
    with pytest.raises(LabelError, match=r"genres\.csv: is no table of FMA's genres"):
        read_fma(tmp_path)
    (tmp_path / "fma_metadata" / "genres.csv").write_text(GENRES)
    (tmp_path / "fma_metadata" / "tracks.csv").write_text("track_id,genres\n2,[21]\n")
    with pytest.raises(LabelError, match="name no column track/genres"):
        read_fma(tmp_path)
    (tmp_path / "fma_large").rmdir()
    with pytest.raises(LabelError, match="--audio"):
        read_fma(tmp_path)
