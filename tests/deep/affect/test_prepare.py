"""Rated music becomes a set: plain tables, tables with courses, stretches, even splits."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from zoneclf.cli import app
from zoneclf.deep.affect.affect_set import AffectSet, load_affect
from zoneclf.deep.affect.preparing import parts_of
from zoneclf.deep.readers.listing import SPLITS
from zoneclf.deep.sets.splitting import Shares, draw_splits
from zoneclf.deep.spectrograms import log_mel
from zoneclf.store import Origin, TableNote, TableSpec, write_table

Write = Callable[..., Path]
RATE_HZ = 22_050
CLIPS = 24


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["deep", "affect", "prepare", *map(str, arguments)])


def ramp(seconds: float) -> np.ndarray:
    """Sound whose level tells the time."""
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (0.9 * time / seconds * np.sin(2 * np.pi * 441 * time)).astype(np.float32)


def table(path: Path, rows: list[tuple[Any, ...]], header: str = "path,arousal,valence") -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerows([header.split(","), *rows])
    return path


@pytest.fixture
def music(
    tmp_path: Path,
    write_wav: Write,
    noise: Callable[..., np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """Clips of 1 s in the working folder."""
    monkeypatch.chdir(tmp_path)
    Path("music").mkdir()
    for number in range(CLIPS):
        write_wav(tmp_path / "music" / f"{number}.wav", 0.2 * noise(RATE_HZ, number), RATE_HZ)
    return tmp_path / "music"


def ratings(count: int = CLIPS) -> list[tuple[Any, ...]]:
    rng = np.random.default_rng(0)
    arousal, valence = rng.uniform(1, 9, (2, count)).round(2)
    return [
        (f"music/{number}.wav", arousal[number], valence[number], f"artist {number // 2}")
        for number in range(count)
    ]


def prepared(path: Path, *arguments: object) -> AffectSet:
    done = run(path, "--output", "set", "--jobs", 1, "--mels", 32, *arguments)
    assert done.exit_code == 0, done.stderr
    return load_affect(Path("set"))


def test_a_plain_table(music: Path) -> None:
    rows = ratings()
    path = table(music.parent / "rated.csv", rows, "path,Arousal,valence_mean,artist")
    found = prepared(path)
    assert found.targets.tolist() == [pytest.approx(row[1:3], abs=1e-6) for row in rows]
    assert {found.card["licence"], found.card["source"]} == {"", str(path)}
    pairs = set(zip(found.groups, found.splits, strict=True))
    assert len(pairs) == CLIPS / 2
    assert sum(found.places(split).size for split in SPLITS) == CLIPS
    assert found.spectrogram(3).shape == (44, 32)
    assert found.statistics["frames"] == 44 * found.places("train").size
    assert found.stretch(0) == (0, 0)
    assert found.course(0) is None
    assert np.isnan(found.errors).all()
    again = run(path, "--output", "set", "--jobs", 1, "--mels", 32, "--json")
    said = json.loads(again.stdout)
    assert said["splits"] == found.card["splits"]
    assert said["ratings"]["train"]["arousal_mean"] == pytest.approx(
        found.targets[found.places("train"), 0].mean()
    )


def test_ratings_on_other_scales(music: Path) -> None:
    rows = [(row[0], row[1] / 4 - 1.25, row[2] / 4 - 1.25, 0.1) for row in ratings()]
    path = table(music.parent / "rated.csv", rows, "path,arousal,valence,arousal_se")
    done = run(path)
    assert done.exit_code == 3
    assert "is not within 1 to 9; say what scale the ratings are on: --av-scale" in done.stderr
    found = prepared(path, "--av-scale=-1..1")
    assert found.targets.tolist() == [pytest.approx(row[1:3], abs=1e-6) for row in ratings()]
    assert found.errors[:, 0] == pytest.approx(0.4)


def test_odd_rows_and_files_are_told(music: Path) -> None:
    rows = [
        *[row[:3] for row in ratings()],
        ("music/3.wav", "", 4),
        ("music/3.wav", "3,5", 4),
        ("", 4, 4),
        ("music/gone.wav", 4, 4),
        ("copy.wav", 2, 2),
    ]
    (music.parent / "copy.wav").write_bytes((music / "5.wav").read_bytes())
    path = table(music.parent / "rated.csv", rows)
    done = run(path, "--output", "set", "--jobs", 1)
    assert done.exit_code == 4
    said = Path("set/problems.csv").read_text()
    assert "rated.csv:26,has no arousal; left out" in said
    assert """ "arousal '3,5' is no number, written with a point; left out\"""".strip() in said
    assert "rated.csv:28,has no path; left out" in said
    assert "gone.wav,missing" in said
    assert "5.wav; left out, the first one's ratings stay" in said
    assert "tracks that cannot be used: 1, problems: 5" in done.stdout
    assert load_affect(Path("set")).used.sum() == CLIPS


