"""A small workspace, and the program as users start it: another process, their files."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import soundfile
from filelock import FileLock

from zoneclf.demo.deam import plan_songs
from zoneclf.demo.deam_tables import Song, write_annotations, write_metadata
from zoneclf.frames.columns import DEAM_COLUMNS

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]
RATE_HZ, DURATION_S = 44_100, 4.0
ZONES = ("YELLOW", "GREEN", "PURPLE")
TRACK_COUNT, ARTIST_COUNT, SONG_COUNT = 24, 12, 30
QUICK = (
    ("rounds: 200", "rounds: 20"),
    ("repeats: 3", "repeats: 1"),
    ("jobs: 0", "jobs: 2"),
)


def environment(**changed: str) -> dict[str, str]:
    """Return the environment without anybody's settings for zoneclf."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ZONECLF_")}
    return {**kept, "OMP_WAIT_POLICY": "PASSIVE", **changed}


def run_zoneclf(folder: Path, *arguments: object, timeout_s: float = 120, **env: str) -> Done:
    """Run ``python -m zoneclf`` in `folder` and return what it said."""
    return subprocess.run(
        [sys.executable, "-m", "zoneclf", *map(str, arguments)],
        cwd=folder,
        env=environment(**env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout_s,
    )


def sound_of(zone: str, seed: int, duration_s: float = DURATION_S) -> npt.NDArray[np.float32]:
    """Return sound that belongs to a zone: a calm tone, a pulse, or loud noise with a fast beat."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    level, hertz, hiss, beats = {
        "YELLOW": (0.08, 160, 0.001, 1.0),
        "GREEN": (0.25, 420, 0.03, 2.0),
        "PURPLE": (0.5, 900, 0.25, 3.0),
    }[zone]
    beat = np.exp(-8 * ((time * beats) % 1))
    tone = np.sin(2 * np.pi * hertz * (1 + 0.05 * rng.normal()) * time)
    return (level * (0.4 + 0.6 * beat) * tone + hiss * rng.uniform(-1, 1, time.size)).astype("f4")


def write_tracks(folder: Path, count: int = TRACK_COUNT) -> None:
    """Write wav files and ``user.csv``; zones and artists run through cycles."""
    (folder / "music").mkdir(parents=True)
    lines = ["path,zone,artist"]
    for number in range(count):
        zone = ZONES[number % len(ZONES)]
        path = Path("music") / f"track {number:02}.wav"
        soundfile.write(folder / path, sound_of(zone, number), RATE_HZ)
        lines.append(f"{path},{zone},Artist {number % ARTIST_COUNT}")
    (folder / "user.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_songs(folder: Path) -> None:
    """Write DEAM's layout: annotations, metadata, and features that follow the annotations."""
    songs = plan_songs(0, SONG_COUNT)
    write_annotations(folder / "annotations", songs, 0)
    write_metadata(folder / "metadata", songs, 0)
    (folder / "features").mkdir()
    for song in songs:
        _features(song).to_csv(
            folder / "features" / f"{song.song_id}.csv", sep=";", index=False, float_format="%.4g"
        )


def _features(song: Song) -> pd.DataFrame:
    rng = np.random.default_rng(song.seed)
    starts = np.arange(2 * song.duration_s - 1) * 0.5
    noise = rng.uniform(0.5, 1.5, size=(starts.size, len(DEAM_COLUMNS)))
    mood = np.where(np.arange(len(DEAM_COLUMNS)) % 2, song.arousal, song.valence)
    table = pd.DataFrame(0.01 * mood * noise, columns=list(DEAM_COLUMNS))
    table.insert(0, "frameTime", starts)
    return table


@dataclass(frozen=True)
class Tour:
    """A workspace in which the four commands that users know were run, and what each said."""

    root: Path
    extract: Done
    train: Done
    analyze: Done
    visualize: Done

    def results(self, kind: str) -> Path:
        """Return the results folder of a kind."""
        return next((self.root / "results").glob(f"{kind}-*"))


@pytest.fixture(scope="session")
def zoneclf() -> Run:
    return run_zoneclf


@pytest.fixture(scope="session")
def sound() -> Callable[..., npt.NDArray[np.float32]]:
    return sound_of


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace as `zoneclf init` makes it, with tracks and DEAM in place."""
    root = tmp_path_factory.mktemp("cli") / "workspace"
    done = run_zoneclf(root.parent, "init", root.name)
    assert done.returncode == 0, done.stderr
    write_tracks(root / "dataset")
    write_songs(root / "dataset" / "DEAM")
    config = root / "config" / "default.yaml"
    text = config.read_text(encoding="utf-8")
    for usual, quick in QUICK:
        assert usual in text
        text = text.replace(usual, quick)
    config.write_text(text, encoding="utf-8")
    return root


def _toured(workspace: Path) -> list[Done]:
    """Run the four commands exactly as users know them; the last two at the same time."""
    extract = run_zoneclf(workspace, "extract", "--method", "frames")
    train = run_zoneclf(workspace, "train", "--user-weight", "3")
    with ThreadPoolExecutor(2) as both:
        analyze = both.submit(run_zoneclf, workspace, "analyze", "--holdout")
        visualize = both.submit(run_zoneclf, workspace, "visualize-2d")
    return [extract, train, analyze.result(), visualize.result()]


@pytest.fixture(scope="session")
def tour(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tour:
    """The tour of the workspace, a minute's work: the first process makes it, others copy it."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        root = request.getfixturevalue("workspace")
        return Tour(root, *_toured(root))
    shared = tmp_path_factory.getbasetemp().parent / "tour"
    with FileLock(f"{shared}.lock"):
        if not shared.exists():
            root = request.getfixturevalue("workspace")
            said = [vars(done) for done in _toured(root)]
            (root / "said.json").write_text(json.dumps(said), encoding="utf-8")
            shutil.copytree(root, shared)
    root = shutil.copytree(shared, tmp_path_factory.mktemp("tour") / "workspace")
    said = json.loads((root / "said.json").read_text(encoding="utf-8"))
    (root / "said.json").unlink()
    return Tour(root, *(Done(**done) for done in said))
