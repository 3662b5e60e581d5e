"""`train --timeline` and `timeline` through the real entry point."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

Run = Callable[..., subprocess.CompletedProcess[str]]
Write = Callable[..., Path]
ZONES = ["YELLOW", "GREEN", "PURPLE"]


@pytest.fixture(scope="module")
def trained(
    zoneclf: Run,
    tour: Any,
    tmp_path_factory: pytest.TempPathFactory,
    write_wav: Write,
    sound: Callable[..., np.ndarray],
) -> Path:
    """The toured workspace with a timeline model, and a mix that goes from rest to energy."""
    root = tmp_path_factory.mktemp("timeline") / "workspace"
    shutil.copytree(tour.root, root)
    done = zoneclf(root, "train", "--timeline", "--context", 3, "--strategy", "user-only")
    assert done.returncode == 0, done.stderr
    assert "models/timeline-1" in done.stdout
    mix = np.concatenate([sound("YELLOW", 900, 10.0), sound("PURPLE", 901, 10.0)])
    write_wav(root / "mix.wav", mix)
    return root


@pytest.mark.slow
def test_zones_follow_a_mix_from_rest_to_energy(zoneclf: Run, trained: Path) -> None:
    done = zoneclf(trained, "timeline", "mix.wav", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["model"], said["zones"], said["context_s"]) == ("timeline-1", ZONES, 3.0)
    (track,) = said["tracks"]
    points = pd.DataFrame(track["points"])
    np.testing.assert_allclose(np.diff(points["start_s"]), 0.5)
    np.testing.assert_allclose(points[[f"p_{zone}" for zone in ZONES]].sum(axis=1), 1, atol=2e-4)
    assert set(points["zone"][points["start_s"] <= 6]) == {"YELLOW"}
    assert set(points["zone"][points["start_s"] >= 11]) == {"PURPLE"}
    pd.testing.assert_frame_equal(pd.read_csv(trained / track["table"]), points)
    assert imread(trained / track["picture"]).shape[0] > 300
    assert Path(track["picture"]) == Path("results/timeline/mix.png")


@pytest.mark.slow
def test_what_fails_is_named_and_the_rest_is_done(zoneclf: Run, trained: Path) -> None:
    (trained / "=broken.mp3").write_bytes(b"no sound")
    done = zoneclf(trained, "timeline", "mix.wav", "=broken.mp3", "-o", "shown")
    assert done.returncode == 4
    name, shares, _, picture, table, broken = done.stdout.splitlines()
    assert name == "mix.wav"
    assert shares.startswith("  0:20.0 long: YELLOW ")
    assert (picture, table) == ("  picture: shown/mix.png", "  table: shown/mix.csv")
    assert broken.startswith("=broken.mp3  (undecodable: ")


@pytest.mark.slow
def test_a_timeline_model_is_for_nothing_else(zoneclf: Run, trained: Path) -> None:
    card = (trained / "models" / "timeline-1" / "MODEL_CARD.md").read_text()
    assert "contexts of 3 s, not for whole tracks" in card
    scores = json.loads((trained / "models" / "timeline-1" / "card.json").read_text())["scores"]
    assert scores["n"] <= 24  # one context of each track
    track = next((trained / "dataset" / "music").glob("*.wav"))
    assert "weighted-1" in zoneclf(trained, "predict", track, "--json").stdout
    refused = zoneclf(trained, "predict", track, "--model", "timeline-1")
    assert refused.returncode == 3
    assert "level contexts against tracks" in refused.stderr
    whole = zoneclf(trained, "timeline", "mix.wav", "--model", "weighted-1")
    assert whole.returncode == 3
    assert "is one of whole tracks; name one that zoneclf train --timeline made" in whole.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("timeline",), 2, "Missing argument"),
        (("timeline", "tune.wav"), 3, "holds no model for timelines; run zoneclf train --timeline"),
        (("train", "--context", "5"), 2, "is for --timeline; add that"),
    ],
)
def test_wrong_usage_is_one_line(
    zoneclf: Run, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = zoneclf(tmp_path, *arguments)
    assert done.returncode == code
    assert said in " ".join(done.stderr.replace("│", " ").split())
