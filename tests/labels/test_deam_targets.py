"""DEAM's ratings with their sound: which file, which seconds of it, which course."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from zoneclf.cli import app
from zoneclf.errors import LabelError
from zoneclf.labels.deam import load_deam
from zoneclf.labels.deam_targets import DeamTargets, deam_targets
from zoneclf.store import read_table

STATIC = "song_id, valence_mean, valence_std, arousal_mean, arousal_std"
SEGMENTS = '"song_id","start of the segment (min.sec)","end of the segment (min.sec)"'
RATE_HZ = 4_000
EARLY, LATE = [*range(2, 14)], [*range(2001, 2011)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Annotations of 22 songs, those of the early ones swapped as DEAM's are."""
    rng = np.random.default_rng(0)
    songs = [*EARLY, *LATE]
    true = rng.uniform(1.5, 8.5, (len(songs), 2)).round(2)
    static = [STATIC]
    courses: dict[str, list[str]] = {}
    for name, column in (("arousal", 0), ("valence", 1)):
        times = [f"sample_{15000 + 500 * n}ms" for n in range(60)]
        courses[name] = [",".join(["song_id", *times])]
        for song, values in zip(songs, true, strict=True):
            curve = (values[column] - 5) / 4 + np.linspace(-0.1, 0.1, 60)
            courses[name].append(",".join([f"{song}", *(f"{value:.5f}" for value in curve)]))
    for song, (arousal, valence) in zip(songs, true, strict=True):
        first, second = (arousal, valence) if song in EARLY else (valence, arousal)
        static.append(f"{song},{first},{0.75 if song in LATE else 1.25},{second},1.0")
    (tmp_path / "static_annotations_averaged_songs_1_2000.csv").write_text("\n".join(static))
    for name, lines in courses.items():
        (tmp_path / f"{name}.csv").write_text("\n".join(lines))
    (tmp_path / "songs_info_2013.csv").write_text(
        "\n".join([SEGMENTS, *(f'{song},"0.1","0.55"' for song in EARLY if song != 9)])
    )
    (tmp_path / "metadata_2013.csv").write_text("song_id,artist\n2,Ann\n3,ann\n")
    np.savetxt(tmp_path / "true.txt", true)
    return tmp_path


@pytest.fixture
def sing(root: Path, write_wav: Callable[..., Path]) -> Callable[..., Path]:
    def write(song: int, seconds: float, folder: str = "audio") -> Path:
        (root / folder).mkdir(exist_ok=True)
        wave = 0.1 * np.sin(np.arange(round(seconds * RATE_HZ)))
        return write_wav(root / folder / f"{song}.wav", wave, RATE_HZ)

    return write


def targets(root: Path, policy: Any = "repaired") -> DeamTargets:
    return deam_targets(root, load_deam(root, policy))


def test_songs_that_are_there_with_ratings_that_are_repaired(
    root: Path, sing: Callable[..., Path]
) -> None:
    for song, seconds in ((2, 45.1), (3, 44.8), (5, 70.0), (2001, 70.0), (2002, 30.0)):
        sing(song, seconds)
    found = targets(root)
    table = found.table.to_pydict()
    true = np.loadtxt(root / "true.txt")
    places = [0, 1, 3, 12, 13]
    assert table["song"] == [2, 3, 5, 2001, 2002]
    np.testing.assert_allclose(table["arousal"], true[places, 0])
    np.testing.assert_allclose(table["valence"], true[places, 1])
    np.testing.assert_allclose(
        table["arousal_se"], np.array([1.25] * 3 + [1.0 * 2**0.5] * 2) / 10**0.5
    )
    stretches = list(zip(table["start_s"], table["end_s"], strict=True))
    assert stretches == [(0, 45), (0, 44.8), (10, 55), (0, 70), (0, 30)]
    assert table["group"] == ["artist:ann", "artist:ann", "deam:5", "deam:2001", "deam:2002"]
    assert found.note.licence == "non-commercial"
    assert found.note.notes["label_repair"] == "repaired"
    assert "ids 1-1000: valence and arousal swapped, repaired" in found.statements
    assert "full songs cut to the 45 s that were rated: 1" in found.statements
    assert "annotated, without sound: 17" in found.statements


