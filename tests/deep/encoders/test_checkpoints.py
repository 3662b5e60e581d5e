"""Checkpoints that are wrong or were tampered with are refused by name."""

import hashlib
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from zoneclf.deep.encoders import snapshots
from zoneclf.deep.encoders.config import read_config, read_preprocessor
from zoneclf.deep.encoders.encoder import NativeEncoder, RemoteEncoder
from zoneclf.deep.encoders.snapshots import locate
from zoneclf.errors import ModelError, UsageError

CPU = torch.device("cpu")
Write = Callable[..., Path]
Weights = dict[str, torch.Tensor]


def load(folder: Path) -> NativeEncoder:
    return NativeEncoder(folder, CPU)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model_type": "hubert"}, "model_type is 'hubert'"),
        ({"feature_extractor_cqt": True}, "constant-Q transform"),
        ({"deepnorm": True}, "DeepNorm"),
        ({"conv_pos_batch_norm": True}, "batch norm"),
        ({"adapter_attn_dim": 8}, "adapters"),
        ({"hidden_act": "relu"}, "hidden_act is 'relu'"),
        ({"hidden_size": 10**9}, "hidden_size is 1000000000"),
        ({"hidden_size": "32"}, "not a whole number"),
        ({"hidden_size": 34}, "cannot be shared by 4 heads"),
        ({"num_hidden_layers": True}, "num_hidden_layers is True"),
        ({"conv_dim": []}, "must be lists"),
        ({"conv_dim": [16, 16]}, "different lengths"),
        ({"conv_stride": [10, 8, 0]}, "conv_stride is 0"),
        ({"feat_extract_norm": "none"}, "feat_extract_norm is 'none'"),
        ({"layer_norm_eps": 0.0}, "layer_norm_eps is 0.0"),
        ({"do_stable_layer_norm": "yes"}, "not true or false"),
    ],
)
def test_configuration(
    tmp_path: Path, write_mert: Write, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(ModelError, match=said) as found:
        load(write_mert(tmp_path, config=change))
    assert "config.json" in str(found.value)


@pytest.mark.parametrize("text", ["", "[1]", "{", "[" * 100_000])
def test_configuration_that_is_no_mapping(tmp_path: Path, write_mert: Write, text: str) -> None:
    folder = write_mert(tmp_path)
    (folder / "config.json").write_text(text)
    with pytest.raises(ModelError, match="is not"):
        load(folder)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("config.json", "larger than 1048576 bytes"),
        ("pytorch_model.bin", "has 10000000000 bytes"),
        ("model.safetensors", "has 10000000000 bytes"),
    ],
)
def test_files_without_end_are_not_read(
    tmp_path: Path, write_mert: Write, name: str, said: str
) -> None:
    folder = write_mert(tmp_path, as_bin=name.endswith("bin"))
    os.truncate(folder / name, 10**10)  # takes no room on the disk
    with pytest.raises(ModelError, match=said):
        load(folder)


def test_rate_that_differs_between_the_files(tmp_path: Path, write_mert: Write) -> None:
    folder = write_mert(tmp_path, preprocessor={"sampling_rate": 16_000})
    with pytest.raises(ModelError, match=r"sampling_rate is 16000, config\.json says 24000"):
        read_preprocessor(folder)


def test_missing_preprocessor(tmp_path: Path, write_mert: Write) -> None:
    folder = write_mert(tmp_path)
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(ModelError, match=r"preprocessor_config\.json: cannot be read"):
        read_preprocessor(folder)


def test_names_of_any_age_and_heads_are_known(
    tmp_path: Path, write_mert: Write, mert_weights: Callable[..., Weights]
) -> None:
    old = mert_weights()
    place = "encoder.pos_conv_embed.conv"
    new = dict(old)
    new[f"{place}.parametrizations.weight.original0"] = new.pop(f"{place}.weight_g")
    new[f"{place}.parametrizations.weight.original1"] = new.pop(f"{place}.weight_v")
    new = {f"mert_model.{name}": tensor for name, tensor in new.items()}
    new |= {"lm_head.weight": torch.ones(2), "encoder_cqt_model.fc.weight": torch.ones(2)}
    new |= {"feature_extractor_cqt.cqt_kernels_real": torch.ones(2)}
    sound = torch.randn(1, 6000)
    with torch.inference_mode():
        ours = [
            list(load(write_mert(tmp_path / name, weights=weights)).states(sound, 2))[-1]
            for name, weights in (("old", old), ("new", new))
        ]
    assert torch.equal(*ours)


