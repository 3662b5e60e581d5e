"""``zoneclf deep genre train`` as a user meets it: options, refusals, a process that is killed."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import safetensors
import torch
from typer.testing import CliRunner

from zoneclf.cli import app
from zoneclf.deep.checkpoint import load_checkpoint
from zoneclf.deep.genre.learning import GENRE, macro_average_precision
from zoneclf.deep.genre.opening import open_run
from zoneclf.deep.genre.prepared import load_prepared
from zoneclf.deep.genre.training_recipe import read_recipe
from zoneclf.deep.inference import logits_of
from zoneclf.deep.recipe import plain
from zoneclf.deep.run_card import Run, RunCard, unfinished, write_run
from zoneclf.deep.sets.embeddings import command_for
from zoneclf.errors import ModelError, TableError
from zoneclf.store import Origin, TableNote, TableSpec, write_table

TINY = ["--base-channels", "4", "--cnn-features", "8", "--epochs", "2", "--threads", "1"]
TINY += ["--no-report"]


def train(*options, code=0):
    done = CliRunner().invoke(app, ["deep", "genre", "train", *options])
    assert done.exit_code == code, done.output
    return done


def embed(folder, name="toy"):
    """Write embeddings that tell the first genre."""
    prepared = load_prepared(folder)
    values = np.random.default_rng(0).normal(0, 1, (len(prepared), 6))
    values[:, 0] += 10 * prepared.targets[:, 0]
    names = tuple(f"mert_{number:04}_mean" for number in range(6))
    spec = TableSpec(
        level="tracks", descriptors=name, window_s=5, hop_s=5, rate_hz=24000, features=names
    )
    note = TableNote(
        spec=spec,
        origins=(Origin(extractor="mert", extractor_version=1, licence="non-commercial"),),
    )
    columns = {"track_id": prepared.track_ids.tolist(), "path": prepared.paths.tolist()}
    columns |= {"status": ["ok"] * len(prepared)}
    columns |= {key: values[:, place] for place, key in enumerate(names)}
    write_table(pa.table(columns), note, folder / f"embeddings-{name}.parquet")


def card_of(run):
    return json.loads((Path("models/genre") / run / "train.json").read_text())


def weights_of(run):
    return load_checkpoint(Path("models/genre") / run).network.state_dict()


def test_a_run_leaves_all_that_others_need(workspace):
    done = train("set", *TINY, "--report", "--json")
    said = json.loads(done.stdout)
    page = Path("results/genre/mel-cnn-1-valid/report.html")
    assert said["report"] == str(page)
    told = json.loads(page.with_name("metrics.json").read_text())
    assert (told["split"], told["pr_auc_macro"]) == ("valid", pytest.approx(said["valid_pr_auc"]))
    assert "img" in page.read_text()
    again = train("set", *TINY, "--report", "--name", "mel-cnn-1")  # made once, not at every call
    assert f"report: {page}" in again.stdout
    folder = Path("models/genre/mel-cnn-1")
    assert said["run"] == str(folder)
    names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    assert names == {"best", "last", "history.csv", "history.png", "train.json"}
    checkpoint, prepared = load_checkpoint(folder, task="genre"), load_prepared(Path("set"))
    card = checkpoint.card
    assert card.labels == prepared.genres
    assert card.spectrogram == prepared.spectrogram_settings.as_json()
    assert card.training_statistics["bands"]["mean"] == prepared.statistics["bands"]["mean"]
    assert card.embedding is None
    valid = prepared.places("valid")
    logits = logits_of(checkpoint, prepared, valid, "cpu")
    score = macro_average_precision(logits, prepared.targets[valid])
    assert score == pytest.approx(said["valid_pr_auc"], abs=1e-6)


def test_the_score_is_scikit_learns():
    from sklearn.metrics import average_precision_score

    random = np.random.default_rng(0)
    targets, logits = random.random((50, 4)) < 0.2, random.normal(0, 1, (50, 4)).round(1)
    targets[:, 2] = False
    there = [0, 1, 3]
    wanted = average_precision_score(targets[:, there], logits[:, there], average="macro")
    assert macro_average_precision(logits, targets) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("preset", ["weighted", "trust-mert"])
def test_a_preset_with_embeddings(workspace, preset):
    embed(workspace / "set")
    done = train("set", "--preset", preset, *TINY)
    assert done.stdout.startswith(f"models/genre/{preset}-1: validation PR-AUC")
    found = load_checkpoint(Path(f"models/genre/{preset}-1"))
    assert found.card.architecture == "fusion"
    assert found.card.embedding["spec"]["descriptors"] == "toy"
    assert found.card.training["licence"] == "non-commercial"
    prepared = load_prepared(Path("set"))
    seen = prepared.embeddings()[prepared.places("train")]
    mert = found.network.mert
    np.testing.assert_allclose(mert.units.mean.numpy(), seen.mean(axis=0), rtol=1e-5)
    if preset == "trust-mert":
        assert [layer.out_features for layer in mert.layers] == [512, 256]
        assert (mert.dropout.p, found.network.cnn.dropout.p) == (0.2, 0.5)


def test_what_embeddings_say_is_learnt(workspace):
    embed(workspace / "set")
    train("set", "--architecture", "mert-mlp", "--epochs", "30", "--lr", "0.01", "--threads", "1")
    prepared = load_prepared(Path("set"))
    places = prepared.places("valid")
    found = load_checkpoint(Path("models/genre/mert-mlp-1"))
    first = logits_of(found, prepared, places)[:, 0]
    truth = prepared.targets[places, 0]
    assert first[truth].mean() > first[~truth].mean() + 1


def test_fusion_without_embeddings_names_the_command_that_makes_them(workspace):
    done = train("set", "--preset", "fusion", code=3)
    assert "zoneclf deep embed --set set" in done.stderr
    assert "--architecture mel-cnn" in done.stderr
    assert not Path("models").exists()


def test_several_embeddings_are_chosen_by_name(workspace):
    embed(workspace / "set", "one")
    embed(workspace / "set", "two")
    done = train("set", "--architecture", "mert-mlp", "--epochs", "1", code=3)
    assert "one, two" in done.stderr
    train("set", "--architecture", "mert-mlp", "--epochs", "1", "--embeddings", "two")
    found = load_checkpoint(Path("models/genre/mert-mlp-1"))
    assert found.card.embedding["spec"]["descriptors"] == "two"


def test_a_run_is_judged_on_the_embeddings_it_learnt_from(workspace):
    """Never on others that are only as wide; which lie where no more than how they were made."""
    embed(workspace / "set", "one")
    train("set", "--architecture", "mert-mlp", "--epochs", "1", "--name", "m", "--threads", "1")
    folder = Path("models/genre/m")
    shutil.copytree("set", "other")
    table = Path("set/embeddings-one.parquet")
    table.rename("other/embeddings-two.parquet")
    Path("other/embeddings-one.parquet").unlink()
    assert open_run(folder, set_folder=Path("other"), device="cpu").embeddings == "two"
    with pytest.raises(TableError, match="deep embed --set set"):
        open_run(folder, device="cpu")
    embed(workspace / "set", "strange")
    with pytest.raises(ModelError, match=r"are strange, .* are one; run `zoneclf deep embed"):
        open_run(folder, device="cpu")


def test_embeddings_that_come_later_change_nothing_for_a_run(workspace):
    embed(workspace / "set", "one")
    train("set", "--architecture", "mert-mlp", "--epochs", "1", "--name", "m", "--threads", "1")
    assert card_of("m")["embeddings"] == "one"
    embed(workspace / "set", "two")
    opened = open_run(Path("models/genre/m"), device="cpu")
    assert opened.scored("valid").logits.shape[1] == len(opened.prepared.genres)
    done = train("--resume", "--name", "m")
    assert done.stdout.startswith("models/genre/m: validation PR-AUC")


def test_the_command_for_the_right_embeddings_names_all_that_they_are_made_of():
    notes = {"model": "m-a-p/MERT-v1-95M", "revision": "abc", "layer": "7", "pooling": "mean"}
    said = command_for(Path("set"), {**notes, "chunk_s": 5.0, "foreign_code": False})
    assert said == (
        "zoneclf deep embed --set set --model m-a-p/MERT-v1-95M --revision abc --layer 7 "
        "--pooling mean --chunk 5.0"
    )
    assert "--model FOLDER" in command_for(Path("set"), {**notes, "revision": "sha256-1"})


@pytest.mark.parametrize("content", ["{", '{"format": 0}'])
def test_a_damaged_run_does_not_keep_others_from_being_trained(tmp_path, capsys, content):
    for name, text in (("bad", content), ("good", None)):
        (tmp_path / name).mkdir()
        if text is not None:
            (tmp_path / name / "train.json").write_text(text)
    card = RunCard(digest="d", set="set", recipe=plain(read_recipe("soft")))
    write_run(Run(tmp_path / "good", card))
    assert [run.folder.name for run in unfinished(GENRE, tmp_path)] == ["good"]
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert "bad/train.json" in told[0]


def test_a_run_of_another_task_is_refused(workspace):
    train("set", *TINY, "--epochs", "1", "--name", "m")
    path = Path("models/genre/m/train.json")
    path.write_text(json.dumps(card_of("m") | {"task": "mood"}))
    done = train("set", *TINY, "--epochs", "1", "--name", "m", code=3)
    assert "is a run of mood; here one of genre is needed" in done.stderr


def test_crops_that_are_changed_make_another_run(workspace):
    train("set", *TINY, "--epochs", "1")
    changes = ["--noise-db", "10", "--stretch", "0.1", "--time-mask", "0.2"]
    train("set", *TINY, "--epochs", "1", *changes)
    told = [card_of(f"mel-cnn-{number}")["recipe"]["noise_db"] for number in (1, 2)]
    assert told == [None, 10.0]
    first, second = weights_of("mel-cnn-1"), weights_of("mel-cnn-2")
    assert not torch.equal(first["head.weight"], second["head.weight"])
    embed(workspace / "set")
    done = train("set", "--architecture", "mert-mlp", *changes, code=2)
    assert "--noise-db, --stretch, --time-mask: changes what is heard, and mert-mlp" in done.stderr


def test_class_weights_are_told_in_debug_output(workspace):
    told = [
        CliRunner().invoke(app, [*verbose, "deep", "genre", "train", "set", *TINY, *more]).stderr
        for verbose, more in ([[], ["--name", "a"]], [["-v"], ["--name", "b"]])
    ]
    assert "weights: min" not in told[0]
    assert "weights: min" in told[1]
    assert "field: weight" in told[1]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--preset", "hard"], "--preset hard: must be fusion, weighted, soft, focal, trust-mert"),
        (["--loss", "hinge"], "--loss is str 'hinge'; it must be one of bce, focal"),
        (["--architecture", "resnet"], "--architecture is str 'resnet'"),
        (["--lr", "0"], "--lr is 0.0; it must be from 1e-08 to 10"),
        (["--lr", "nan"], "--lr is nan; it must be a finite number"),
        (["--dropout", "1"], "--dropout is 1.0"),
        (["--batch-size", "1"], "--batch-size is 1; it must be from 2"),
        (["--base-channels", "2"], "--base-channels is 2"),
        (["--crop", "0"], "--crop is 0.0"),
        (["--schedule", "step"], "--schedule is str 'step'"),
        (["--pos-weight-cap", "0.5"], "--pos-weight-cap is 0.5"),
        (["--device", "tpu"], "--device tpu: must be auto, cpu, cuda"),
        (["--name", "a/b"], "--name a/b: must be the name of a folder"),
        (["--name", "a-"], "--name a-: must be the name of a folder"),
        (["--resume"], "--resume: takes all that a run learns from its folder"),
    ],
)
def test_wrong_usage_is_told_in_a_line(workspace, options, told):
    done = train("set", *options, code=2)
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not Path("models").exists()


def test_a_set_must_be_named_and_be_one(workspace):
    assert "SET: is missing" in train(code=2).stderr
    assert "deep genre prepare" in train("models", code=3).stderr


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_told(workspace):
    assert "--device cuda: there is no GPU here" in train("set", "--device", "cuda", code=2).stderr


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("epocs: 3\n", "unknown key 'epocs'; known here: about, adapt"),
        ("epochs: many\n", "epochs must be int, not str 'many'"),
        ("dropout: 2\n", "dropout is 2.0; it must be from 0 to 0.95"),
        ("- fusion\n", "must hold keys and values"),
        ("epochs: 3\nepochs: 4\n", "already on line 1"),
        ("mert_units: []\n", r"mert_units is []; from 1 to 4096 each"),
    ],
)
def test_a_recipe_of_ones_own_is_read_strictly(workspace, content, told):
    Path("mine.yaml").write_text(content)
    done = train("set", "--preset", "mine.yaml", code=3)
    assert told in done.stderr
    assert "mine.yaml" in done.stderr


def test_the_presets_are_what_the_stages_were():
    from zoneclf.deep.genre.training_recipe import PRESETS, read_recipe

    fusion, weighted, soft, focal, trust = (read_recipe(name) for name in PRESETS)
    assert {one.architecture for one in (fusion, weighted, soft, focal, trust)} == {"fusion"}
    assert (fusion.pos_weight_power, weighted.pos_weight_power, soft.pos_weight_power) == (
        0,
        1,
        0.5,
    )
    assert (weighted.dropout, soft.dropout) == (0.3, 0.5)
    assert (focal.loss, focal.gamma, focal.thresholds) == ("focal", 2, "per-genre")
    assert (trust.mert_units, trust.mert_dropout, trust.cnn_features) == ((512, 256), 0.2, 32)


def test_a_finished_run_is_not_trained_again_and_names_do_not_collide(workspace):
    train("set", *TINY, "--name", "a")
    before = Path("models/genre/a/best/card.json").stat().st_mtime_ns
    train("set", *TINY, "--name", "a")
    assert Path("models/genre/a/best/card.json").stat().st_mtime_ns == before
    done = train("set", *TINY, "--seed", "1", "--name", "a", code=2)
    assert "models/genre/a: is a run of other settings; take another --name" in done.stderr
    train("set", *TINY)
    train("set", *TINY, "--seed", "1")
    assert card_of("mel-cnn-2")["recipe"]["seed"] == 1


def test_the_same_seed_gives_the_same_weights_and_another_does_not(workspace):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        train("set", *TINY, "--seed", str(seed), "--name", name)
    a, b, c = (weights_of(name)["head.weight"] for name in "abc")
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_nothing_to_resume_is_told(workspace):
    done = CliRunner().invoke(app, ["deep", "genre", "train", "--resume"])
    assert done.exit_code == 2
    assert "--resume: there is no unfinished run" in done.stderr
    done = CliRunner().invoke(app, ["deep", "genre", "train", "--resume", "--name", "x"])
    assert done.exit_code == 3
    assert "models/genre/x/train.json: is missing" in done.stderr


def test_a_damaged_train_json_is_told(workspace):
    train("set", *TINY, "--name", "a")
    path = Path("models/genre/a/train.json")
    for content in ("{", "[]", '{"digest": 3}', json.dumps(card_of("a") | {"recipe": {"lr": "x"}})):
        path.write_text(content)
        assert str(path) in train("set", *TINY, "--name", "a", code=3).stderr


def test_another_zoneclf_in_the_folder_is_told(workspace):
    from filelock import FileLock

    Path("models/genre/a").mkdir(parents=True)
    with FileLock("models/genre/a/.lock"):
        assert "another zoneclf trains there" in train("set", *TINY, "--name", "a", code=6).stderr


def test_spectrograms_of_other_settings_are_refused(workspace, prepared_set):
    train("set", *TINY, "--name", "a")
    found = load_checkpoint(Path("models/genre/a"))

    class Other:
        from zoneclf.deep.spectrograms import SpectrogramSettings

        spectrogram_settings = SpectrogramSettings(mels=64, hop=256)

    with pytest.raises(ModelError, match="other spectrograms \\(hop 256 instead of 512\\)"):
        logits_of(found, Other(), [0])


def stands(folder):
    """Return how many epochs and batches are stored of a run; None before the first."""
    try:
        with safetensors.safe_open(folder / "resume.safetensors", framework="np") as opened:
            state = json.loads(opened.metadata()["state"])
    except (OSError, safetensors.SafetensorError):
        return None
    return len(state["history"]), state["batches"]


def kill_amid(command, folder):
    """Start a command and kill it amid its second epoch."""
    running = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while running.poll() is None:
        at = stands(folder)
        if at and at[0] >= 1 and 3 < at[1] < 12:
            break
        time.sleep(0.002)
    running.send_signal(signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL, "it ended before it was killed"
    return stands(folder)


@pytest.mark.slow
def test_a_killed_process_goes_on_to_the_same_weights(workspace):
    """Kill -9 amid an epoch; then --resume ends it as if nothing had been."""
    options = ["set", "--base-channels", "4", "--cnn-features", "8", "--epochs", "4"]
    options += ["--batch-size", "2", "--threads", "1", "--save-every", "0"]
    command = [sys.executable, "-m", "zoneclf", "deep", "genre", "train", *options, "--name", "cut"]
    folder = Path("models/genre/cut")
    epochs, batches = kill_amid(command, folder)
    assert epochs >= 1
    assert batches > 0, "not amid an epoch"
    assert not card_of("cut")["finished"]
    done = CliRunner().invoke(app, ["deep", "genre", "train", "--resume"])
    assert f"goes on in epoch {epochs + 1}, after {batches} batches of it" in done.stderr
    train(*options, "--name", "whole")
    cut, whole = card_of("cut"), card_of("whole")
    for name in ("valid_pr_auc", "valid_loss", "train_loss", "best_epoch", "epochs"):
        assert cut["result"][name] == whole["result"][name]
    for kind in ("best", "last"):
        ours, theirs = (
            (Path("models/genre") / run / kind / "weights.safetensors").read_bytes()
            for run in ("cut", "whole")
        )
        assert ours == theirs
    assert not (folder / "resume.safetensors").exists()
