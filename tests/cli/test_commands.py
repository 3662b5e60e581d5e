"""The commands through the real entry point: what they print, write and return."""

import csv
import io
import json
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pyarrow.parquet as pq
import pytest
from filelock import FileLock
from matplotlib.image import imread

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]
ZONES = ["YELLOW", "GREEN", "PURPLE"]


class Tour(Protocol):
    """A workspace in which the four commands were run (see conftest)."""

    root: Path
    extract: Done
    train: Done
    analyze: Done
    visualize: Done

    def results(self, kind: str) -> Path: ...


@pytest.fixture
def copied(tour: Tour, tmp_path: Path) -> Path:
    """A copy of the workspace to change."""
    return shutil.copytree(tour.root, tmp_path / "workspace")


def json_of(done: Done) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["schema_version"] == 1
    return found


def zones_of(paths: list[str], zones: list[str | None]) -> Counter[bool]:
    """Count whether tracks got the zone that their number says."""
    numbers = [int(Path(path).stem.removeprefix("track ")) for path in paths]
    return Counter(ZONES[n % 3] == zone for n, zone in zip(numbers, zones, strict=True))


def test_the_four_commands_work_with_no_further_option(tour: Tour) -> None:
    for done in (tour.extract, tour.train, tour.analyze, tour.visualize):
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        assert "arning" not in done.stderr


def test_extract_says_what_became_of_each_source(tour: Tour) -> None:
    lines = tour.extract.stdout.splitlines()
    assert lines[0] == "user: 24 ok; 144 frames; dataset/tracks/user.parquet"
    assert lines[1].startswith("deam: 30 ok; ")
    table = pq.read_table(tour.root / "dataset" / "tracks" / "user.parquet")
    assert table.num_rows == 24
    frames = list((tour.root / "dataset" / "frames" / "user").glob("part-*.parquet"))
    assert sum(pq.read_table(part).num_rows for part in frames) == 144


def test_train_says_what_was_repaired_held_out_and_where_the_model_is(tour: Tour) -> None:
    assert tour.train.stdout.startswith("models/weighted-1: ")
    assert "95 % interval" in tour.train.stdout
    assert "deam: ids 1-1000: valence and arousal swapped, repaired" in tour.train.stderr
    assert "holdout drawn: " in tour.train.stderr
    assert "seed 0" in tour.train.stderr
    model = tour.root / "models" / "weighted-1"
    assert {path.name for path in model.iterdir()} == {
        "model.json",
        "card.json",
        "MODEL_CARD.md",
        "DATA_CARD.md",
        "reference.json",
    }
    card = json.loads((model / "card.json").read_text(encoding="utf-8"))
    held_out = json.loads((tour.root / "dataset" / "holdout.json").read_text(encoding="utf-8"))
    assert card["settings"]["user_weight"] == 3.0
    assert card["licence"] == "non-commercial"  # DEAM's features went into it
    assert card["holdout"] == held_out["checksum"]
    mine = card["data"]["sources"]["user"]
    assert mine["learnt"] == sum(card["sources"]["user"].values())
    assert mine["held_out"] == card["data"]["holdout"]["tracks"] == len(held_out["track_ids"])
    told = (model / "DATA_CARD.md").read_text(encoding="utf-8")
    assert f"| user | {mine['tracks']} | {mine['minutes']} | {mine['labelled']} |" in told
    learnt = sum(card["sources"]["user"].values())
    assert learnt + len(held_out["track_ids"]) == 24
    assert sum(card["sources"]["deam"].values()) == 30


def test_analyze_prints_scores_with_their_interval_and_the_page(tour: Tour) -> None:
    folder = tour.results("holdout")
    assert f"report: {folder.relative_to(tour.root)}/report.html" in tour.analyze.stdout
    assert "95 % interval" in tour.analyze.stdout
    assert "accuracy > 0.80: not decidable" in tour.analyze.stdout
    found = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert (found["split"], found["zones"]) == ("holdout", ZONES)
    assert set(found["by_source"]) == {"user", "deam"}
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert run["holdout"]["looks"] == 1
    held_out = json.loads((tour.root / "dataset" / "holdout.json").read_text(encoding="utf-8"))
    assert len(held_out["looks"]) == 1


