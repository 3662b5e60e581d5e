"""Near-duplicates from files to groups: `label` joins them and lists contradicting labels."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile

from zoneclf.labels.duplicates import Duplicates
from zoneclf.labels.table import LabelledTable, load_unified
from zoneclf.pipeline import labelling
from zoneclf.pipeline.labelling import say_duplicates
from zoneclf.pipeline.workspace import Workspace
from zoneclf.tracks.track_table import load_tracks

Run = Callable[..., object]
RATE_HZ = 44_100


pytestmark = pytest.mark.slow


def tune(seed: int) -> np.ndarray:
    """Return 24 s of tones and noise that change every half second."""
    rng = np.random.default_rng(seed)
    time = np.arange(24 * RATE_HZ) / RATE_HZ
    beats = (time * 2).astype(int)
    hertz, hiss = rng.uniform(150, 1200, size=48)[beats], rng.uniform(0, 0.2, size=48)[beats]
    return np.sin(2 * np.pi * hertz * time) * 0.3 + hiss * rng.uniform(-1, 1, time.size)


@pytest.fixture(scope="module")
def labelled(zoneclf: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace: a track, another encoding of it that begins later, a softer copy; two others."""
    root = tmp_path_factory.mktemp("near") / "workspace"
    assert zoneclf(root.parent, "init", root.name).returncode == 0
    first, second = tune(0), tune(1)
    sounds = {
        "a.wav": first,
        "b.ogg": first[round(4.3 * RATE_HZ) :],
        "c.flac": first / 2,
        "d.wav": second,
        "e.wav": tune(2),
    }
    lines = ["path,zone,artist"]
    zones = ("GREEN", "PURPLE", "", "GREEN", "YELLOW")
    for (name, samples), zone in zip(sounds.items(), zones, strict=True):
        soundfile.write(root / "dataset" / name, samples, RATE_HZ)
        lines.append(f"{name},{zone},artist of {name}")
    (root / "dataset" / "user.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = zoneclf(root, "extract", "--source", "user", "--jobs", "1")
    assert done.returncode == 0, done.stderr
    return root


def test_label_tells_near_duplicates_and_warns_of_their_labels(
    labelled: Path, zoneclf: Run
) -> None:
    done = zoneclf(labelled, "label")
    assert done.returncode == 0, done.stderr
    assert "near-duplicates: 3 tracks, recordings among them: 1;" in done.stdout
    (warning,) = [line for line in done.stderr.splitlines() if "different zones" in line]
    assert "a.wav GREEN" in warning and "b.ogg PURPLE" in warning and "c.flac" not in warning
    table, note = load_unified(labelled / "dataset" / "unified.parquet")
    assert table.group.tolist() == [
        *["artist:artist of a.wav"] * 3,
        "artist:artist of d.wav",
        "artist:artist of e.wav",
    ]
    assert [[Path(path).name for path in paths] for paths in note.notes["near_duplicates"]] == [
        ["a.wav", "b.ogg", "c.flac"]
    ]
    assert (table.codes >= 0).sum() == 4  # nothing is dropped


def test_label_gives_them_as_json(labelled: Path, zoneclf: Run) -> None:
    told = json.loads(zoneclf(labelled, "label", "--json").stdout)
    assert [Path(path).name for path in told["near_duplicates"][0]] == ["a.wav", "b.ogg", "c.flac"]
    (found,) = told["contradictions"]
    assert [(Path(path).name, zone) for path, zone in found] == [
        ("a.wav", "GREEN"),
        ("b.ogg", "PURPLE"),
    ]


def test_a_table_without_frames_is_labelled_too(labelled: Path, zoneclf: Run) -> None:
    for path in (labelled / "dataset" / "frames" / "user").glob("part-*.parquet"):
        path.rename(path.with_suffix(".aside"))
    try:
        done = zoneclf(labelled, "label")
    finally:
        for path in (labelled / "dataset" / "frames" / "user").glob("part-*.aside"):
            path.rename(path.with_suffix(".parquet"))
    assert done.returncode == 0, done.stderr
    assert "near-duplicates: 5 tracks without frames, or too short" in done.stdout
    assert pq.read_metadata(labelled / "dataset" / "unified.parquet").num_rows == 5


def test_the_warning_names_a_few_paths_of_a_recording_and_every_zone(
    make_table: Callable[..., LabelledTable],
) -> None:
    table = make_table(30)
    found = Duplicates(table, (tuple(range(0, 30, 3)), (*range(3, 24, 3), 1, 2)), 0)
    said: list[str] = []
    say_duplicates(found, said.append, said.append)
    (warning,) = [line for line in said if "different zones" in line]  # the first agree
    assert warning.count("/music/") == 4
    assert all(f"track {number}.mp3" in warning for number in (3, 6, 1, 2))
    assert "GREEN" in warning and "PURPLE" in warning and "and 5 more" in warning


def test_frames_of_files_that_are_gone_are_no_track(
    labelled: Path, zoneclf: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[int] = []

    def counted(rows: np.ndarray, hop_s: float) -> None:
        heard.append(len(rows))

    monkeypatch.setattr(labelling, "fingerprint", counted)
    workspace = Workspace(labelled)
    table = load_tracks(workspace.tracks("user"))
    assert len(table.rows) == 5
    fewer = dataclasses.replace(table, rows=table.rows.iloc[:3])
    labelling._fingerprints(workspace, {"user": fewer})
    assert len(heard) == 3
