"""MTG-Jamendo's tables in miniature."""

from pathlib import Path

import pytest

from zoneclf.deep.readers.jamendo import is_table, read_jamendo
from zoneclf.errors import LabelError, UsageError

HEADER = "TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS"
ROWS = [
    "track_0000948\tartist_000087\talbum_000149\t48/948.mp3\t212.7\tgenre---rock\tmood/theme---calm",
    "track_0000950\tartist_000087\talbum_000149\t50/950.mp3\t248.0\tgenre---pop\tgenre---rock",
    "track_0000951\tartist_000088\talbum_000150\t51/951.mp3\t199.7\tinstrument---piano",
]


def table(folder: Path, *rows: str, name: str = "autotagging.tsv") -> Path:
    path = folder / name
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return path


def test_genres_by_default(tmp_path: Path) -> None:
    found = read_jamendo(table(tmp_path, *ROWS))
    assert [track.genres for track in found.tracks] == [("rock",), ("pop", "rock")]
    first = found.tracks[0]
    assert first.path == tmp_path / "48" / "948.mp3"
    assert (first.artist, first.album) == ("artist_000087", "album_000149")
    assert not found.problems


def test_another_category_and_all(tmp_path: Path) -> None:
    path = table(tmp_path, *ROWS)
    assert [track.genres for track in read_jamendo(path, category="mood/theme").tracks] == [
        ("calm",)
    ]
    every = read_jamendo(path, category="all").tracks
    assert every[0].genres == ("genre---rock", "mood/theme---calm")
    assert len(every) == 3


def test_the_only_category_of_a_subset_is_taken(tmp_path: Path) -> None:
    row = ROWS[0].replace("genre---rock\t", "")
    found = read_jamendo(table(tmp_path, row, name="autotagging_moodtheme.tsv"))
    assert found.tracks[0].genres == ("calm",)


def test_the_folder_of_a_split(tmp_path: Path) -> None:
    for split, row in zip(("train", "validation", "test"), ROWS, strict=True):
        table(tmp_path, row, name=f"autotagging_genre-{split}.tsv")
    found = read_jamendo(tmp_path, category="all")
    assert {track.split for track in found.tracks} == {"train", "valid", "test"}
    table(tmp_path, ROWS[0], name="autotagging_moodtheme-train.tsv")
    with pytest.raises(LabelError, match="of one subset"):
        read_jamendo(tmp_path)


def test_variants_of_the_sound(tmp_path: Path) -> None:
    audio = tmp_path / "audio"
    for number, suffix in (("948", ".low.mp3"), ("950", ".npy")):
        (audio / number[-2:]).mkdir(parents=True)
        (audio / number[-2:] / f"{number}{suffix}").touch()
    found = read_jamendo(table(tmp_path, *ROWS))
    assert [track.path.name for track in found.tracks] == ["948.low.mp3", "950.npy"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (ROWS[0].replace("48/948.mp3", "../../etc/passwd.mp3"), "leads elsewhere"),
        (ROWS[0].replace("48/948.mp3", "/etc/passwd.mp3"), "leads elsewhere"),
        (ROWS[0].replace("48/948.mp3", ""), "leads elsewhere"),
        ("track_1\tartist_1", "no track"),
        (ROWS[0].replace("mood/theme---calm", "calm"), "has no category"),
    ],
)
def test_odd_rows_are_told(tmp_path: Path, row: str, said: str) -> None:
    found = read_jamendo(table(tmp_path, *ROWS[1:], row))
    assert any(said in problem.what for problem in found.problems)
    assert all(tmp_path in track.path.parents for track in found.tracks)


def test_wrong_tables_and_categories_are_refused(tmp_path: Path) -> None:
    path = table(tmp_path, *ROWS)
    with pytest.raises(UsageError, match="there are genre, mood/theme, instrument"):
        read_jamendo(path, category="tempo")
    plain = tmp_path / "plain.tsv"
    plain.write_text("path\tlabel\na\trock\n")
    assert is_table(path)
    assert not is_table(plain)
    with pytest.raises(LabelError, match="TRACK_ID"):
        read_jamendo(plain)
    with pytest.raises(UsageError, match="there are none"):
        read_jamendo(table(tmp_path))
