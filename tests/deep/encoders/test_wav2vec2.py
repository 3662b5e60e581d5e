"""wav2vec 2.0 is loaded by the rules of MERT, into transformers' own class."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import Wav2Vec2Config, Wav2Vec2ForPreTraining, Wav2Vec2Model
from typer.testing import CliRunner

from zoneclf.deep.commands import app
from zoneclf.deep.encoders import LICENCE, snapshots
from zoneclf.deep.encoders.config import read_config, read_preprocessor
from zoneclf.deep.encoders.embedding import Embedder, EmbeddingSettings
from zoneclf.deep.encoders.encoder import NativeEncoder
from zoneclf.deep.encoders.kinds import WAV2VEC2
from zoneclf.deep.encoders.snapshots import Snapshot, licence_of, locate
from zoneclf.deep.sets.loading import load_set
from zoneclf.errors import ModelError
from zoneclf.store import read_table

CPU = torch.device("cpu")
RATE_HZ = 16_000
PREPROCESSOR = {
    "do_normalize": True,
    "feature_size": 1,
    "padding_side": "right",
    "padding_value": 0.0,
    "sampling_rate": RATE_HZ,
}
TINY: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "conv_dim": [16, 16, 16],
    "conv_stride": [10, 8, 4],
    "conv_kernel": [12, 10, 4],
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
    "num_codevectors_per_group": 4,
    "codevector_dim": 8,
    "proj_codevector_dim": 8,
}


def write_wav2vec2(folder: Path, **config: Any) -> Path:
    """Write a checkpoint with its quantizer, as the published ones are."""
    torch.manual_seed(0)
    model = Wav2Vec2ForPreTraining(Wav2Vec2Config(**TINY, **config))
    with torch.no_grad():
        for weights in model.parameters():
            weights.add_(0.2 * torch.randn_like(weights))  # norms and biases are 1 and 0
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR))
    return folder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wav2vec2(tmp_path_factory.mktemp("wav2vec2") / "tiny-wav2vec2")


def change_config(folder: Path, **change: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))


def states_of(folder: Path, sound: torch.Tensor) -> list[torch.Tensor]:
    with torch.inference_mode():
        return list(NativeEncoder(folder, CPU).states(sound, 2))


@pytest.mark.parametrize("norm_first", [False, True])
def test_states_are_those_of_transformers(tmp_path: Path, norm_first: bool) -> None:
    """By the stock class and its own loading; both ways that published models are built."""
    large = {"do_stable_layer_norm": True, "feat_extract_norm": "layer", "conv_bias": True}
    folder = write_wav2vec2(tmp_path, **(large if norm_first else {}))
    stock = Wav2Vec2Model.from_pretrained(folder).eval()
    sound = torch.randn(2, 9000, generator=torch.Generator().manual_seed(1))
    found = states_of(folder, sound)
    with torch.inference_mode():
        said = stock(sound, output_hidden_states=True)
    assert len(found) == 3
    for one, other in zip(found[:2], said.hidden_states[:2], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found[2], said.last_hidden_state, rtol=1e-4, atol=1e-5)
    assert read_config(folder).kind is WAV2VEC2


def test_the_same_weights_in_mert_are_the_same_network(
    tmp_path: Path, write_mert: Callable[..., Path], tiny_mert: Path
) -> None:
    """MERT's encoder is checked against a computation by hand; the two architectures are one."""
    weights = torch.load(tiny_mert / "pytorch_model.bin", weights_only=True)
    folder = write_mert(
        tmp_path / "as-wav2vec2",
        weights={f"wav2vec2.{name}": tensor for name, tensor in weights.items()},
        config={"model_type": "wav2vec2"},
    )
    sound = torch.randn(1, 9000, generator=torch.Generator().manual_seed(2))
    for one, other in zip(states_of(folder, sound), states_of(tiny_mert, sound), strict=True):
        torch.testing.assert_close(one, other)


def test_the_rate_is_that_of_the_preprocessor(
    tiny: Path, tmp_path: Path, write_wav: Callable[..., Path], noise: Callable[..., np.ndarray]
) -> None:
    track = write_wav(tmp_path / "a.wav", 0.5 * noise(80_000))
    settings = EmbeddingSettings(layer=0, chunk_s=1.0)
    encoder, heard = NativeEncoder(tiny, CPU), []

    class Ear:
        config = encoder.config

        def states(self, sound: torch.Tensor, last: int) -> Any:
            heard.append(sound.shape[1])
            return encoder.states(sound, last)

    Embedder(Ear(), read_preprocessor(tiny), settings, device=CPU).embed(track)
    assert heard == [RATE_HZ]  # of 1.8 s: what follows is less than is heard alone


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"add_adapter": True}, "add_adapter is True: it shortens its states"),
        ({"adapter_attn_dim": 8}, "adapters"),
        ({"hidden_act": "relu"}, "hidden_act is 'relu'"),
        ({"model_type": "wavlm"}, r"model_type is 'wavlm', not mert_model or wav2vec2"),
        ({"model_type": []}, r"model_type is \[\]"),
    ],
)
def test_what_is_not_built_in_is_refused(tmp_path: Path, config: Any, said: str) -> None:
    change_config(write_wav2vec2(tmp_path), **config)
    with pytest.raises(ModelError, match=said) as found:
        NativeEncoder(tmp_path, CPU)
    assert "--trust-remote-code" not in str(found.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda w: w.pop("wav2vec2.encoder.layer_norm.bias"), r"encoder\.layer_norm\.bias is miss"),
        (lambda w: w.update({"mert_model.x": torch.ones(2)}), r"mert_model\.x is not known in wav"),
        (lambda w: w.update({"adapter.x": torch.ones(2)}), r"adapter\.x is not known in wav2vec"),
    ],
)
def test_weights_off_the_map_are_refused(tmp_path: Path, change: Any, said: str) -> None:
    path = write_wav2vec2(tmp_path) / "model.safetensors"
    weights = load_file(path)
    change(weights)
    save_file(weights, path)
    with pytest.raises(ModelError, match=said):
        NativeEncoder(tmp_path, CPU)


