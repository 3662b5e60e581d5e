"""Answers before anything is labelled: the model that comes with zoneclf, on the command line."""

import csv
import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import numpy as np
import pytest

Done = CompletedProcess[str]
Run = Callable[..., Done]
Make = Callable[..., Any]
SENTENCE = "not fitted to your music, and is for non-commercial use only"
ZONES = ["YELLOW", "GREEN", "PURPLE"]
CUSTOM = """\
preset: mine
zones:
  - {name: CALM, meaning: rest, colour: "#D9A400", marker: "o"}
  - {name: LOUD, meaning: energy, colour: "#7B3FA0", marker: "^"}
presets:
  mine:
    rules:
      - {zone: CALM, arousal: "< 5.0"}
    otherwise: LOUD
"""


@pytest.fixture(scope="module")
def sounds(
    tmp_path_factory: pytest.TempPathFactory,
    sound: Callable[..., Any],
    write_wav: Callable[..., Path],
) -> Path:
    """A folder that is no workspace, with a calm and a loud file and one that is no sound."""
    folder = tmp_path_factory.mktemp("sounds")
    for zone in ("YELLOW", "PURPLE"):
        write_wav(folder / f"{zone.lower()}.wav", sound(zone, 1))
    (folder / "broken.wav").write_bytes(b"no sound")
    return folder


@pytest.mark.slow
def test_predict_answers_where_nothing_was_ever_labelled(sounds: Path, zoneclf: Run) -> None:
    before = set(sounds.iterdir())
    done = zoneclf(sounds, "predict", ".", "--json")
    assert done.returncode == 4
    (told,) = done.stderr.splitlines()[:1]
    assert told.startswith("warning: the starter answers because there is no model of your own")
    assert told.endswith(SENTENCE)
    found = json.loads(done.stdout)
    assert (found["model"], found["zones"]) == ("starter", ZONES)
    assert found["licence"] == "non-commercial"
    tracks = {Path(track["path"]).name: track for track in found["tracks"]}
    calm, loud, broken = (tracks[f"{name}.wav"] for name in ("yellow", "purple", "broken"))
    assert 1 <= calm["arousal"] < loud["arousal"] <= 9
    assert all(1 <= track["valence"] <= 9 for track in (calm, loud))
    assert sum(loud["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert broken["zone"] is broken["arousal"] is broken["valence"] is None
    assert set(sounds.iterdir()) == before


@pytest.mark.slow
def test_a_rule_of_ones_own_gets_answers_too(sounds: Path, zoneclf: Run, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "zone_mapping.yaml").write_text(CUSTOM, encoding="utf-8")
    done = zoneclf(tmp_path, "predict", sounds, "--csv")
    assert done.returncode == 4
    assert SENTENCE in done.stderr
    assert "put into the zones of your rule: CALM, LOUD" in done.stderr
    rows = {Path(row["path"]).name: row for row in csv.DictReader(io.StringIO(done.stdout))}
    for name in ("yellow.wav", "purple.wav"):
        row = rows[name]
        assert (row["zone"] == "LOUD") == (float(row["arousal"]) > 5)
        assert float(row["p_CALM"]) + float(row["p_LOUD"]) == pytest.approx(1, abs=1e-3)
        assert row["set"] == ""  # measured for the starter's own zones alone
    assert rows["broken.wav"]["arousal"] == ""


@pytest.mark.slow
def test_it_is_asked_by_name_where_there_is_a_model(tour: Any, zoneclf: Run) -> None:
    done = zoneclf(tour.root, "predict", "dataset/music", "--model", "starter")
    assert done.returncode == 0, done.stderr
    assert re.search(rf"warning: the starter answers: .*{SENTENCE}", done.stderr)
    header, *lines = done.stdout.splitlines()
    assert header.split() == ["zone", "sure", *ZONES, "arousal", "valence", "set", "track"]
    assert len(lines) == 24
    refused = zoneclf(tour.root, "train", "--name", "starter")
    assert refused.returncode == 2
    assert "--name starter: is the model that comes with zoneclf; choose another" in refused.stderr


@pytest.mark.slow
def test_training_starts_from_it(tour: Any, zoneclf: Run, tmp_path: Path) -> None:
    root = shutil.copytree(tour.root, tmp_path / "workspace")
    for place in ("tracks", "frames", "labels"):
        found = root / "dataset" / place / "deam"
        shutil.rmtree(found, ignore_errors=True)
        found.with_suffix(".parquet").unlink(missing_ok=True)
    zoneclf(root, "extract", "--source", "user")
    none = zoneclf(root, "train", "--strategy", "affect")
    assert none.returncode == 3
    assert "extract DEAM, or use --from-starter or" in none.stderr
    done = zoneclf(root, "train", "--from-starter", "--name", "mine")
    assert done.returncode == 0, done.stderr
    card = json.loads((root / "models" / "mine" / "card.json").read_text(encoding="utf-8"))
    assert set(card["sources"]) == {"user", "starter"}
    assert (card["strategy"], card["licence"]) == ("affect", "non-commercial")
    assert card["settings"]["from_starter"] is True
    assert card["scores"]["n"] == sum(card["sources"]["user"].values())
    told = json.loads(zoneclf(root, "predict", "dataset/music", "--json").stdout)
    assert told["model"] == "mine"
    assert np.isfinite([track["arousal"] for track in told["tracks"]]).all()
    judged = zoneclf(root, "analyze", "--holdout")
    assert judged.returncode == 0, judged.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--strategy", "weighted"), "goes with the strategies affect and auto, not weighted"),
        (("--normalise", "source"), "reads features as they were extracted"),
        (("--features", "common22"), "model starter: was trained on other features"),
    ],
)
def test_what_does_not_go_with_it_is_refused(
    tour: Any, zoneclf: Run, options: tuple[str, ...], message: str
) -> None:
    before = set((tour.root / "models").iterdir())
    done = zoneclf(tour.root, "train", "--from-starter", *options)
    assert done.returncode == 3
    assert message in done.stderr
    assert set((tour.root / "models").iterdir()) == before
