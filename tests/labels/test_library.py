"""The user's label file: every form users have it in, and everything wrong told with its line."""

from pathlib import Path

import pytest

from zoneclf.errors import LabelError
from zoneclf.labels.library import (
    LabelRow,
    contradictions,
    find_label_file,
    label_paths,
    read_label_file,
)

ZONES = ("YELLOW", "GREEN", "PURPLE")
REKORDBOX = (
    "BPM\tKey\tZone\tArtist\tTrack Title\tLocation\r\n"
    "124.00\tAm\tGREEN\tSable Transit\tCafé Lumière\tmusic/a.mp3\r\n"
    "90.50\tC\t\tOndine\tOver Water\t/elsewhere/b.mp3\r\n"
)


def write(tmp_path: Path, content: str | bytes, name: str = "user.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def zones_by_name(rows: list[LabelRow]) -> dict[str, str | None]:
    return {row.path.name: row.zone for row in rows}


@pytest.mark.parametrize(
    "content",
    [
        "path,zone\na.mp3,GREEN\nb.mp3,PURPLE\n",
        "Zone,PATH\nGREEN,a.mp3\nPURPLE,b.mp3\n",
        "file\tlabel\na.mp3\tGREEN\nb.mp3\tPURPLE\n",
        " Location ; LABEL \na.mp3;GREEN\nb.mp3;PURPLE\n",
        "bpm,Filename,artist,zone\n120,a.mp3,X,GREEN\n,b.mp3,,PURPLE\n",
        "path,zone\r\na.mp3,GREEN\r\n\r\nb.mp3,PURPLE\r\n",
        "path,zone\ra.mp3,GREEN\rb.mp3,PURPLE",
        "\n\npath,zone\na.mp3,GREEN\n , \nb.mp3,PURPLE",
    ],
)
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16"], ids=["UTF-8", "BOM", "UTF-16"]
)
def test_header_order_case_and_encoding_do_not_matter(
    tmp_path: Path, content: str, encoding: str
) -> None:
    rows = read_label_file(write(tmp_path, content.encode(encoding)), ZONES)
    assert zones_by_name(rows) == {"a.mp3": "GREEN", "b.mp3": "PURPLE"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_a_playlist_as_rekordbox_exports_it(tmp_path: Path, encoding: str) -> None:
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    path = write(tmp_path, mark + REKORDBOX.encode(encoding), "user.txt")
    first, second = read_label_file(path, ZONES)
    assert first == LabelRow(
        line=2,
        path=tmp_path / "music" / "a.mp3",
        zone="GREEN",
        artist="Sable Transit",
        title="Café Lumière",
        bpm="124.00",
        key="Am",
    )
    assert (second.path, second.zone) == (Path("/elsewhere/b.mp3"), None)


def test_blank_zones_are_tracks_without_a_label(tmp_path: Path) -> None:
    path = write(tmp_path, "path,zone\na.mp3,\nb.mp3,   \nc.mp3\nd.mp3,GREEN\n")
    zones = zones_by_name(read_label_file(path, ZONES))
    assert zones == {"a.mp3": None, "b.mp3": None, "c.mp3": None, "d.mp3": "GREEN"}


def test_quoted_commas_quotes_and_odd_names(tmp_path: Path) -> None:
    text = 'path,zone\n"Rain, Slowly.mp3",GREEN\n"say ""x"" [1] $(y).mp3",PURPLE\n'
    zones = zones_by_name(read_label_file(write(tmp_path, text), ZONES))
    assert zones == {"Rain, Slowly.mp3": "GREEN", 'say "x" [1] $(y).mp3': "PURPLE"}


def test_relative_paths_start_at_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "dataset"
    folder.mkdir()
    write(folder, "path,zone\nmusic/a.mp3,GREEN\n../b.mp3,GREEN\n/c.mp3,GREEN\n./d.mp3,GREEN\n")
    monkeypatch.chdir(tmp_path)
    found = label_paths(Path("dataset/user.csv"))
    assert found == [folder / "music/a.mp3", tmp_path / "b.mp3", Path("/c.mp3"), folder / "d.mp3"]


def test_unknown_zones_are_listed_with_lines_and_suggestions(tmp_path: Path) -> None:
    path = write(tmp_path, "path,zone\na.mp3,purple\nb.mp3,GREEN\nc.mp3,PURPLE \nd.mp3,BLUE\n")
    with pytest.raises(LabelError) as caught:
        read_label_file(path, ZONES)
    message = str(caught.value)
    assert message.startswith(f"{path}: unknown zones (known: YELLOW, GREEN, PURPLE): ")
    assert "line 2 'purple', did you mean PURPLE?" in message
    assert "line 4 'PURPLE ', did you mean PURPLE?" in message
    assert "line 5 'BLUE'" in message
    assert "b.mp3" not in message


def test_a_long_list_of_unknown_zones_is_cut(tmp_path: Path) -> None:
    path = write(tmp_path, "path,zone\n" + "a.mp3,X\n" * 25)
    with pytest.raises(LabelError, match=r"line 11 'X'; and 15 more$"):
        read_label_file(path, ZONES)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "is empty; it needs a header"),
        ("\n \n", "is empty; it needs a header"),
        ("path,mood\na.mp3,GREEN\n", r"no column zone or label in its header \(path, mood\)"),
        ("song,zone\na.mp3,GREEN\n", "no column path or file or location"),
        ("a.mp3,GREEN\n", "no column path"),
        ("path,zone\n,GREEN\n", r"user\.csv:2: has no path; add it or delete the line"),
        ("path,zone\nCafé,GREEN\n".encode("latin-1"), "neither UTF-8 nor UTF-16 text"),
        ("path,zone\na.mp3,GREEN\n".encode("utf-16")[:-1], "neither UTF-8 nor UTF-16 text"),
        ('path,zone\n"a.mp3,GREEN\n' + "b.mp3,GREEN\n" * 20_000, "is a quote left open"),
    ],
)
def test_files_that_cannot_be_taken_are_refused(
    tmp_path: Path, content: str | bytes, complaint: str
) -> None:
    path = write(tmp_path, content)
    with pytest.raises(LabelError, match=complaint):
        read_label_file(path, ZONES)


def test_contradictions_are_the_tracks_with_two_zones(tmp_path: Path) -> None:
    lines = ["a.mp3,GREEN", "b.mp3,GREEN", "./a.mp3,PURPLE", "b.mp3,GREEN", "c.mp3,", "c.mp3,GREEN"]
    rows = read_label_file(write(tmp_path, "\n".join(["path,zone", *lines])), ZONES)
    (same,) = contradictions(rows).values()
    assert [(row.line, row.path.name, row.zone) for row in same] == [
        (2, "a.mp3", "GREEN"),
        (4, "a.mp3", "PURPLE"),
    ]


def test_another_suffix_is_found_and_two_are_refused(tmp_path: Path) -> None:
    configured = tmp_path / "user.csv"
    assert find_label_file(configured) is None
    exported = write(tmp_path, REKORDBOX.encode("utf-16"), "user.txt")
    assert find_label_file(configured) == exported
    write(tmp_path, "path\tzone\n", "user.tsv")
    with pytest.raises(LabelError, match=r"user\.tsv and user\.txt; keep one, or name it"):
        find_label_file(configured)
    write(tmp_path, "path,zone\n")
    assert find_label_file(configured) == configured