def test_only_what_was_rated_is_heard(tmp_path: Path, write_wav: Write) -> None:
    write_wav(tmp_path / "a.wav", ramp(10.0), RATE_HZ)
    write_wav(tmp_path / "b.wav", ramp(10.0)[: 9 * RATE_HZ], RATE_HZ)
    rows = [("a.wav", 5, 5, 2, 5), ("a.wav", 6, 6, 5, 8), ("b.wav", 7, 7, 0, 0)]
    path = table(tmp_path / "rated.csv", rows, "path,arousal,valence,start_s,end_s")
    done = run(path, "--output", tmp_path / "set", "--jobs", 1, "--max-seconds", 2)
    assert done.exit_code == 0, done.stderr
    found = load_affect(tmp_path / "set")
    assert found.stretches.tolist() == [[2.5, 4.5], [5.5, 7.5], [0.0, 0.0]]
    settings = found.spectrogram_settings
    for place, (start_s, end_s) in enumerate([(2.5, 4.5), (5.5, 7.5), (3.5, 5.5)]):
        heard = found.spectrogram(place)
        assert len(heard) == round(2 * RATE_HZ / settings.hop) + 1
        wave = ramp(10.0)[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)]
        assert np.abs(heard - log_mel(wave, settings))[:, 5:40].mean() < 1.0


def write_targets(path: Path, rows: list[dict[str, Any]]) -> None:
    names = ("arousal", "valence")
    spec = TableSpec(
        level="targets", descriptors="x", window_s=0, hop_s=0.5, rate_hz=0, features=names
    )
    origin = Origin(extractor="toy", extractor_version=1, licence="non-commercial")
    note = TableNote(spec=spec, origins=(origin,), notes={"label_repair": "repaired"})
    write_table(pa.Table.from_pylist(rows), note, path)


def target(path: Path, **changes: Any) -> dict[str, Any]:
    times = [2.0 + n / 2 for n in range(12)]  # 2.0 to 7.5 s
    return {
        "path": str(path),
        "artist": "x",
        "arousal": 4.0,
        "valence": 6.0,
        "arousal_se": 0.5,
        "valence_se": None,
        "start_s": 1.0,
        "end_s": 9.0,
        "course_time_s": times,
        "course_arousal": [1 + time / 2 for time in times],
        "course_valence": [6.0] * 12,
        **changes,
    }


