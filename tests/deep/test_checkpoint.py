"""Checkpoints come back as they were, and whatever was changed in one is refused by name."""

import dataclasses
import hashlib
import json

import pytest
import safetensors.torch
import torch

from zoneclf.deep.checkpoint import (
    CARD,
    WEIGHTS,
    CheckpointCard,
    amend_card,
    load_checkpoint,
    read_card,
    save_checkpoint,
)
from zoneclf.deep.networks import build
from zoneclf.errors import ModelError

PARAMETERS = {"labels": 3, "mels": 16, "frames": 20, "base_channels": 8, "features": 6}
CARD_OF = CheckpointCard(
    task="genre",
    labels=("dub", "folk", "pop"),
    architecture="mel-cnn",
    parameters=PARAMETERS,
    spectrogram={"mels": 16, "rate_hz": 22050},
    training_statistics={"mean": -40.0},
)


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(1)
    save_checkpoint(tmp_path / "best", build("mel-cnn", PARAMETERS), CARD_OF)
    return tmp_path / "best"


def change_card(folder, **changes):
    content = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps(content | changes))


def change_weights(folder, change, *, keep_seal=True):
    """Rewrite the weights, with a card whose hash is right again."""
    path = folder / WEIGHTS
    weights = safetensors.torch.load_file(path)
    change(weights)
    seal = {"card": CARD_OF.seal} if keep_seal else None
    path.write_bytes(safetensors.torch.save(weights, metadata=seal))
    change_card(folder, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def test_a_checkpoint_answers_as_the_network_did(tmp_path):
    network = build("mel-cnn", PARAMETERS)
    network(batch := {"spectrogram": torch.randn(4, 16, 20)})  # moves the running statistics
    network.eval()
    save_checkpoint(tmp_path / "run" / "best", network, CARD_OF)
    found = load_checkpoint(tmp_path / "run", task="genre")  # a run's folder means its best
    assert torch.equal(found.network(batch), network(batch))
    assert found.card == dataclasses.replace(CARD_OF, sha256=found.card.sha256)
    assert sorted(path.name for path in found.folder.iterdir()) == [CARD, WEIGHTS]


def test_a_new_checkpoint_takes_the_old_ones_place(folder):
    save_checkpoint(folder, build("mel-cnn", PARAMETERS), dataclasses.replace(CARD_OF, task="x"))
    assert load_checkpoint(folder).card.task == "x"
    assert [path.name for path in folder.parent.iterdir()] == ["best"]


def test_thresholds_may_be_added_later_and_nothing_else_may(folder):
    amend_card(folder, thresholds={"rule": "global", "threshold": 0.4}, calibration=None)
    assert load_checkpoint(folder).card.thresholds == {"rule": "global", "threshold": 0.4}
    assert load_checkpoint(folder).card.labels == CARD_OF.labels


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"labels": ["folk", "dub", "pop"]}, "trained for other labels"),
        ({"labels": ["dub", "folk"]}, "2 labels for 3 answers"),
        ({"labels": ["dub", "dub", "pop"]}, "named twice"),
        ({"labels": "dub"}, "labels must be tuple"),
        ({"spectrogram": {"mels": 16, "rate_hz": 44100}}, "trained for other labels, inputs"),
        ({"architecture": "os.system"}, "architecture 'os.system' is unknown"),
        ({"parameters": PARAMETERS | {"base_channels": 16}}, "bytes, the network of card.json"),
        ({"parameters": PARAMETERS | {"frames": 24}}, "trained for other labels, inputs"),
        ({"parameters": PARAMETERS | {"base_channels": 10**12}}, "base_channels is"),
        ({"parameters": {}}, "'labels' is missing"),
        ({"parameters": []}, "parameters must be dict"),
        ({"format": 2}, "has format 2, this zoneclf reads 1"),
        ({"format": True}, "has format True"),
        ({"sha256": "0" * 64}, "not the file that card.json was written for"),
        ({"surprise": 1}, "unknown key 'surprise'"),
        ({"thresholds": 5}, "thresholds must be dict"),
    ],
)
def test_an_edited_card_is_refused(folder, changes, told):
    change_card(folder, **changes)
    with pytest.raises(ModelError, match=told) as refused:
        load_checkpoint(folder)
    assert str(folder) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is not JSON"),
        ('{"format": NaN}', "NaN is no number"),
        ("[" * 100_000, "is not JSON"),
        ("[1]", "has format None"),
        ('"' + "x" * 9_000_000 + '"', "larger than"),
        ("\xff\xfe", "has format|is not JSON"),
    ],
)
def test_a_card_that_is_none_is_refused(folder, text, told):
    (folder / CARD).write_bytes(text.encode("latin-1"))
    with pytest.raises(ModelError, match=told):
        load_checkpoint(folder)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda w: w.pop("head.bias"), "bytes, the network|no tensor 'head.bias'"),
        (lambda w: w.update(extra=torch.zeros(1)), "unknown tensor 'extra'"),
        (lambda w: w.update({"head.bias": torch.zeros(1, 3)}), r"head.bias' is \[1, 3\]"),
        (lambda w: w.update({"head.bias": torch.zeros(3).int()}), "torch.int32 instead of"),
        (lambda w: w["head.bias"].fill_(float("nan")), "'head.bias' holds values that are no"),
    ],
)
def test_other_weights_are_refused(folder, change, told):
    change_weights(folder, change)
    with pytest.raises(ModelError, match=told) as refused:
        load_checkpoint(folder)
    assert WEIGHTS in str(refused.value)


def test_another_networks_weights_are_refused_though_they_fit(folder):
    change_weights(folder, len, keep_seal=False)
    with pytest.raises(ModelError, match="trained for other labels"):
        load_checkpoint(folder)


def test_a_flipped_bit_a_cut_and_a_pickle_are_refused(folder, tmp_path):
    path = folder / WEIGHTS
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(ModelError, match="not the file"):
        load_checkpoint(folder)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match="bytes, the network"):
        load_checkpoint(folder)
    torch.save({"head.bias": torch.zeros(3)}, tmp_path / "pickled")
    pickled = (tmp_path / "pickled").read_bytes()
    path.write_bytes(pickled + bytes(len(whole) - len(pickled)))
    change_card(folder, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    with pytest.raises(ModelError, match="no safetensors file"):
        load_checkpoint(folder)


@pytest.mark.parametrize("name", [CARD, WEIGHTS])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(ModelError, match=name):
        load_checkpoint(folder)


def test_another_task_is_refused(folder):
    with pytest.raises(ModelError, match="task 'genre'; here 'mood' is needed"):
        load_checkpoint(folder, task="mood")


def test_an_unknown_folder_is_told(tmp_path):
    with pytest.raises(ModelError, match="is missing; name a checkpoint or a run"):
        read_card(tmp_path / "nothing")