def embed(*words: str | Path) -> Any:
    return CliRunner().invoke(app, ["embed", *map(str, words)])


def test_embed_writes_its_features(
    tiny: Path,
    tmp_path: Path,
    write_wav: Callable[..., Path],
    noise: Callable[..., np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_wav(tmp_path / "a.wav", 0.5 * noise(60_000))
    done = embed("a.wav", "--model", tiny, "--layer", "2", "--pooling", "mean-std", "--offline")
    assert done.exit_code == 0, done.output
    table, note = read_table(Path("dataset/embeddings/files.parquet"))
    revision = note.notes["revision"]
    assert note.spec.descriptors == f"wav2vec2/tiny-wav2vec2@{revision}/layer2/mean-std"
    assert note.spec.features[0] == "wav2vec2_0000_mean" and len(note.spec.features) == 64
    assert note.spec.rate_hz == RATE_HZ
    assert dict(note.spec.parameters) == {"wav2vec2_.chunk_s": 5.0, "wav2vec2_.rate_hz": RATE_HZ}
    assert note.origins[0].extractor == "wav2vec2"
    assert note.licence == LICENCE  # of weights that nobody knows
    assert np.isfinite(table["wav2vec2_0031_std"].to_numpy()).all()


def test_a_rated_stretch_of_a_set_is_what_is_embedded(
    tiny: Path,
    tmp_path: Path,
    write_wav: Callable[..., Path],
    noise: Callable[..., np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`embed --set` with a set of arousal and valence; its ids are those of the stretches."""
    monkeypatch.chdir(tmp_path)
    lines = ["path,arousal,valence,start_s,end_s"]
    for number in range(8):
        sound = 0.3 * noise(3 * 44_100, number)
        write_wav(tmp_path / f"{number}.wav", sound)
        write_wav(tmp_path / f"cut{number}.wav", sound[44_100 : 2 * 44_100])
        lines.append(f"{number}.wav,{2 + number % 5},{7 - number % 3},1.0,2.0")
    (tmp_path / "rated.csv").write_text("\n".join(lines) + "\n")
    words = ["affect", "prepare", "rated.csv", "--output", "set", "--jobs", "1", "--mels", "16"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    done = embed("--set", "set", "--model", tiny, "--layer", "2")
    assert done.exit_code == 0, done.output
    prepared = load_set(tmp_path / "set")
    found = prepared.embeddings()
    settings = EmbeddingSettings(layer=2)
    made = Embedder(NativeEncoder(tiny, CPU), read_preprocessor(tiny), settings, device=CPU)
    for place in np.flatnonzero(prepared.used).tolist():
        cut = tmp_path / f"cut{prepared.path(place).stem}.wav"
        np.testing.assert_allclose(found[place], made.embed(cut).vector, atol=1e-5)


def test_there_is_no_code_to_trust(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = embed("a.wav", "--model", tiny, "--trust-remote-code")
    assert done.exit_code == 2
    assert "wav2vec 2.0 needs no code of others" in done.stderr


def test_published_weights_are_free_and_pinned() -> None:
    name = "facebook/wav2vec2-base"
    revision = snapshots.PINNED[name]
    published = Snapshot(Path(), name, revision, "00")
    assert licence_of(published) == ""
    (known,) = (sha for (model, _, _), sha in snapshots.KNOWN_WEIGHTS.items() if model == name)
    assert licence_of(Snapshot(Path(), "folder", "sha256-0", known)) == ""
    for other in (
        Snapshot(Path(), name, "another commit", "00"),
        Snapshot(Path(), "folder", "sha256-0", "00"),
        Snapshot(Path(), "m-a-p/MERT-v1-95M", snapshots.PINNED["m-a-p/MERT-v1-95M"], "00"),
    ):
        assert licence_of(other) == LICENCE


def test_without_a_cache_offline_tells_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "try_to_load_from_cache", lambda *_, **__: None)
    with pytest.raises(ModelError, match=r"facebook/wav2vec2-base@0b5b8e8\w+: config\.json is not"):
        locate("facebook/wav2vec2-base", offline=True)


def test_a_stretch_is_embedded_as_if_it_were_cut_out(
    tiny: Path, tmp_path: Path, write_wav: Callable[..., Path], noise: Callable[..., np.ndarray]
) -> None:
    sound = 0.5 * noise(4 * 44_100)
    whole = write_wav(tmp_path / "whole.wav", sound)
    part = write_wav(tmp_path / "part.wav", sound[44_100 : 3 * 44_100])
    made = Embedder(
        NativeEncoder(tiny, CPU), read_preprocessor(tiny), EmbeddingSettings(), device=CPU
    )
    cut, expected = made.embed(whole, (1.0, 3.0)), made.embed(part)
    assert (cut.status, cut.duration_s) == ("ok", 2.0)
    np.testing.assert_allclose(cut.vector, expected.vector, atol=1e-6)
    assert not np.allclose(cut.vector, made.embed(whole).vector, atol=1e-3)
    to_the_end = made.embed(whole, (1.0, 0.0))
    assert (to_the_end.status, to_the_end.duration_s) == ("ok", 3.0)
    beyond = made.embed(whole, (3.0, 9.0))
    assert (beyond.status, beyond.duration_s) == ("truncated", 1.0)
    assert "of its stretch 1.0 s are there" in beyond.reason
    nowhere = made.embed(whole, (5.0, 9.0))
    assert nowhere.vector is None
