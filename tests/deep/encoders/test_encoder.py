"""The native encoder against a second computation of MERT, written from the paper and the code."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import conv1d
from transformers import HubertConfig, HubertModel, Wav2Vec2FeatureExtractor

from zoneclf.deep.encoders.config import read_config
from zoneclf.deep.encoders.encoder import NativeEncoder, hubert_config
from zoneclf.deep.encoders.sound import normalised

CPU = torch.device("cpu")
SOUND = torch.randn(2, 12_000, generator=torch.Generator().manual_seed(5))
Weights = dict[str, torch.Tensor]


def states_of(folder: Path, last: int = 2) -> list[torch.Tensor]:
    with torch.inference_mode():
        return list(NativeEncoder(folder, CPU).states(SOUND, last))


def by_hand(
    w: Weights, *, heads: int = 4, relax: float = -1.0, first: bool = False
) -> list[torch.Tensor]:
    """Return all hidden states, one plain operation after the other, in double precision."""
    w = {name: tensor.double() for name, tensor in w.items()}

    def norm(x: torch.Tensor, name: str) -> torch.Tensor:
        apart = x - x.mean(-1, keepdim=True)
        scale = torch.sqrt((apart**2).mean(-1, keepdim=True) + 1e-5)
        return apart / scale * w[f"{name}.weight"] + w[f"{name}.bias"]

    def linear(x: torch.Tensor, name: str) -> torch.Tensor:
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    def gelu(x: torch.Tensor) -> torch.Tensor:
        return x * 0.5 * (1 + torch.erf(x / 2**0.5))

    def attention(x: torch.Tensor, name: str) -> torch.Tensor:
        parts = []
        q, k, v = (linear(x, f"{name}.{part}_proj") for part in "qkv")
        size = x.shape[-1] // heads
        for head in range(heads):
            mine = slice(head * size, (head + 1) * size)
            scores = q[..., mine] @ k[..., mine].transpose(1, 2) / size**0.5
            if relax > 0:  # as MERT's code relaxes them
                scores = scores / relax
                scores = (scores - scores.max(-1, keepdim=True).values) * relax
            weights = torch.exp(scores - scores.max(-1, keepdim=True).values)
            parts.append(weights / weights.sum(-1, keepdim=True) @ v[..., mine])
        return linear(torch.cat(parts, -1), f"{name}.out_proj")

    x = SOUND.double()[:, None]
    for number, stride in enumerate([10, 8, 4]):
        name = f"feature_extractor.conv_layers.{number}"
        x = conv1d(x, w[f"{name}.conv.weight"], stride=stride)
        if number == 0:  # a group per channel: mean 0 and variance 1 over time
            x = (x - x.mean(-1, keepdim=True)) / torch.sqrt(
                x.var(-1, correction=0, keepdim=True) + 1e-5
            )
            x = x * w[f"{name}.layer_norm.weight"][:, None] + w[f"{name}.layer_norm.bias"][:, None]
        x = gelu(x)
    x = norm(x.transpose(1, 2), "feature_projection.layer_norm")
    x = linear(x, "feature_projection.projection")
    place = "encoder.pos_conv_embed.conv"
    v = w[f"{place}.weight_v"]
    kernel = w[f"{place}.weight_g"] * v / torch.sqrt((v**2).sum((0, 1), keepdim=True))
    moved = conv1d(x.transpose(1, 2), kernel, w[f"{place}.bias"], padding=8, groups=4)
    x = x + gelu(moved[..., :-1]).transpose(1, 2)
    x = x if first else norm(x, "encoder.layer_norm")
    states = [x]
    for number in range(2):
        name = f"encoder.layers.{number}"

        def feed(x: torch.Tensor, name: str = name) -> torch.Tensor:
            wide = gelu(linear(x, f"{name}.feed_forward.intermediate_dense"))
            return linear(wide, f"{name}.feed_forward.output_dense")

        if first:
            x = x + attention(norm(x, f"{name}.layer_norm"), f"{name}.attention")
            x = x + feed(norm(x, f"{name}.final_layer_norm"))
        else:
            x = norm(x + attention(x, f"{name}.attention"), f"{name}.layer_norm")
            x = norm(x + feed(x), f"{name}.final_layer_norm")
        states.append(x)
    if first:
        states[-1] = norm(states[-1], "encoder.layer_norm")
    return states


def require_close(found: list[torch.Tensor], expected: list[torch.Tensor]) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one.double(), other.double(), rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("as_bin", [True, False])
def test_states_are_those_of_a_computation_by_hand(
    tmp_path: Path,
    write_mert: Callable[..., Path],
    mert_weights: Callable[..., Weights],
    as_bin: bool,
) -> None:
    require_close(states_of(write_mert(tmp_path, as_bin=as_bin)), by_hand(mert_weights()))


def test_norms_before_attention_as_in_330m(
    tmp_path: Path, write_mert: Callable[..., Path], mert_weights: Callable[..., Weights]
) -> None:
    folder = write_mert(tmp_path, config={"do_stable_layer_norm": True, "attention_relax": 32.0})
    require_close(states_of(folder), by_hand(mert_weights(), first=True))
    require_close(states_of(folder, 1), by_hand(mert_weights(), first=True)[:2])


def test_relaxed_attention_gives_the_same_numbers(mert_weights: Callable[..., Weights]) -> None:
    relaxed = by_hand(mert_weights(), relax=32.0, first=True)
    for one, other in zip(relaxed, by_hand(mert_weights(), first=True), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("first", [False, True])
def test_states_are_those_of_a_hubert_made_by_hand(
    tmp_path: Path,
    write_mert: Callable[..., Path],
    mert_weights: Callable[..., Weights],
    first: bool,
) -> None:
    folder = write_mert(tmp_path, config={"do_stable_layer_norm": first})
    named = hubert_config(read_config(folder)).to_dict() | {"mask_time_prob": 0.05}
    hubert = HubertModel(HubertConfig(**named)).eval()
    hubert.load_state_dict(mert_weights())  # torch itself renames weight_g and weight_v
    with torch.inference_mode():
        expected = hubert(SOUND, output_hidden_states=True)
    found = states_of(folder)
    require_close(found[:2], list(expected.hidden_states[:2]))
    require_close(found[2:], [expected.last_hidden_state])


def test_layers_above_the_last_asked_for_are_not_computed(tiny_mert: Path) -> None:
    encoder = NativeEncoder(tiny_mert, CPU)
    seen: list[int] = []
    for number, layer in enumerate(encoder._model.encoder.layers):
        layer.register_forward_hook(lambda *_, number=number: seen.append(number))
    with torch.inference_mode():
        assert len(list(encoder.states(SOUND, 1))) == 2
    assert seen == [0]


def test_sound_is_normalised_as_transformers_does() -> None:
    sound = (0.1 * np.random.default_rng(3).normal(size=4000) + 0.05).astype(np.float32)
    theirs = Wav2Vec2FeatureExtractor(sampling_rate=24_000, do_normalize=True)
    expected = theirs(sound, sampling_rate=24_000, return_tensors="np").input_values[0]
    np.testing.assert_allclose(normalised(sound), expected, atol=2e-5)
    assert not normalised(np.zeros(400, np.float32)).any()


def test_how_many_states_so_many_samples_give(tiny_mert: Path) -> None:
    config = read_config(tiny_mert)
    assert config.states(12_000) == states_of(tiny_mert)[0].shape[1]
    assert config.states(config.fewest_samples) == 1
    assert config.states(config.fewest_samples - 1) == 0