def test_visualize_2d_draws_a_picture_and_a_page(tour: Tour) -> None:
    folder = tour.results("map")
    for name in ("zone_map_2d.png", "zone_map_2d.html"):
        assert str((folder / name).relative_to(tour.root)) in tour.visualize.stdout
    assert imread(folder / "zone_map_2d.png").shape[0] > 300
    with (folder / "points.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert Counter(row["source"] for row in rows) == {"deam": 30, "user": 24}
    assert all(1 <= float(row["predicted_arousal"]) <= 9 for row in rows)


@pytest.mark.slow
def test_a_second_extract_does_nothing(tour: Tour, zoneclf: Run) -> None:
    parts = sorted((tour.root / "dataset" / "frames").rglob("part-*.parquet"))
    before = [(part, part.stat().st_mtime_ns) for part in parts]
    again = zoneclf(tour.root, "-v", "extract")
    assert again.stdout == tour.extract.stdout
    assert "extract user" not in again.stderr
    assert [(part, part.stat().st_mtime_ns) for part in parts] == before


def test_predict_gives_each_track_its_zone_as_json(tour: Tour, zoneclf: Run) -> None:
    found = json_of(zoneclf(tour.root, "predict", "dataset/music", "--json"))
    assert (found["model"], found["zones"]) == ("weighted-1", ZONES)
    tracks = found["tracks"]
    right = zones_of([track["path"] for track in tracks], [track["zone"] for track in tracks])
    assert right[True] >= 20
    for track in tracks:
        assert track["status"] == "ok"
        assert list(track["probabilities"]) == ZONES
        assert sum(track["probabilities"].values()) == pytest.approx(1, abs=1e-3)
        assert track["confidence"] == pytest.approx(max(track["probabilities"].values()), abs=1e-3)


@pytest.mark.slow
def test_predict_reads_playlists_and_prints_csv(tour: Tour, zoneclf: Run, tmp_path: Path) -> None:
    playlist = tmp_path / "tonight.m3u8"
    music = tour.root / "dataset" / "music"
    entries = ["#EXTM3U", str(music / "track 02.wav"), "gone.wav", str(music / "track 00.wav")]
    playlist.write_text("\n".join(entries), encoding="utf-8")
    done = zoneclf(tour.root, "predict", playlist, "--csv")
    assert done.returncode == 4
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [Path(row["path"]).name for row in rows] == ["track 02.wav", "gone.wav", "track 00.wav"]
    assert [row["status"] for row in rows] == ["ok", "missing", "ok"]
    assert (rows[1]["zone"], rows[1]["confidence"]) == ("", "")


@pytest.mark.slow
def test_predict_listens_to_files_it_never_heard(
    tour: Tour, zoneclf: Run, sound: Callable[..., Any], write_wav: Callable[..., Path],
    tmp_path: Path,
) -> None:  # fmt: skip
    new = write_wav(tmp_path / "never heard.wav", sound("PURPLE", 99))
    done = zoneclf(tour.root, "predict", new)
    assert done.returncode == 0, done.stderr
    header, line = done.stdout.splitlines()
    assert header.split() == ["zone", "sure", *ZONES, "set", "track"]
    assert line.startswith("PURPLE")
    assert line.rstrip().endswith("never heard.wav")


@pytest.mark.slow
def test_doctor_finds_nothing_bad_in_a_good_workspace(tour: Tour, zoneclf: Run) -> None:
    done = zoneclf(tour.root, "doctor", "--json")
    assert done.returncode == 0, done.stdout
    checks = {check["what"]: check for check in json_of(done)["checks"]}
    assert {check["verdict"] for check in checks.values()} <= {"ok", "note"}
    assert "swapped, repaired" in checks["deam"]["detail"]
    assert "24 tracks, 0 of them not on disk" in checks["user"]["detail"]
    assert "table user" in checks
    assert "non-commercial" in checks["model weighted-1"]["detail"]


@pytest.mark.slow
def test_doctor_says_what_is_bad(workspace: Path, zoneclf: Run, tmp_path: Path) -> None:
    shutil.copytree(workspace / "config", tmp_path / "config")
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "user.csv").write_text("path,zone\na.wav,PINK\n", encoding="utf-8")
    done = zoneclf(tmp_path, "doctor")
    assert done.returncode == 3
    assert any(
        line.startswith("bad   user: ") and "'PINK'" in line for line in done.stdout.splitlines()
    )