def _without(weights: Weights, name: str) -> Weights:
    return {key: tensor for key, tensor in weights.items() if key != name}


NORM = "encoder.layer_norm.weight"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda w: _without(w, NORM), rf"{NORM} is missing"),
        (lambda w: w | {"encoder.layers.7.layer_norm.bias": w[NORM]}, r"layers\.7.* is not known"),
        (lambda w: w | {"backdoor.weight": w[NORM]}, r"backdoor\.weight is not known"),
        (lambda w: w | {NORM: torch.ones(31)}, rf"{NORM} has shape \(31,\)"),
        (lambda w: w | {NORM: w[NORM] * torch.nan}, rf"{NORM} holds values that are not finite"),
        (lambda w: w | {NORM: w[NORM].to(torch.int64)}, "not finite numbers"),
        (lambda w: w | {f"hubert.{NORM}": w[NORM]}, "there twice"),
    ],
)
def test_weights_off_the_map(
    tmp_path: Path,
    write_mert: Write,
    mert_weights: Callable[..., Weights],
    change: Callable[[Weights], Weights],
    said: str,
) -> None:
    folder = write_mert(tmp_path, weights=change(mert_weights()), as_bin=True)
    with pytest.raises(ModelError, match=said) as found:
        load(folder)
    assert "pytorch_model.bin" in str(found.value)


class _Runs:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("ran"),))


def test_nothing_in_a_bin_file_is_run(
    tmp_path: Path, write_mert: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = write_mert(tmp_path / "mert", as_bin=True)
    for written in (
        lambda path: torch.save({"x": _Runs()}, path),
        lambda path: path.write_bytes(pickle.dumps(_Runs())),
    ):
        written(folder / "pytorch_model.bin")
        with pytest.raises(ModelError, match="cannot be read as weights"):
            load(folder)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_cut_weights(tmp_path: Path, write_mert: Write, name: str, share: float) -> None:
    folder = write_mert(tmp_path, as_bin=name.endswith("bin"))
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ModelError, match=name):
        load(folder)


@pytest.mark.parametrize("content", [[torch.ones(2)], {"a": 1}, {1: torch.ones(2)}])
def test_weights_that_are_no_mapping_of_tensors(
    tmp_path: Path, write_mert: Write, content: object
) -> None:
    folder = write_mert(tmp_path, as_bin=True)
    torch.save(content, folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"pytorch_model\.bin"):
        load(folder)


def test_a_folder_is_known_by_what_is_in_it(tmp_path: Path, write_mert: Write) -> None:
    folder = write_mert(tmp_path / "one")
    found = locate(str(folder))
    assert found.name == "one"
    assert found.revision.startswith("sha256-")
    assert locate(str(folder), revision=found.revision) == found
    (folder / "preprocessor_config.json").write_text('{"sampling_rate": 24000}')
    with pytest.raises(ModelError, match="its hash is sha256-"):
        locate(str(folder), revision=found.revision)
    with pytest.raises(ModelError, match="neither"):
        locate(str(tmp_path))


@pytest.mark.parametrize("name", ["no/such/folder", "nothing", "../not-there", "./a", "/abs/b"])
def test_what_is_neither_folder_nor_name(name: str) -> None:
    with pytest.raises(UsageError, match="no folder that is there"):
        locate(name)


