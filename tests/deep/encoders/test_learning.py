"""The whole way: sound, a tiny checkpoint, embeddings, a zone model, predictions."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from zoneclf.audio.sound_ids import sound_id
from zoneclf.cli import app
from zoneclf.deep.commands import app as deep
from zoneclf.store import Origin, TableNote, TableSpec, write_table
from zoneclf.tracks.track_table import ABOUT

ZONES = ("YELLOW", "GREEN", "PURPLE")
CONFIG = """
sources: {user: {labels: dataset/user.csv}}
train: {rounds: 30}
evaluation: {folds: 3}
"""


@pytest.fixture
def workspace(
    tmp_path: Path, write_wav: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Thirty-six tracks whose timbre is their zone, with a track table and labels."""
    monkeypatch.chdir(tmp_path)
    Path("config").mkdir()
    Path("config/default.yaml").write_text(CONFIG)
    shipped = Path(__file__).parents[3] / "config" / "zone_mapping.yaml"
    Path("config/zone_mapping.yaml").write_text(shipped.read_text())
    Path("music").mkdir()
    rng, rows, labels = np.random.default_rng(0), [], ["path,zone,artist"]
    time = np.arange(44_100) / 44_100
    for number in range(36):
        zone = number % 3
        tone = np.sin(2 * np.pi * 80 * 6**zone * (1 + 0.1 * rng.random()) * time)
        path = write_wav(
            tmp_path / "music" / f"{number}.wav", 0.3 * tone + 0.05 * rng.normal(size=time.size)
        )
        rows.append([sound_id(path), str(path), path.stem, "", "ok", "", 1.0, 1, 1])
        labels.append(f"../music/{path.name},{ZONES[zone]},artist {number // 2}")
    Path("dataset").mkdir()
    Path("dataset/user.csv").write_text("\n".join(labels))
    spec = TableSpec(
        level="tracks",
        descriptors="x/1",
        window_s=1.0,
        hop_s=0.5,
        rate_hz=44_100,
        features=("loud",),
    )
    columns = [pa.array(column) for column in zip(*rows, strict=True)]
    table = pa.table([*columns, pa.array([1.0] * 36, pa.float32())], names=[*ABOUT, "loud"])
    note = TableNote(spec=spec, origins=(Origin(extractor="frames", extractor_version=2),))
    write_table(table, note, Path("dataset/tracks/user.parquet"))
    return tmp_path


def zoneclf(*arguments: str, code: int = 0) -> tuple[str, str]:
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.stdout, done.stderr


@pytest.mark.slow
def test_from_sound_to_zones(workspace: Path, tiny_mert: Path) -> None:
    done = CliRunner().invoke(deep, ["embed", "--model", str(tiny_mert), "--pooling", "mean-std"])
    assert done.exit_code == 0, done.output
    trained = json.loads(
        zoneclf("train", "--features", "mert", "--strategy", "user-only", "--json")[0]
    )
    assert trained["licence"] == "non-commercial"
    assert trained["scores"]["accuracy"] > 0.6  # chance is a third: the states tell timbres apart
    card = json.loads(Path(trained["model"], "card.json").read_text())
    assert len(card["spec"]["features"]) == 64
    assert card["spec"]["descriptors"].startswith("mert/tiny-mert@sha256-")
    assert card["extractors"] == {"mert": 1}
    report = json.loads(zoneclf("analyze", "--holdout", "--json")[0])
    assert report["n"] > 3
    said = json.loads(zoneclf("predict", "music", "--json")[0])
    labels = Path("dataset/user.csv").read_text()
    right = [f"{Path(track['path']).name},{track['zone']}," in labels for track in said["tracks"]]
    assert np.mean(right) > 0.8
    _new_track_is_told_and_then_embedded(workspace, tiny_mert)
    _another_checkpoint_is_another_model(workspace, tiny_mert)


def _new_track_is_told_and_then_embedded(workspace: Path, tiny_mert: Path) -> None:
    new = workspace / "new.wav"
    sound = bytearray((workspace / "music" / "0.wav").read_bytes())
    sound[5000:5002] = b"\x10\x10"
    new.write_bytes(sound)
    out, told = zoneclf("predict", str(new), "--json", code=4)
    assert json.loads(out)["tracks"][0]["status"] == "not_described"
    assert told.count("\n") == 1
    assert "1 of 1 tracks have no neural features" in told
    command = told.partition("; run zoneclf deep ")[2].partition(" (FOLDER")[0]
    arguments = command.replace("FOLDER", str(tiny_mert)).replace("PATH...", str(new)).split()
    done = CliRunner().invoke(deep, arguments)
    assert done.exit_code == 0, done.output
    assert json.loads(zoneclf("predict", str(new), "--json")[0])["tracks"][0]["zone"] in ZONES


def _another_checkpoint_is_another_model(workspace: Path, tiny_mert: Path) -> None:
    """Embeddings made anew with another layer no longer fit the model."""
    asked = ["embed", "--model", str(tiny_mert), "--layer", "1", "--pooling", "mean-std", "--force"]
    assert CliRunner().invoke(deep, asked).exit_code == 0
    _, told = zoneclf("analyze", "--holdout", code=3)
    assert "was trained on other features (descriptors" in told
    assert "36 of 36" in zoneclf("predict", "music", code=4)[1]