@pytest.mark.slow
def test_label_counts_zones_as_json(copied: Path, zoneclf: Run) -> None:
    # A moved workspace asks for `extract`, which finds its files again by their content.
    assert "run zoneclf extract" in zoneclf(copied, "label").stderr
    assert zoneclf(copied, "extract").returncode == 0
    found = json_of(zoneclf(copied, "label", "--deam-labels", "as-shipped", "--json"))
    assert sum(found["zones"]["deam"].values()) == 30
    assert "ids 1-1000: valence and arousal swapped, left as shipped" in found["remarks"]["deam"]


@pytest.mark.slow
def test_what_was_chosen_when_labelling_stays_in_force(
    tour: Tour, zoneclf: Run, tmp_path: Path
) -> None:
    root = shutil.copytree(tour.root, tmp_path / "workspace")
    zoneclf(root, "extract")  # the tracks have moved with the workspace
    assert zoneclf(root, "label", "--deam-labels", "as-shipped").returncode == 0
    trained = zoneclf(root, "train", "--name", "shipped", "--json")
    assert trained.returncode == 0, trained.stderr
    assert json_of(trained)["model"] == "models/shipped"
    assert "labels as chosen with zoneclf label: labels.deam = as-shipped" in trained.stderr
    card = json.loads((root / "models/shipped/card.json").read_text(encoding="utf-8"))
    assert card["label_repair"] == "as-shipped"


@pytest.mark.slow
def test_analyze_by_cross_validation_as_json(tour: Tour, zoneclf: Run) -> None:
    done = zoneclf(tour.root, "analyze", "--cv", "--json")
    found = json_of(done)
    assert (found["split"], found["model"]) == ("cv", "weighted-1")
    assert (tour.root / found["results"] / "report.html").is_file()


def test_init_makes_a_workspace_once(zoneclf: Run, tmp_path: Path) -> None:
    first = zoneclf(tmp_path, "init", "mine")
    assert first.returncode == 0
    assert {path.name for path in (tmp_path / "mine").iterdir()} == {
        "config",
        "dataset",
        "models",
        "results",
    }
    for command in ("extract --method frames", "train --user-weight 3", "analyze --holdout"):
        assert f"zoneclf {command}" in first.stdout
    again = zoneclf(tmp_path, "init", "mine")
    assert again.returncode == 5
    assert "is already there; choose another folder" in again.stderr


def test_config_show_tells_where_values_come_from(
    workspace: Path, zoneclf: Run, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("train: {l2: 7}\n", encoding="utf-8")
    done = zoneclf(workspace, "config", "show", "--origin", "-c", mine, ZONECLF_TRAIN_SEED="5")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert "train.seed = 5   (environment)" in lines
    assert f"train.l2 = 7.0   ({mine})" in lines
    assert "train.rounds = 20   (config/default.yaml)" in lines
    assert 'sources.deam.id_column = "song_id"   (built-in)' in lines
    plain = json_of(zoneclf(workspace, "config", "show", "--json"))
    assert plain["settings"]["train.rounds"] == 20
    assert "origins" not in plain


def test_version_and_help(zoneclf: Run, tmp_path: Path) -> None:
    assert zoneclf(tmp_path, "--version").stdout == "zoneclf 0.1.0\n"
    text = zoneclf(tmp_path, "--help").stdout
    for command in ("init", "extract", "label", "train", "analyze", "visualize-2d", "predict"):
        assert command in text


@pytest.mark.parametrize(
    "arguments",
    [("extrakt",), ("train", "--user-wait", "3"), ("extract", "--method", "magic"), ("predict",)],
)
def test_wrong_usage_ends_with_two(
    zoneclf: Run, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    done = zoneclf(tmp_path, *arguments)
    assert done.returncode == 2
    assert "Usage: " in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("option", ["-v", "--quiet", "--debug"])
def test_an_option_of_all_commands_is_told_its_place(
    zoneclf: Run, tmp_path: Path, option: str
) -> None:
    done = zoneclf(tmp_path, "label", option)
    assert done.returncode == 2
    assert f"it goes before the command: zoneclf {option} label ..." in done.stderr


@pytest.mark.slow
def test_quiet_says_nothing_but_results(tour: Tour, zoneclf: Run) -> None:
    done = zoneclf(tour.root, "--quiet", "label")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "user: YELLOW 8, GREEN 8, PURPLE 8" in done.stdout


@pytest.mark.slow
def test_a_reader_that_stops_early_is_no_error(workspace: Path) -> None:
    shell = f"{sys.executable!r} -m zoneclf config show | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", shell], cwd=workspace, capture_output=True, text=True)
    assert done.returncode in {0, 141}
    assert done.stderr == ""