def test_courses_are_cut_with_the_sound(tmp_path: Path, write_wav: Write) -> None:
    for name in "abcde":
        write_wav(tmp_path / f"{name}.wav", ramp(10.0) + 1e-4 * ord(name), RATE_HZ)
    rows = [target(tmp_path / f"{name}.wav") for name in "abcde"]
    rows[1] |= {"start_s": 0.0, "end_s": 0.0}  # the whole of 10 s
    rows[2] |= {"course_time_s": [], "course_arousal": [], "course_valence": []}
    rows[3] |= {"course_time_s": [7.5] * 12}
    write_targets(tmp_path / "targets.parquet", rows)
    arguments = ("--output", tmp_path / "set", "--jobs", 1, "--max-seconds", 4)
    done = run(tmp_path / "targets.parquet", *arguments)
    assert done.exit_code == 0, done.stderr
    assert "licence: non-commercial" in done.stdout
    found = load_affect(tmp_path / "set")
    assert found.card["notes"] == {"label_repair": "repaired"}
    assert found.stretches.tolist() == [[3, 7], [3, 7], [3, 7], [3, 7], [3, 7]]
    times, values = found.course(0) or (np.empty(0), np.empty(0))
    assert times.tolist() == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4]  # from 3 s on, the stretch's 2nd
    assert values[:, 0] == pytest.approx(1 + (times + 2) / 2)
    times, _ = found.course(1) or (np.empty(0), 0)
    assert times[[0, -1]].tolist() == [0, 4]
    assert found.course(2) is None
    assert found.course(3) is None  # nothing of it is in the excerpt
    assert np.isnan(found.errors[0, 1])
    assert set(found.groups) == {"artist:x"}


def test_targets_whose_sound_was_moved(tmp_path: Path, write_wav: Write) -> None:
    for number in range(4):
        (tmp_path / f"{number}").mkdir()
        write_wav(tmp_path / f"{number}" / f"{number}.wav", ramp(3.0 + number), RATE_HZ)
    rows = [target(Path(f"/gone/{n}.wav"), start_s=0.0, end_s=3.0) for n in range(5)]
    write_targets(tmp_path / "targets.parquet", rows)
    arguments = (tmp_path / "targets.parquet", "--output", tmp_path / "set", "--jobs", 1)
    done = run(*arguments, "--audio", tmp_path)
    assert done.exit_code == 0, done.stderr
    assert "/gone/4.wav: no file of this name below" in done.stderr
    assert len(load_affect(tmp_path / "set")) == 4


@pytest.mark.parametrize("size", [1, 3])
def test_splits_are_alike_in_both_ratings(size: int) -> None:
    apart = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        normal = rng.multivariate_normal([4.8, 4.9], [[1.7, 0.8], [0.8, 1.4]], 600)
        targets = np.clip(normal, 1, 9)
        groups = [f"{number // size}" for number in range(600)]
        splits = draw_splits(parts_of(targets), groups, Shares(), seed=seed)
        for split, share in zip(SPLITS, Shares().in_order, strict=True):
            own = targets[splits == split]
            assert len(own) == pytest.approx(600 * share, abs=12)
            apart.append(np.abs(own.mean(axis=0) - targets.mean(axis=0)).max())
            np.testing.assert_allclose(own.std(axis=0), targets.std(axis=0), atol=0.25)
            correlation = np.corrcoef(own.T)[0, 1]
            assert correlation == pytest.approx(np.corrcoef(targets.T)[0, 1], abs=0.2)
    assert np.mean(apart) < 0.08  # drawn by chance: 0.12 to 0.15


def test_equal_ratings_can_be_split() -> None:
    assert parts_of(np.full((40, 2), 5.0)).any(axis=1).all()
    assert parts_of(np.array([[1.0, 9.0]])).shape[0] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["rated.csv", "--av-scale", "1..5"], 2, "--av-scale: '1..5' must be one of 1..9"),
        (["rated.csv", "--audio", "nowhere"], 2, "--audio: nowhere is no folder"),
        (["rated.csv", "--splits", "given"], 2, "--splits given: the data set does not give"),
        (["gone.csv"], 3, "gone.csv: is no file"),
        (["gone.parquet"], 3, "gone.parquet: is no file; make one with `zoneclf targets`"),
        (["bare.csv"], 3, "no column valence in its first line"),
        (["rated.parquet"], 3, "rated.parquet: cannot be read as Parquet"),
    ],
)
def test_wrong_usage(music: Path, arguments: list[str], code: int, said: str) -> None:
    table(Path("rated.csv"), [row[:3] for row in ratings()])
    Path("rated.parquet").write_text("path,arousal")
    table(Path("bare.csv"), [("music/1.wav", 3)], "path,arousal")
    done = run(*arguments)
    assert done.exit_code == code, done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert said in done.stderr
