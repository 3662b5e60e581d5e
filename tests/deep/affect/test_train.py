"""``zoneclf deep affect train`` and ``evaluate`` as a user meets them."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from typer.testing import CliRunner

from tests.deep.affect.conftest import SETTINGS, embed
from zoneclf.cli import app
from zoneclf.deep.affect.affect_set import load_affect
from zoneclf.deep.affect.agreement import concordance
from zoneclf.deep.affect.judging import open_affect, rescale_of
from zoneclf.deep.affect.rescale import bounded, fit_rescale
from zoneclf.deep.checkpoint import CheckpointCard, load_checkpoint, save_checkpoint
from zoneclf.deep.networks import build

TINY = ["--base-channels", "4", "--features", "8", "--crop", "1", "--threads", "1"]
LEARNS = [*TINY, "--features", "32", "--dropout", "0", "--lr", "0.005"]
SHORT = [*TINY, "--epochs", "1"]
RUNS = Path("models/affect")


def zoneclf(*options, code=0):
    done = CliRunner().invoke(app, ["deep", "affect", *options])
    assert done.exit_code == code, done.output
    return done


def train(*options, code=0):
    return zoneclf("train", "set", *options, code=code)


def mood(name="moods", *, seed=0, settings=SETTINGS, task="mood", licence=""):
    """Write a mood checkpoint."""
    shape = {"mels": settings.mels, "frames": 20, "base_channels": 4, "features": 8, "blocks": 1}
    parameters = {"labels": 3, **shape}
    torch.manual_seed(seed)
    network = build("mood-resnet", parameters)
    card = CheckpointCard(
        task=task,
        labels=("calm", "happy", "wild"),
        architecture="mood-resnet",
        parameters=parameters,
        spectrogram=settings.as_json(),
        training={"licence": licence},
    )
    folder = Path("models") / task / name / "best"
    save_checkpoint(folder, network, card)
    return folder


def weights(folder):
    return load_checkpoint(folder).network.state_dict()


def test_a_cnn_learns_and_its_run_says_all(affect_workspace):
    said = json.loads(
        train(*LEARNS, "--crop", "4", "--epochs", "10", "--batch-size", "4", "--json").stdout
    )
    folder = RUNS / "mel-cnn-1"
    assert said["run"] == str(folder)
    checkpoint = load_checkpoint(folder, task="affect")
    assert checkpoint.card.labels == ("arousal", "valence")
    assert checkpoint.card.architecture == "mel-cnn"
    opened = open_affect(folder, device="cpu")
    true = opened.prepared.targets[opened.places("valid")]
    predicted = bounded(opened.logits("valid"))
    assert concordance(true, predicted) == pytest.approx(said["valid_ccc"], abs=1e-6)
    assert said["valid_ccc"] > 0.5
    rescale = rescale_of(checkpoint)
    assert rescale == fit_rescale(true, predicted, "valid")


def test_a_network_begins_with_the_mean_of_the_training_tracks(affect_workspace):
    train(*SHORT, "--lr", "1e-8")
    opened = open_affect(RUNS / "mel-cnn-1", device="cpu")
    mean = opened.prepared.targets[opened.places("train")].mean(axis=0)
    np.testing.assert_allclose(opened.checkpoint.network.head.bias.detach(), mean, atol=1e-4)
    assert np.abs(opened.logits("test") - mean).max() < 2


def test_a_network_is_as_restricted_as_what_it_learnt_from(affect_workspace):
    mood(licence="non-commercial")
    short = ("--crop", "1", "--epochs", "1")
    train("--mood", "moods", *short)
    train(*SHORT, "--name", "free")
    path = Path("set/set.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"licence": "non-commercial"}))
    train(*SHORT, "--name", "bound")
    names = ("mood-resnet-1", "free", "bound")
    said = [load_checkpoint(RUNS / name).card.training["licence"] for name in names]
    assert said == ["non-commercial", "", "non-commercial"]


@pytest.mark.parametrize(("freeze", "kept"), [("all", 0), ("part", 1), ("none", 2)])
def test_a_mood_network_is_gone_on_with(affect_workspace, freeze, kept):
    before = weights(mood())
    train("--mood", "moods", "--freeze", freeze, "--crop", "1", "--epochs", "1", "--lr", "0.01")
    folder = RUNS / "mood-resnet-1"
    after = weights(folder)
    assert after["head.weight"].shape == (2, 8)
    same = {name for name in before if torch.equal(before[name], after[name])}
    # What counts batches and the units of the inputs are no weights that learn.
    learnt = {name for name in before if name not in same}
    parts = {name.split(".")[0] for name in learnt}
    stages = {".".join(name.split(".")[:2]) for name in learnt if name.startswith("stages")}
    wanted = [
        ({"head"}, set()),
        ({"head", "hidden", "stages"}, {"stages.2"}),
        ({"head", "hidden", "stages", "stem"}, {"stages.0", "stages.1", "stages.2"}),
    ][kept]
    assert (parts, stages) == wanted
    result = json.loads((folder / "train.json").read_text())["result"]
    assert (result["weights_learnt"] < result["weights"]) == (freeze != "none")


def test_a_mood_network_is_frozen_unless_told(affect_workspace):
    mood()
    train("--mood", "moods", *SHORT)
    recipe = json.loads((RUNS / "mood-resnet-1/train.json").read_text())["recipe"]
    assert (recipe["backbone"], recipe["freeze"]) == ("mood-resnet", "all")


def test_a_resnet_may_begin_from_nothing(affect_workspace):
    train("--backbone", "mood-resnet", *SHORT)
    result = json.loads((RUNS / "mood-resnet-1/train.json").read_text())["result"]
    assert result["weights_learnt"] == result["weights"]


def test_a_mood_network_that_does_not_fit_is_refused(affect_workspace):
    other = SETTINGS.__class__(**{**SETTINGS.as_json(), "hop": 200})
    mood("fine", settings=other)
    done = train("--mood", "fine", *SHORT, code=3)
    assert "hop 400, not 200" in done.stderr
    mood("wrong", task="genre")
    assert "mood" in train("--mood", "models/genre/wrong", *SHORT, code=3).stderr
    assert "none: is no run" not in train("--mood", "none", *SHORT, code=3).stdout


def test_a_run_is_not_gone_on_with_from_another_mood_network(affect_workspace):
    mood()
    train("--mood", "moods", *SHORT, "--name", "m")
    mood(seed=1)
    done = train("--mood", "moods", *SHORT, "--name", "m", code=2)
    assert "other settings" in done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--freeze", "all"], "--freeze is all; without mood nothing"),
        (["--backbone", "mel-cnn", "--mood", "moods"], "not mood-resnet"),
        (["--backbone", "mert", "--targets", "dynamic"], "one embedding per track"),
        (["--backbone", "vgg"], "must be one of mel-cnn, mood-resnet, wav2vec2, mert"),
        (["--loss", "mae"], "must be one of mse, ccc"),
    ],
)
def test_what_does_not_go_together_is_refused(affect_workspace, options, words):
    mood()
    assert words in train(*options, code=2).stderr


def test_embeddings_are_chosen_by_their_encoder(affect_workspace):
    done = train("--backbone", "wav2vec2", code=3)
    assert "zoneclf deep embed --set set --model facebook/wav2vec2-base" in done.stderr
    embed(Path("set"), "mert", "one")
    embed(Path("set"), "wav2vec2", "two")
    told = ["--epochs", "60", "--lr", "0.01", "--threads", "1"]
    train("--backbone", "wav2vec2", *told)
    card = load_checkpoint(RUNS / "wav2vec2-1").card
    assert card.embedding["spec"]["descriptors"].startswith("wav2vec2/")
    assert card.training["licence"] == "non-commercial"
    opened = open_affect(RUNS / "wav2vec2-1", device="cpu")
    true = opened.prepared.targets[opened.places("test")]
    assert concordance(true, bounded(opened.logits("test"))) > 0.6
    done = train("--backbone", "mert", "--embeddings", "two", code=3)
    assert "are wav2vec2/tiny@1/layerall/mean, not by mert" in done.stderr
    embed(Path("set"), "mert", "three")
    assert "(one, three)" in train("--backbone", "mert", code=3).stderr


def test_the_concordance_loss_is_what_is_learnt_by(affect_workspace):
    embed(Path("set"))
    told = ["--backbone", "wav2vec2", "--epochs", "2", "--threads", "1", "--batch-size", "64"]
    train(*told, "--loss", "ccc", "--name", "c")
    rows = (RUNS / "c/history.csv").read_text().splitlines()
    names = rows[0].split(",")
    last = dict(zip(names, map(float, rows[-1].split(",")), strict=True))
    opened = open_affect(RUNS / "c", device="cpu")
    true = opened.prepared.targets[opened.places("valid")]
    assert last["valid_loss"] == pytest.approx(
        1 - concordance(true, opened.logits("valid")), abs=1e-4
    )


def test_courses_are_learnt_window_by_window(affect_workspace):
    options = [*LEARNS, "--batch-size", "16", "--epochs", "3"]
    train("--targets", "dynamic", *options, "--name", "d")
    said = json.loads(zoneclf("evaluate", "d", "--json").stdout)
    # 80 frames of 50 ms, windows of 20 that begin every 10: seven of each test track.
    assert said["windows"]["n"] == 7 * len(load_affect(Path("set")).places("test"))
    assert said["windows"]["mean"]["ccc"] > 0.4
    # What turns within a track is followed: better than the same value all along.
    assert said["windows"]["mean"]["correlation"] > 0.5


def test_courses_are_needed_to_learn_them(affect_workspace):
    Path("set/courses.parquet").unlink()
    assert "zoneclf deep affect prepare" in train("--targets", "dynamic", *SHORT, code=3).stderr


def test_evaluate_writes_all_and_tells_regression_to_the_mean(affect_workspace):
    embed(Path("set"))
    train("--backbone", "wav2vec2", "--epochs", "40", "--lr", "0.01", "--name", "w")
    done = zoneclf("evaluate", "w")
    assert "of the true spread" in done.stdout
    assert "Rescaled to the spread of the validation tracks: spread" in done.stdout
    folder = Path("results/affect/w")
    names = {path.name for path in folder.iterdir()}
    assert {"metrics.json", "predictions.parquet", "report.html", "va_plane.png"} <= names
    told = json.loads((folder / "metrics.json").read_text())
    assert told["cost"]["encoder_megabytes"] == 380
    assert told["cost"]["megabytes"] < 0.1
    assert told["rescaled"]["arousal"]["spread_ratio"] == pytest.approx(
        told["arousal"]["spread_ratio"] * told["rescale"]["scale"][0], rel=0.05
    )
    change = told["rescaled_minus_predicted"]["mean"]["ccc"]
    apart = told["rescaled"]["mean"]["ccc"] - told["mean"]["ccc"]
    assert change["difference"] == pytest.approx(apart)
    rows = pq.read_table(folder / "predictions.parquet").to_pydict()
    places = load_affect(Path("set")).places("test")
    assert len(rows["track_id"]) == len(places)
    assert {"arousal_true", "arousal_predicted", "valence_rescaled"} <= rows.keys()
    before = (folder / "metrics.json").read_bytes()
    zoneclf("evaluate", "w", "--split", "valid")
    assert (folder / "metrics.json").read_bytes() == before
    said = json.loads(Path("results/affect/w-valid/metrics.json").read_text())
    assert said["split"] == "valid"


def test_a_run_goes_on_where_it_was_stopped(affect_workspace):
    train(*SHORT, "--name", "one")
    before = weights(RUNS / "one")
    train(*SHORT, "--name", "one")
    after = weights(RUNS / "one")
    assert all(torch.equal(before[name], after[name]) for name in before)
