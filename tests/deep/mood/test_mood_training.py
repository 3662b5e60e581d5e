"""``zoneclf deep mood train``: one mood per track, learnt, weighted, stored, gone on with."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import balanced_accuracy_score
from torch.nn import functional

from zoneclf.deep.checkpoint import load_checkpoint
from zoneclf.deep.genre.prepared import load_prepared
from zoneclf.deep.inference import logits_of
from zoneclf.deep.mood.learning import (
    MOOD,
    balanced_accuracy,
    class_weights,
    codes_of,
    lesson_of,
)
from zoneclf.deep.mood.recipe import MoodRecipe

TINY = ["--base-channels", "4", "--blocks", "1", "--features", "8", "--threads", "1"]


@pytest.fixture
def train(zoneclf):
    """Runs the command."""
    return lambda *options, code=0: zoneclf("mood", "train", *options, code=code)


def test_a_mood_run_leaves_all_that_others_need(workspace, train):
    done = train("set", *TINY, "--epochs", "2", "--json")
    said = json.loads(done.stdout)
    folder = Path("models/mood/mood-resnet-1")
    assert said["run"] == str(folder)
    assert said["report"] == "results/mood/mood-resnet-1-valid/report.html"
    assert Path(said["report"]).exists()
    names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    assert names == {"best", "last", "history.csv", "history.png", "train.json"}
    checkpoint, prepared = load_checkpoint(folder, task="mood"), load_prepared(Path("set"))
    card = checkpoint.card
    assert card.labels == prepared.genres
    assert card.architecture == "mood-resnet"
    assert card.training_statistics["bands"]["mean"] == prepared.statistics["bands"]["mean"]
    valid = prepared.places("valid")
    score = balanced_accuracy(logits_of(checkpoint, prepared, valid), codes_of(prepared)[valid])
    assert score == pytest.approx(said["valid_balanced_accuracy"], abs=1e-6)


def test_what_can_be_heard_is_learnt(run_folder):
    """Three moods are told apart better than by guessing, on tracks that it has not learnt."""
    prepared = load_prepared(run_folder / "set")
    checkpoint = load_checkpoint(run_folder / "models/mood/small")
    places = np.concatenate([prepared.places(split) for split in ("valid", "calib", "test")])
    found = balanced_accuracy(logits_of(checkpoint, prepared, places), codes_of(prepared)[places])
    assert found > 0.8


def test_the_score_is_scikit_learns():
    random = np.random.default_rng(0)
    logits, truth = random.normal(0, 1, (60, 5)).astype(np.float32), random.integers(0, 3, 60)
    wanted = balanced_accuracy_score(truth, np.minimum(logits[:, :3].argmax(axis=1), 2))
    logits[:, 3:] = -9
    assert balanced_accuracy(logits, truth) == pytest.approx(wanted)


def test_the_loss_is_cross_entropy_with_weights_and_smoothing(mood_set):
    recipe = MoodRecipe(label_smoothing=0.1, class_weight_power=0.5)
    lesson, told = lesson_of(MOOD.material(mood_set.folder, recipe, ""), recipe, "cpu")
    counts = mood_set.targets[mood_set.places("train")].sum(axis=0)
    weights = np.sqrt(counts.max() / counts)
    logits = torch.randn(20, len(counts), generator=torch.Generator().manual_seed(0))
    targets = lesson.targets[lesson.train][:20]
    chances = functional.log_softmax(logits, 1).numpy().astype(np.float64)
    share = 0.9 * np.eye(len(counts))[targets.numpy()] + 0.1 / len(counts)
    wanted = -(share * chances * weights).sum() / weights[targets.numpy()].sum()
    assert float(lesson.loss(logits, targets)) == pytest.approx(wanted, rel=1e-5)
    assert "weights: min 1" in told[1]


def test_a_mood_that_nobody_has_weighs_nothing_special():
    weights = class_weights(torch.tensor([100.0, 25.0, 0.0]), 0.5)
    assert weights.tolist() == [1.0, 2.0, 1.0]
    assert class_weights(torch.tensor([100.0, 25.0, 0.0]), 0.0).tolist() == [1.0, 1.0, 1.0]


def test_a_stopped_mood_run_goes_on_and_a_finished_one_is_kept(learnt, train):
    path = Path("models/mood/small/train.json")
    before = path.read_text()
    done = train("--resume", "--name", "small", "--no-report")
    assert done.stdout.startswith("models/mood/small: validation balanced accuracy")
    assert path.read_text() == before
    assert "no unfinished run" in train("--resume", code=2).stderr


def test_a_set_with_several_labels_per_track_is_refused(tmp_path, monkeypatch, prepared_set, train):
    monkeypatch.chdir(tmp_path)
    done = train(prepared_set.folder, *TINY, code=3)
    assert "of its tracks have not exactly one mood" in done.stderr
    assert "zoneclf deep mood prepare" in done.stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--label-smoothing", "1"], "--label-smoothing is 1.0; it must be from 0 to 0.9"),
        (["--class-weight-power", "-1"], "--class-weight-power is -1.0"),
        (["--architecture", "fusion"], "--architecture is str 'fusion'; it must be one of mood"),
        (["--blocks", "9"], "--blocks is 9"),
    ],
)
def test_wrong_usage_is_told_in_a_line(workspace, options, told, train):
    done = train("set", *options, code=2)
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_other_networks_learn_moods_as_well(workspace, train):
    done = train("set", "--architecture", "mel-cnn", *TINY, "--epochs", "1", "--no-report")
    assert done.stdout.startswith("models/mood/mel-cnn-1:")
    assert "deep embed --set set" in train("set", "--architecture", "mert-mlp", code=3).stderr
