"""`zoneclf deep genre prepare` and `synthesise` as a user calls them."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from zoneclf.console import console
from zoneclf.deep.commands import app
from zoneclf.deep.genre.prepared import load_prepared


@pytest.fixture(autouse=True)
def loud() -> None:
    console.quiet = False


@pytest.fixture
def workspace(clips_table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in with twelve clips of the small set, two of them hurt."""
    lines = clips_table.read_text().splitlines()
    for line in lines[1:13]:
        source = clips_table.parent / line.split(",")[0]
        target = tmp_path / "music" / line.split(",")[0]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    target.write_bytes(b"no sound")
    table = tmp_path / "music" / "clips.csv"
    table.write_text("\n".join([*lines[:13], "gone.wav,techno"]) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["genre", *arguments])


def prepare(*arguments: str) -> Result:
    return call("prepare", "music/clips.csv", "--mels", "16", "--jobs", "1", *arguments)


def test_what_failed_is_told_and_the_rest_is_done(workspace: Path) -> None:
    done = prepare("--name", "mine")
    assert done.exit_code == 4
    assert "before the filter:" in done.stdout
    assert "imbalance" in done.stdout
    assert "tracks that cannot be used: 2, problems: 2" in done.stdout
    assert "set: dataset/genre/mine" in done.stdout
    assert "warning: " not in done.stdout
    assert "undecodable" in done.stderr
    assert len(load_prepared(workspace / "dataset/genre/mine")) == 13


def test_one_json_object(workspace: Path) -> None:
    done = prepare("--json", "--min-samples-per-genre", "2", "--output", "elsewhere")
    said = json.loads(done.stdout)
    assert said["schema_version"] == 1
    assert said["folder"] == "elsewhere"
    assert said["filter"]["after"]["genres"] < said["filter"]["before"]["genres"]
    assert said["filter"]["before"]["imbalance"] >= said["filter"]["after"]["imbalance"]
    assert sum(said["splits"].values()) == 13
    assert len(said["failed"]) == 2


def test_settings_reach_the_spectrograms(workspace: Path) -> None:
    prepare("--spectrogram", "hop=256", "--spectrogram", "reference=1.0", "--max-seconds", "1")
    settings = load_prepared(workspace / "dataset/genre/clips").spectrogram_settings
    assert (settings.hop, settings.reference, settings.mels) == (256, 1.0, 16)
    assert settings.excerpt_s == 1.0
    again = prepare("--spectrogram", "hop=128")
    assert again.exit_code == 3
    assert again.stderr.count("\n") == 1
    assert "other spectrogram settings" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--spectrogram", "hops=3"], "must be one of rate_hz, n_fft, hop"),
        (["--spectrogram", "mels=64"], "--mels"),
        (["--spectrogram", "hop=many"], "'many' is no whole number"),
        (["--spectrogram", "hop"], "'' is no whole number"),
        (["--spectrogram", "hop=256", "--spectrogram", "hop=128"], "twice"),
        (["--spectrogram", "hop=5000"], "hop is 5000"),
        (["--shares", "50/50"], "--shares"),
        (["--splits", "random"], "drawn, given"),
        (["--splits", "given"], "use --splits drawn"),
        (["--group", "label"], "artist, album, none"),
        (["--reader", "spotify"], "auto, fma"),
        (["--genre-level", "sub"], "top, own, all"),
        (["--name", "../up"], "name of a folder"),
        (["--min-samples-per-genre", "99"], "no genre has 99 tracks"),
        (["--max-seconds", "0.1"], "excerpt_s is 0.1"),
    ],
)
def test_wrong_usage_is_one_line(workspace: Path, arguments: list[str], said: str) -> None:
    done = prepare(*arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert said in errors[0]


def test_wrong_data_is_told(workspace: Path) -> None:
    done = call("prepare", "nothing.csv")
    assert (done.exit_code, done.stderr.count("\n")) == (3, 1)
    assert "is not there" in done.stderr
    np.save(workspace / "music" / "x.npy", np.zeros((16, 30)))
    with (workspace / "music" / "clips.csv").open("a") as stream:
        stream.write("x.npy,techno\n")
    mixed = prepare()
    assert mixed.exit_code == 3
    assert "never mix the two" in mixed.stderr


def test_arrays_need_no_settings(workspace: Path) -> None:
    folder = workspace / "arrays"
    folder.mkdir()
    rng = np.random.default_rng(0)
    np.save(folder / "X.npy", rng.normal(size=(12, 24, 40)).astype(np.float32))
    np.save(folder / "labels.npy", np.array(["a", "b", "a|b"] * 4))
    done = call("prepare", "arrays")
    assert done.exit_code == 0
    found = load_prepared(workspace / "dataset/genre/arrays")
    assert found.spectrogram_settings.mels == 24
    assert found.spectrogram(0).shape == (40, 24)


def test_names_of_tracks_do_not_reach_the_terminal_raw(workspace: Path) -> None:
    with (workspace / "music" / "clips.csv").open("a") as stream:
        stream.write("\x1b[2Jgone.wav,techno\n")
    done = prepare()
    assert "\x1b" not in done.stderr + done.stdout
    assert r"\x1b[2Jgone.wav" in done.stderr


def test_synthesise_then_prepare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = ["--clips", "24", "--genres", "4", "--imbalance", "3", "--seconds", "0.6"]
    made = call("synthesise", "clips", *options)
    assert made.exit_code == 0
    assert made.stdout.strip() == os.path.join("clips", "clips.csv")  # noqa: PTH118
    again = call("synthesise", "clips", *options)
    assert again.exit_code == 2
    assert "is there already" in again.stderr
    done = call("prepare", "clips/clips.csv", "--mels", "16", "--jobs", "1")
    assert done.exit_code == 0
    assert "4 genres, 24 tracks, imbalance 3.0x" in done.stdout
    assert call("synthesise", "other", "--genres", "40").exit_code == 2
    assert not (tmp_path / "other").exists()