def test_courses_end_with_the_stretch(root: Path, sing: Callable[..., Path]) -> None:
    sing(4, 45.0)
    sing(2002, 30.0)
    table = targets(root).table.to_pydict()
    assert table["course_time_s"][0] == [15 + n / 2 for n in range(60)]
    assert table["course_time_s"][1] == [15 + n / 2 for n in range(31)]
    curve = np.array(table["course_arousal"][0])
    np.testing.assert_allclose(curve.mean(), table["arousal"][0], atol=1e-3)
    np.testing.assert_allclose(np.ptp(curve), 0.8, atol=1e-3)
    assert len(table["course_valence"][1]) == 31


def test_as_shipped_and_dynamic_means(root: Path, sing: Callable[..., Path]) -> None:
    sing(4, 45.0)
    true = np.loadtxt(root / "true.txt")[2]
    shipped = targets(root, "as-shipped").table.to_pydict()
    assert (shipped["arousal"], shipped["valence"]) == ([true[1]], [true[0]])
    means = targets(root, "dynamic-mean")
    assert means.table["arousal"].to_pylist() == pytest.approx([true[0]], abs=1e-4)
    assert means.table["arousal_se"].to_pylist() == [None]
    assert means.note.spec.descriptors == "deam-annotations/dynamic-mean"


def test_of_a_song_that_is_there_twice_the_clip_is_taken(
    root: Path, sing: Callable[..., Path]
) -> None:
    sing(5, 70.0, "a_full")
    clip = sing(5, 45.0, "clips")
    found = targets(root)
    assert found.table["path"].to_pylist() == [str(clip)]
    assert "there more than once, the shortest file taken: 1" in found.statements


def test_what_cannot_be_used_is_told(root: Path, sing: Callable[..., Path]) -> None:
    for song in (4, 14):
        sing(song, 45.0)
    sing(9, 70.0)  # without a segment
    (root / "audio" / "6.wav").write_text("no sound")
    (root / "audio" / "cover.wav").write_text("no song")
    found = targets(root)
    assert found.table["song"].to_pylist() == [4]
    assert [Path(path).name for path, _ in found.failed] == ["6.wav", "9.wav"]
    assert "has no segment" in found.failed[1][1]
    assert "with sound, but not annotated: 1" in found.statements


def test_full_songs_need_their_segments(root: Path, sing: Callable[..., Path]) -> None:
    (root / "songs_info_2013.csv").unlink()
    sing(4, 45.0)
    assert len(targets(root).table) == 1
    sing(5, 70.0)
    with pytest.raises(LabelError, match=r"songs_info_2013\.csv is not below it"):
        targets(root)


def test_a_root_without_songs_is_refused(root: Path) -> None:
    with pytest.raises(LabelError, match="holds no sound of an annotated song"):
        targets(root)


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["targets", *map(str, arguments)])


def test_the_command(
    root: Path, sing: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sing(4, 45.0)
    (root / "audio" / "6.wav").write_text("no sound")
    done = run("--root", root, "--json")
    assert done.exit_code == 4
    said = json.loads(done.stdout)
    assert said["tracks"] == 1
    assert said["failed"][0]["path"].endswith("6.wav")
    table, note = read_table(Path("dataset/targets/deam.parquet"))
    assert table["song"].to_pylist() == [4]
    assert note.licence == "non-commercial"
    shipped = run("--root", root, "--deam-labels", "as-shipped", "--output", "other.parquet")
    assert "left as shipped" in shipped.stdout
    assert Path("other.parquet").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 3, "dataset/DEAM: DEAM is not there; set sources.deam.root or --root"),
        (["--source", "user"], 2, "--source user: is no source of the kind deam (there: deam)"),
        (["--root", "empty"], 3, "no static_annotations"),
    ],
)
def test_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, arguments: list[str], code: int, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    done = run(*arguments)
    assert done.exit_code == code
    assert said in done.stderr
    assert not Path("dataset").exists()


def test_real_songs_of_deam(real_data: Path) -> None:
    found = targets(real_data / "deam")
    table = found.table.to_pydict()
    stretches = dict(
        zip(table["song"], zip(table["start_s"], table["end_s"], strict=True), strict=True)
    )
    assert stretches[3] == (0, 45)
    assert stretches[658] == (154, 199)
    assert dict(zip(table["song"], table["arousal"], strict=True))[2] == 3.1
    assert all(len(course) == 60 for course in table["course_time_s"])
    assert not found.failed