@pytest.fixture
def hub(tmp_path: Path, write_mert: Write, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the hub that holds one model, m/tiny, and a hub that must not be asked."""
    cache = tmp_path / "hub"
    commit = "a" * 40
    write_mert(cache / "models--m--tiny" / "snapshots" / commit, as_bin=True)
    refs = cache / "models--m--tiny" / "refs"
    refs.mkdir()
    (refs / "main").write_text(commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))

    def asked(*_: object, **__: object) -> None:
        raise AssertionError("the hub was asked")

    monkeypatch.setattr(snapshots, "hf_hub_download", asked)
    return cache


@pytest.mark.parametrize("offline", [True, False])
def test_what_is_cached_is_not_fetched(hub: Path, offline: bool) -> None:
    found = locate("m/tiny", offline=offline)
    assert (found.name, found.revision) == ("m/tiny", "a" * 40)
    assert locate("m/tiny", revision="a" * 40, offline=offline) == found
    load(found.folder)


def test_offline_without_a_cache(hub: Path) -> None:
    with pytest.raises(ModelError, match=r"m-a-p/MERT-v1-95M@12af15f\w+: config\.json is not in"):
        locate("m-a-p/MERT-v1-95M", offline=True)
    with pytest.raises(ModelError, match=r"m/tiny@bbbb\w*: config\.json is not in the cache"):
        locate("m/tiny", revision="b" * 40, offline=True)
    with pytest.raises(ModelError, match=r"configuration_MERT\.py is not in the cache"):
        locate("m/tiny", offline=True, with_code=True)


def test_a_published_name_must_hold_the_published_weights(
    hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = ("m/tiny", "a" * 40, "pytorch_model.bin")
    file = hub / "models--m--tiny" / "snapshots" / ("a" * 40) / "pytorch_model.bin"
    right = hashlib.sha256(file.read_bytes()).hexdigest()
    monkeypatch.setitem(snapshots.KNOWN_WEIGHTS, key, right)
    assert locate("m/tiny").weights_sha256 == right
    file.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(ModelError, match="is not the file that m/tiny@aaa"):
        locate("m/tiny")


def test_what_the_hub_lacks_or_refuses(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    for error, said in (
        (EntryNotFoundError("no"), "has no config.json"),
        (LocalEntryNotFoundError("no"), "the hub cannot be reached"),
        (OSError("denied"), "cannot be fetched"),
    ):

        def fail(*_: object, error: Exception = error, **__: object) -> None:
            raise error

        monkeypatch.setattr(snapshots, "hf_hub_download", fail)
        with pytest.raises(ModelError, match=said):
            locate("m/other")


def test_published_revisions_are_commits() -> None:
    published = {"m-a-p/MERT-v1-95M", "m-a-p/MERT-v1-330M"}
    published |= {"facebook/wav2vec2-base", "facebook/wav2vec2-base-960h"}
    assert set(snapshots.PINNED) == published
    for revision in snapshots.PINNED.values():
        assert len(revision) == 40
        int(revision, 16)


def test_foreign_code_runs_only_when_it_is_asked_for(
    tmp_path: Path, write_mert: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_MODULES_CACHE", str(tmp_path / "modules"))
    auto = {"AutoConfig": "code.Config", "AutoModel": "code.Model"}
    folder = write_mert(tmp_path / "mert", config={"auto_map": auto, "deepnorm": True})
    (folder / "code.py").write_text("open('ran', 'w').close()\nraise RuntimeError('from afar')\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="--trust-remote-code"):
        load(folder)
    assert read_config(folder, native=False).layers == 2
    assert not (tmp_path / "ran").exists()
    with pytest.raises(ModelError, match="the code that comes with it fails here"):
        RemoteEncoder(folder, CPU)
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (OSError("no weights"), ModelError),
        (KeyError("mert_model"), ModelError),
        (ImportError("needs nnAudio"), ModelError),
        (AttributeError("all_tied_weights_keys"), ModelError),
        (MemoryError(), MemoryError),
        (StopIteration(), StopIteration),
    ],
)
def test_only_what_foreign_code_is_known_to_raise_is_blamed_on_it(
    tmp_path: Path,
    write_mert: Write,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    raised: type[Exception],
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("zoneclf.deep.encoders.encoder.AutoModel.from_pretrained", fail)
    with pytest.raises(raised):
        RemoteEncoder(write_mert(tmp_path), CPU)


_FOREIGN = """
from transformers import HubertConfig, HubertModel

class Config(HubertConfig):
    model_type = "mert_model"

class Model(HubertModel):
    config_class = Config
"""


def test_foreign_code_is_used_when_it_is_trusted(
    tmp_path: Path,
    write_mert: Write,
    mert_weights: Callable[..., Weights],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_MODULES_CACHE", str(tmp_path / "modules"))
    auto = {"AutoConfig": "foreign.Config", "AutoModel": "foreign.Model"}
    folder = write_mert(tmp_path / "mert", config={"auto_map": auto})
    (folder / "foreign.py").write_text(_FOREIGN)
    sound = torch.randn(2, 9000, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        ours = list(load(folder).states(sound, 2))
        theirs = list(RemoteEncoder(folder, CPU).states(sound, 2))
    assert len(ours) == len(theirs) == 3
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)
