"""Faults that users meet: one line on standard error, the right exit code, the rest still done."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow.parquet as pq
import pytest

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]
EVIL = "\x1b[2J\x1b]0;owned\x07.wav"


class Tour(Protocol):
    """A workspace in which the four commands were run (see conftest)."""

    root: Path


@pytest.fixture
def copied(tour: Tour, tmp_path: Path) -> Path:
    """A copy of the finished workspace to damage."""
    return shutil.copytree(tour.root, tmp_path / "workspace")


@pytest.fixture
def fresh(workspace: Path, tmp_path: Path) -> Path:
    """A workspace with settings and nothing else."""
    root = tmp_path / "fresh"
    shutil.copytree(workspace / "config", root / "config")
    (root / "dataset").mkdir()
    return root


def error_of(done: Done, code: int) -> str:
    """Return the one line that an error is; check that it is one and the exit code."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith(("error:", "bug:"))]
    assert len(errors) == 1, done.stderr
    assert done.stderr.splitlines()[-1] == errors[0]
    assert errors[0].startswith("error: ")
    return errors[0].removeprefix("error: ")


def statuses(root: Path, source: str = "user") -> dict[str, str]:
    table = pq.read_table(root / "dataset" / "tracks" / f"{source}.parquet").to_pandas()
    return dict(zip(table["name"], table["status"], strict=True))


def edit_json(path: Path, edit: Callable[[Any], None]) -> None:
    raw = json.loads(path.read_text(encoding="utf-8"))
    edit(raw)
    path.write_text(json.dumps(raw), encoding="utf-8")


@pytest.fixture(scope="module")
def damaged(
    workspace: Path, zoneclf: Run, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Done]:
    """A folder of music with two good tracks among bad ones, and what `extract` said of it."""
    root = tmp_path_factory.mktemp("damaged")
    music = root / "music"
    music.mkdir()
    for name in ("track 00.wav", "track 01.wav"):
        shutil.copy(workspace / "dataset" / "music" / name, music / name)
    (music / "text.wav").write_text("not a sound", encoding="utf-8")
    (music / "empty.mp3").touch()
    (music / EVIL).write_bytes(b"RIFF not a sound either")
    os.mkfifo(music / "pipe.mp3")
    (music / "folder.flac").mkdir()
    (music / "dangling.ogg").symlink_to("nowhere.ogg")
    return root, zoneclf(root, "extract", "--input", "music")


def test_bad_files_do_not_keep_good_ones_from_being_done(damaged: tuple[Path, Done]) -> None:
    root, done = damaged
    assert done.returncode == 4
    found = statuses(root)
    assert found.pop("track 00") == found.pop("track 01") == "ok"
    assert found.pop("pipe") == "not_a_file"
    assert found.pop("dangling") == "missing"
    assert set(found.values()) <= {"undecodable", "refused", "too_short"}
    assert len(found) == 3
    assert "2 ok" in done.stdout
    assert "Traceback" not in done.stderr


def test_bad_files_are_told_with_their_reason(damaged: tuple[Path, Done]) -> None:
    _, done = damaged
    warnings = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
    assert any("text.wav: undecodable (" in line for line in warnings)


def test_names_with_escape_codes_are_printed_escaped(damaged: tuple[Path, Done]) -> None:
    _, done = damaged
    assert "\x1b" not in done.stderr + done.stdout
    assert "\x07" not in done.stderr + done.stdout
    assert r"\x1b[2J" in done.stderr


@pytest.mark.slow
def test_predict_tells_of_bad_files_and_goes_on(
    damaged: tuple[Path, Done], tour: Tour, zoneclf: Run
) -> None:
    done = zoneclf(tour.root, "predict", damaged[0] / "music")
    assert done.returncode == 4
    assert "\x1b" not in done.stdout + done.stderr
    lines = done.stdout.splitlines()[1:]
    assert len(lines) == 7
    assert sum(line.split()[0] in {"YELLOW", "GREEN", "PURPLE"} for line in lines) == 2
    assert sum("pipe.mp3: a folder, pipe, socket or device" in line for line in lines) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("train", "dataset/tracks: no source is extracted yet; run zoneclf extract"),
        ("analyze", "models: holds no model; run zoneclf train"),
    ],
)
def test_commands_in_the_wrong_order_say_which_comes_first(
    fresh: Path, zoneclf: Run, command: str, complaint: str
) -> None:
    assert error_of(zoneclf(fresh, command), 3) == complaint


