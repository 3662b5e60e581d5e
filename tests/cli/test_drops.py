"""The command `drops` through the real entry point: what it prints, draws and returns."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]
Write = Callable[..., Path]
RATE_HZ = 44_100
DROP_S = 22.0


def broken_beat(seed: int = 0) -> np.ndarray:
    """Return a beat at 120 BPM with a break of 8 s that ends at `DROP_S`."""
    at_s = np.arange(45 * RATE_HZ) / RATE_HZ
    beat = np.exp(-12 * (at_s % 0.5)) * np.sin(2 * np.pi * 60 * (at_s % 0.5))
    noise = np.random.default_rng(seed).uniform(-1, 1, at_s.size)
    gain = np.where((at_s > DROP_S - 8) & (at_s < DROP_S), 0.05, 1.0)
    return (gain * (0.7 * beat + 0.1 * noise)).astype("f4")


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory, write_wav: Write) -> Path:
    folder = tmp_path_factory.mktemp("music")
    for name in ("a", "b"):
        (folder / name).mkdir()
    write_wav(folder / "a" / "same name.wav", broken_beat())
    write_wav(folder / "b" / "same name.wav", broken_beat(1))
    return folder


@pytest.mark.slow
def test_each_track_gets_its_drops_and_its_own_picture(
    zoneclf: Run, music: Path, tmp_path: Path
) -> None:
    done = zoneclf(tmp_path, "drops", music, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["schema_version"], found["settings"]["contrast"]) == (1, 0.5)
    for track in found["tracks"]:
        (drop,) = track["drops"]
        assert drop["time_s"] == pytest.approx(DROP_S, abs=0.25)
        assert drop["contrast"] > 0.5
        assert track["tempo_bpm"] == pytest.approx(120, rel=0.01)
        assert imread(tmp_path / track["picture"]).shape[0] > 300
    pictures = [track["picture"] for track in found["tracks"]]
    assert pictures[0] == "drops/same name.png"
    assert len(set(pictures)) == 2
    assert sorted(path.suffix for path in music.rglob("*.*")) == [".wav", ".wav"]
    again = zoneclf(tmp_path, "drops", music / "b", music / "a", "--json")
    assert [track["picture"] for track in json.loads(again.stdout)["tracks"]] == pictures[::-1]


@pytest.mark.slow
def test_a_table_is_printed_and_what_fails_is_named(
    zoneclf: Run, music: Path, tmp_path: Path
) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "broken.mp3").write_bytes(b"no sound")
    gone = tmp_path / "gone.wav"
    done = zoneclf(tmp_path, "drops", music / "a", tmp_path / "broken.mp3", gone)
    assert done.returncode == 4
    name, about, header, drop, *failed = done.stdout.splitlines()
    assert name == "same name.wav"
    assert about.split(",") == [
        "  0:45.0 long",
        " 120.0 BPM",
        " picture: results/drops/same name.png",
    ]
    assert header.split() == ["drop", "time", "contrast", "intensity"]
    assert drop.split()[:2] in (["1", "0:22.0"], ["1", "0:21.9"], ["1", "0:22.1"])
    assert [line.split(":")[0] for line in failed] == [
        "broken.mp3  (undecodable",
        "gone.wav  (missing",
    ]


@pytest.mark.slow
def test_a_strangers_picture_is_left_alone(zoneclf: Run, music: Path, tmp_path: Path) -> None:
    mine = tmp_path / "pictures" / "same name.png"
    mine.parent.mkdir()
    mine.write_bytes(b"mine")
    done = zoneclf(tmp_path, "drops", music / "a", "-o", mine.parent)
    assert done.returncode == 0, done.stderr
    assert mine.read_bytes() == b"mine"
    assert len(list(mine.parent.glob("same name-*.png"))) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "Missing argument"),
        (("{music}/a", "-o", "{music}/a"), 2, "holds the track same name.wav; pictures are not"),
        (("{music}/a", "-o", "/proc/none"), 5, "/proc/none: cannot be made"),
        (("{empty}",), 3, "holds no audio file; name files, folders or playlists"),
    ],
)
def test_wrong_usage_is_one_line(
    zoneclf: Run, music: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    filled = [text.format(music=music, empty=tmp_path) for text in arguments]
    done: Any = zoneclf(tmp_path, "drops", *filled)
    assert done.returncode == code
    assert said in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_thresholds_are_tuned_on_a_workspaces_zones_without_its_holdout(tour: Any) -> None:
    script = Path(__file__).parents[2] / "scripts" / "tune_drops.py"
    done = subprocess.run(
        [sys.executable, script, "--zones", "--tries", "3"],
        cwd=tour.root,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    held_out = json.loads((tour.root / "dataset" / "holdout.json").read_text(encoding="utf-8"))
    tracks = int(done.stdout.split()[0])
    assert tracks <= 24 - len(held_out["track_ids"])
    assert done.stdout.splitlines()[-6].startswith("drops:")
    assert "mean ± standard deviation" in done.stdout