@pytest.mark.slow
def test_a_locked_source_is_left_alone(tour: Tour, zoneclf: Run) -> None:
    with FileLock(tour.root / "dataset" / "frames" / "user" / ".lock"):
        done = zoneclf(tour.root, "extract", "--source", "user")
    assert done.returncode == 6
    assert "locked by another zoneclf; wait for it to end" in done.stderr


@pytest.mark.slow
def test_an_interrupted_extraction_goes_on_where_it_stopped(
    workspace: Path, zoneclf: Run, tmp_path: Path
) -> None:
    (tmp_path / "dataset").mkdir()
    music = (workspace / "dataset" / "music").resolve()
    command = [sys.executable, "-m", "zoneclf", "-v", "extract", "--input", str(music)]
    running = subprocess.Popen(
        [*command, "--jobs", "1"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    assert running.stderr is not None
    assert running.stderr.readline() == "extract user 0/24\n"
    assert "extract user 1/24" in running.stderr.readline()
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert said.splitlines()[-1] == "error: interrupted; run the same command again to go on"
    again = zoneclf(tmp_path, "-v", "extract", "--input", music)
    assert again.returncode == 0
    total = int(again.stderr.splitlines()[0].split("/")[1].split()[0])
    assert 0 < total < 24
    assert again.stdout.startswith("user: 24 ok; 144 frames")


def test_a_model_of_own_labels_alone_names_nothing_else(
    tour: Tour, zoneclf: Run, tmp_path: Path
) -> None:
    copy = shutil.copytree(tour.root, tmp_path / "copy")
    done = zoneclf(copy, "train", "--strategy", "user-only", "--name", "mine")
    assert done.returncode == 0, done.stderr
    card = json.loads((copy / "models" / "mine" / "card.json").read_text())
    assert list(card["sources"]) == ["user"]
    assert (card["licence"], card["label_repair"]) == ("", "")


@pytest.mark.slow
def test_auto_says_what_it_compared_and_names_only_what_it_learnt_from(
    tour: Tour, zoneclf: Run, tmp_path: Path
) -> None:
    few = {"ZONECLF_TRAIN_INNER_FOLDS": "2", "ZONECLF_EVALUATION_FOLDS": "2"}
    copy = shutil.copytree(tour.root, tmp_path / "copy")
    done = zoneclf(copy, "train", "--strategy", "auto", "--json", **few)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    names = {row["name"] for row in found["comparison"]}
    assert names == {"user-only", "weighted", "balanced", "finetune", "ensemble", "affect"}
    card = json.loads((copy / "models" / "auto-1" / "card.json").read_text(encoding="utf-8"))
    assert card["strategy"] == "auto"
    assert f"auto takes {card['taken']}, of 6 compared" in done.stderr
    alone = card["taken"] == "user-only"
    assert list(card["sources"]) == (["user"] if alone else ["deam", "user"])
    assert card["licence"] == ("" if alone else "non-commercial")


@pytest.mark.parametrize(
    ("option", "value"),
    [("--user-weight", "often"), ("--strategy", "magic"), ("--ensemble-weight", "half")],
)
def test_a_value_that_an_option_cannot_have_is_wrong_usage(
    tour: Tour, zoneclf: Run, option: str, value: str
) -> None:
    done = zoneclf(tour.root, "train", option, value)
    assert done.returncode == 2
    assert f"Invalid value for {option}: " in done.stderr.replace("'", "")


def test_a_source_cannot_be_named_like_a_path(tour: Tour, zoneclf: Run) -> None:
    done = zoneclf(tour.root, "extract", "--input", "dataset", "--source", "../../evil")
    assert done.returncode == 2
    assert "--source ../../evil" in done.stderr
    assert not (tour.root / "evil").exists()