def test_a_duplicate_key_is_told_with_both_lines(fresh: Path, zoneclf: Run) -> None:
    config = fresh / "config" / "default.yaml"
    config.write_text("jobs: 1\ntrain: {seed: 1}\njobs: 2\n", encoding="utf-8")
    assert error_of(zoneclf(fresh, "config", "show"), 3) == (
        "config/default.yaml: line 3: key 'jobs' is already on line 1; delete one"
    )


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("extract", "--frame-size", "nan"), "option: frames.hop_s is nan"),
        (("extract", "--frame-size", "0.125"), "option: frames.hop_s is 0.125"),
        (("extract", "--jobs", "-1"), "option: jobs is -1"),
        (("train", "--seed", "-1"), "option: train.seed is -1"),
        (("train", "--user-weight", "0"), "option: train.user_weight is 0.0"),
        (("train", "--features", "nope"), "option: train.features is 'nope'"),
        (("train", "--name", "a/b"), "--name a/b: is a path"),
        (("predict", "--method", "deam-csv", "."), "--method deam-csv does not read sound"),
        (("extract", "--source", "nope"), "--source nope is not configured"),
    ],
)
def test_option_values_that_make_no_sense_are_wrong_usage(
    fresh: Path, zoneclf: Run, arguments: tuple[str, ...], complaint: str
) -> None:
    assert error_of(zoneclf(fresh, *arguments), 2).startswith(complaint)


def test_a_settings_file_that_is_not_there_is_no_wrong_usage(fresh: Path, zoneclf: Run) -> None:
    said = error_of(zoneclf(fresh, "doctor", "--config", "none.yaml"), 3)
    assert said.startswith("none.yaml: cannot be read")


def test_unknown_zones_are_told_before_sound_is_read(fresh: Path, zoneclf: Run) -> None:
    (fresh / "dataset" / "user.csv").write_text("path,zone\nmusic/a.mp3,PINK\n", encoding="utf-8")
    done = zoneclf(fresh, "extract", "--dry-run")
    assert done.returncode == 0
    assert "warning: dataset/user.csv: unknown zones" in done.stderr
    assert "line 2 'PINK'; tracks are extracted whatever their zones" in done.stderr


def test_nothing_to_extract_says_what_to_put_where(fresh: Path, zoneclf: Run) -> None:
    done = zoneclf(fresh, "extract")
    assert "no source is there to extract; list your tracks in dataset/user.csv" in error_of(
        done, 3
    )
    assert "user: dataset/user.csv is not there, skipped" in done.stderr
    assert "deam: dataset/DEAM is not there, skipped" in done.stderr


@pytest.mark.slow
def test_tracks_that_are_listed_and_missing_get_a_row(
    fresh: Path, workspace: Path, zoneclf: Run
) -> None:
    there = (workspace / "dataset" / "music" / "track 00.wav").resolve()
    lines = ["path,zone", f"{there},GREEN", "gone.wav,GREEN", "music/also gone.wav,"]
    (fresh / "dataset" / "user.csv").write_text("\n".join(lines), encoding="utf-8")
    done = zoneclf(fresh, "extract")
    assert done.returncode == 4
    assert statuses(fresh) == {"track 00": "ok", "gone": "missing", "also gone": "missing"}
    assert "2 missing" in done.stdout
    (fresh / "more").mkdir()
    (fresh / "more" / "third.mp3").symlink_to("nowhere")
    done = zoneclf(fresh, "extract", "--input", "more")
    assert done.returncode == 4
    expected = {"track 00": "ok", "gone": "missing", "also gone": "missing", "third": "missing"}
    assert statuses(fresh) == expected
    done = zoneclf(fresh, "extract", "--input", "typo.mp3")
    assert done.returncode == 3
    assert "typo.mp3: is not there" in done.stderr
    assert statuses(fresh) == expected


@dataclass(frozen=True)
class Refusal:
    """A command that is refused in a finished workspace, and what it says then."""

    command: str
    complaint: str
    damage: Callable[[Path], None] = lambda _: None
    code: int = 3


def mistype_zones(root: Path) -> None:
    labels = root / "dataset" / "user.csv"
    text = labels.read_text(encoding="utf-8").replace("01.wav,GREEN", "01.wav,green")
    labels.write_text(text.replace("05.wav,PURPLE", "05.wav,VIOLET"), encoding="utf-8")


