"""``zoneclf deep genre compare``: runs side by side, kept when they are finished, one table."""

import csv
import dataclasses
import json
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace

import pytest
from pebble import ProcessExpired
from typer.testing import CliRunner

from zoneclf.cli import app
from zoneclf.deep import workers
from zoneclf.deep.genre import comparing
from zoneclf.deep.genre.comparing import (
    STRATEGY_OF,
    Compared,
    CompareOptions,
    Entry,
    entries_of,
)
from zoneclf.deep.genre.comparison_table import markdown, rows_of, write_table
from zoneclf.deep.genre.training_recipe import PRESETS, read_recipe
from zoneclf.errors import ModelError

TINY = ["--base-channels", "4", "--cnn-features", "8", "--epochs", "1", "--jobs", "1"]


def compare(*options, code=0):
    done = CliRunner().invoke(app, ["deep", "genre", "compare", *options])
    assert done.exit_code == code, done.output
    return done


@pytest.fixture
def recipes(workspace):
    """Two recipes that read no embeddings."""
    Path("plain.yaml").write_text("architecture: mel-cnn\npos_weight_power: 0.0\n")
    Path("heavy.yaml").write_text(
        "about: heavy weights\narchitecture: mel-cnn\npos_weight_power: 1.0\n"
        "thresholds: per-genre\n"
    )
    return "plain.yaml,heavy.yaml"


def test_a_run_per_preset_and_seed():
    recipes = {name: read_recipe(name) for name in PRESETS}
    entries = entries_of(recipes, "set", 2)
    assert [one.name for one in entries[:5]] == [f"set-{name}" for name in PRESETS]
    assert [one.recipe.seed for one in entries] == [0] * 5 + [1] * 5
    assert entries[5].name == "set-fusion-seed1"


def test_the_preset_that_trusts_mert_has_branches_twice_as_wide_as_the_others():
    units = {name: read_recipe(name).mert_units for name in PRESETS}
    trusting = units.pop("trust-mert")
    assert trusting == (512, 256)
    assert {tuple(2 * one for one in narrow) for narrow in units.values()} == {trusting}


@pytest.mark.slow
def test_one_command_trains_judges_and_writes_one_table(workspace, recipes):
    """In two processes; the run that was finished before is kept, though it was in another one."""
    train = ["deep", "genre", "train", "set", "--no-report", *TINY[:-2], "--threads", "1"]
    done = CliRunner().invoke(app, [*train, "--preset", "heavy.yaml", "--name", "set-heavy"])
    assert done.exit_code == 0, done.output
    path = Path("models/genre/set-heavy/train.json")
    when = path.stat().st_mtime_ns
    done = compare("set", "--presets", recipes, *TINY[:-2], "--jobs", "2", "--threads", "1")
    assert path.stat().st_mtime_ns == when
    assert done.stdout.startswith("| preset | PR-AUC |")
    folder = Path("results/genre/set")
    told = json.loads((folder / "comparison.json").read_text())
    assert [row["preset"] for row in told["presets"]] == ["plain", "heavy"]
    assert [row["strategy"] for row in told["presets"]] == ["threshold", "per-genre"]
    assert told["split"] == "test"
    rows = list(csv.DictReader((folder / "comparison.csv").read_text().splitlines()))
    assert [row["preset"] for row in rows] == ["plain", "heavy"]
    assert (
        "- heavy: heavy weights; one threshold per genre" in (folder / "comparison.md").read_text()
    )
    page = (folder / "report.html").read_text()
    for run in ("set-plain", "set-heavy"):
        assert run in page
        judged = json.loads((Path("results/genre") / run / "metrics.json").read_text())
        row = next(one for one in told["presets"] if run.endswith(one["preset"]))
        assert row["pr_auc_macro"] == pytest.approx(judged["pr_auc_macro"])
        assert (Path("models/genre") / run / "threshold_tuning_results.json").exists()


def made_up(preset, seed, score, predicted, method="platt"):
    """Return what a run might be: only what the table reads."""
    recipe = dataclasses.replace(read_recipe(preset), seed=seed)
    untuned = {"predicted_to_true": 2 * predicted, "rare_recall": None, "f1_macro": 0.1}
    names = ("f1_macro", "f1_micro", "rare_recall", "labels_predicted")
    return Compared(
        entry=Entry(preset=preset, recipe=recipe, name=f"{preset}-{seed}"),
        evaluation=SimpleNamespace(history=[{"valid_loss": 0.4}, {"valid_loss": 0.6}], facts={}),
        metrics=dict.fromkeys(names, 0.5)
        | {"pr_auc_macro": score, "predicted_to_true": predicted, "untuned": untuned}
        | {"split": "test", "n": 9, "genres": ["rock"], "rare_genres": ["rock"], "labels_true": 1.0}
        | {"calibration": {"method": method, "before": {"ece": 0.2}, "after": {"ece": 0.1}}},
        result={"best_epoch": 3, "seconds": 60.0},
        strategy="threshold",
    )


