"""The tour: from nothing to scores and pictures with one command."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib.image import imread

PRINTED = (
    "$ zoneclf extract --method frames",
    "$ zoneclf train --user-weight 3",
    "$ zoneclf analyze --holdout",
    "$ zoneclf visualize-2d",
    "ids 1-1000: valence and arousal swapped, repaired",
)


def zoneclf(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "zoneclf", *arguments],
        cwd=folder,
        env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"},
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
def test_the_demo_ends_with_scores_and_pictures(tmp_path: Path) -> None:
    done = zoneclf(tmp_path, "demo", "tour")
    assert done.returncode == 0, done.stderr
    for line in PRINTED:
        assert line in done.stdout
    scores = re.findall(r"(cv|holdout) +n = +(\d+)  accuracy (\d\.\d\d)", done.stdout)
    assert [split for split, _, _ in scores] == ["cv", "holdout"]
    assert sum(int(n) for _, n, _ in scores) == 44
    # Chance is a third.
    assert float(scores[0][2]) > 0.5
    shown = done.stdout.split("pages and pictures:\n")[1].split()
    paths = [tmp_path / path for path in shown]
    assert {path.suffix for path in paths} == {".html", ".png"}
    assert len(paths) >= 8
    for path in paths:
        assert path.is_file()
        assert path.suffix != ".png" or min(imread(path).shape[:2]) > 100
    for path in (tmp_path / "tour" / "results").glob("*/metrics.json"):
        assert json.loads(path.read_text(encoding="utf-8"))["schema_version"] == 1


def test_a_folder_that_is_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "song.mp3").touch()
    done = zoneclf(tmp_path, "demo", "mine")
    assert done.returncode == 5
    assert done.stderr == "error: mine: is not empty; name a new folder: zoneclf demo OTHER\n"
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["song.mp3"]