def edit_model(root: Path) -> None:
    path = root / "models" / "weighted-1" / "model.json"
    edit_json(path, lambda raw: raw["learner"]["attributes"].update(owner="me"))


def edit_holdout(root: Path) -> None:
    edit_json(root / "dataset" / "holdout.json", lambda raw: raw["track_ids"].pop())


def block(name: str) -> Callable[[Path], None]:
    """Return what puts a file in place of a folder."""

    def put(root: Path) -> None:
        shutil.rmtree(root / name)
        (root / name).write_text("in the way", encoding="utf-8")

    return put


def list_an_address(root: Path) -> None:
    (root / "list.m3u8").write_text("#EXTM3U\nhttp://example.org/a.mp3\n", encoding="utf-8")


REFUSALS = {
    "unknown zones": Refusal(
        "label",
        r"dataset/user\.csv: unknown zones \(known: YELLOW, GREEN, PURPLE\): "
        r"line 3 'green', did you mean GREEN\?; line 7 'VIOLET'",
        mistype_zones,
    ),
    "a label file that is not there": Refusal(
        "label --labels typo.csv", r"typo\.csv: is not there; check --labels"
    ),
    "a source that is not there": Refusal(
        "label --labels dataset/user.csv --source usr",
        "--source usr: is not extracted; extracted are: deam, user",
    ),
    "frames of another size": Refusal(
        "extract --source user --frame-size 0.25",
        r"dataset/frames/user: was made otherwise \(.*hop_s 0\.25 against 0\.5.*\); add --force",
    ),
    "a model of another frame size": Refusal(
        "predict dataset/music --frame-size 0.25",
        r"model weighted-1: was trained on other features \(.*hop_s 0\.5 against 0\.25",
    ),
    "an edited model": Refusal(
        "predict dataset/music",
        r"models/weighted-1/model\.json: missing, or not the file card\.json was written for; "
        "restore or train again",
        edit_model,
    ),
    "training on an edited holdout": Refusal(
        "train", r"dataset/holdout\.json: was edited \(its checksum does not fit\)", edit_holdout
    ),
    "an address in a playlist": Refusal(
        "predict list.m3u8", r"list\.m3u8:2: .* is an address; list files only", list_an_address
    ),
    "a model's name that is taken": Refusal(
        "train --name weighted-1", "models/weighted-1: is already there; choose another", code=5
    ),
    "results that cannot be written": Refusal(
        "analyze --holdout", "results.* cannot be made", block("results"), code=5
    ),
    "tracks that cannot be written": Refusal(
        "extract", "dataset/tracks: cannot be made", block("dataset/tracks"), code=5
    ),
}


def contents(root: Path) -> dict[Path, bytes]:
    """Return every table and model below a workspace."""
    paths = [*root.glob("dataset/**/*.parquet"), *root.glob("models/**/*.json")]
    return {path: path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def refused(
    tour: Tour, zoneclf: Run, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Done, bool]]:
    """What each refused command said, and whether it left all tables and models alone."""
    folder = tmp_path_factory.mktemp("refused")

    def run(name: str) -> tuple[Done, bool]:
        root = shutil.copytree(tour.root, folder / name)
        refusal = REFUSALS[name]
        refusal.damage(root)
        before = contents(root)
        return zoneclf(root, *refusal.command.split()), contents(root) == before

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(REFUSALS, pool.map(run, REFUSALS), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("name", REFUSALS)
def test_what_is_refused_is_told_and_changes_nothing(
    refused: dict[str, tuple[Done, bool]], name: str
) -> None:
    done, untouched = refused[name]
    assert re.match(REFUSALS[name].complaint, error_of(done, REFUSALS[name].code))
    assert done.stdout == ""
    assert untouched


@pytest.mark.slow
def test_a_model_is_not_judged_on_another_holdout(copied: Path, zoneclf: Run) -> None:
    (copied / "dataset" / "holdout.json").unlink()
    assert zoneclf(copied, "train", "--name", "second", "--seed", "7").returncode == 0
    done = zoneclf(copied, "analyze", "--holdout", "--model", "weighted-1")
    assert "was trained with another holdout and may have learnt from this" in error_of(done, 3)


def test_debug_shows_where_an_error_came_from(fresh: Path, zoneclf: Run) -> None:
    done = zoneclf(fresh, "--debug", "config", "show", "-c", "none.yaml")
    assert done.returncode not in {0, 3}
    assert "Traceback" in done.stderr
    assert "SettingsError" in done.stderr