def test_the_table_has_means_over_seeds_and_their_spread():
    runs = [
        made_up("soft", 0, 0.5, 0.5),
        made_up("focal", 0, 0.3, 1.0),
        made_up("soft", 1, 0.7, 0.7),
    ]
    soft, focal = rows_of(runs)
    assert soft["pr_auc_macro"] == pytest.approx(0.6)
    assert soft["pr_auc_macro_sd"] == pytest.approx(0.2 / 2**0.5)
    assert (soft["runs"], focal["runs"]) == (2, 1)
    assert soft["tendency"] == "under-predicts"
    assert soft["untuned_rare_recall"] is None
    assert soft["valid_loss_risen"] == pytest.approx(1.5)
    text = markdown([soft, focal])
    assert "| soft | 0.600 ± 0.141 |" in text
    assert "| focal | 0.300 |" in text
    assert len({line.count("|") for line in text.splitlines()}) == 1


@pytest.mark.parametrize(
    ("methods", "words"),
    [
        (("platt", "platt"), "rules tuned on valid, calibration (platt) fitted on calib."),
        (("none", "none"), "nothing calibrated (too few tracks in the split calib)."),
        (("none", "platt"), "calibration (platt) fitted on calib, but not for soft-0."),
    ],
)
def test_the_page_says_what_was_calibrated(tmp_path, methods, words):
    named = zip(("soft", "focal"), methods, strict=True)
    runs = [made_up(name, 0, 0.5, 0.5, method) for name, method in named]
    write_table(runs, tmp_path)
    assert words in (tmp_path / "comparison.md").read_text()


def test_every_strategy_that_auto_may_choose_is_told(tmp_path):
    write_table([dataclasses.replace(made_up("soft", 0, 0.5, 0.5), strategy="auto")], tmp_path)
    said = (tmp_path / "comparison.md").read_text()
    assert "a threshold, the K likeliest genres, both, or a threshold per genre" in said


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["--presets", "soft,hard"], 2, "--preset hard: must be fusion"),
        (["--presets", "soft,soft"], 2, "'soft' is there twice"),
        (["--presets", "soft,"], 2, "a name"),
        (["--strategy", "best"], 2, "--strategy best: must be preset, auto"),
        (["--name", "../x"], 2, "--name ../x"),
        (["--epochs", "0"], 2, "--epochs is 0"),
        ([], 3, "zoneclf deep embed --set set"),
    ],
)
def test_wrong_usage_is_told_before_anything_runs(workspace, options, code, told):
    done = compare("set", *options, code=code)
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not Path("models").exists()


def test_what_failed_in_a_worker_is_told(workspace, recipes):
    folder = Path("models/genre/set-heavy")
    folder.mkdir(parents=True)
    (folder / "train.json").write_text("{")
    done = compare("set", "--presets", "heavy.yaml", *TINY, code=3)
    assert "models/genre/set-heavy/train.json: is not JSON" in done.stderr


class DyingPool:
    """A pool whose first worker is killed as the system does where memory runs out."""

    def __init__(self, *_, **__):
        self.stopped = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        assert self.stopped

    def schedule(self, *_, **__):
        future = Future()
        future.set_exception(ProcessExpired("Abnormal termination", code=-9))
        return future

    def stop(self):
        self.stopped = True


def two_entries():
    return entries_of({name: read_recipe(name) for name in ("soft", "focal")}, "set", 1)


def test_a_worker_that_is_killed_is_told_with_its_run_and_what_to_do(monkeypatch):
    monkeypatch.setattr(workers, "ProcessPool", DyingPool)
    told = r"^set-\w+: its process was ended \(code -9\).* with --jobs 1"
    with pytest.raises(ModelError, match=told):
        comparing.compare(Path("set"), two_entries(), CompareOptions(jobs=2))


@pytest.mark.parametrize(("asked", "seen_jobs"), [(0, 1), (2, 2)])
def test_one_run_at_a_time_on_a_gpu_unless_more_are_asked_for(monkeypatch, asked, seen_jobs):
    seen = []
    monkeypatch.setattr(workers, "device_of", lambda _: "cuda")
    monkeypatch.setattr(comparing, "in_workers", lambda *_, jobs: seen.append(jobs))
    comparing.compare(Path("set"), two_entries(), CompareOptions(jobs=asked))
    assert seen == [seen_jobs]


def test_a_recipe_may_ask_for_thresholds_that_are_there():
    wanted = {read_recipe(name).thresholds for name in PRESETS}
    assert wanted <= STRATEGY_OF.keys()
    assert dataclasses.replace(read_recipe("soft"), seed=1).thresholds == "global"
