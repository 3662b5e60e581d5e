"""A tiny checkpoint with MERT's architecture, written as the published ones are, and its parts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

RATE_HZ = 24_000
HIDDEN, LAYERS, HEADS, WIDE, CHANNELS = 32, 2, 4, 48, 16
STRIDES, KERNELS = [10, 8, 4], [12, 10, 4]
POSITIONS, GROUPS = 16, 4
CONFIG: dict[str, Any] = {
    "model_type": "mert_model",
    "architectures": ["MERTModel"],
    "auto_map": {"AutoConfig": "configuration_MERT.MERTConfig"},
    "sample_rate": RATE_HZ,
    "hidden_size": HIDDEN,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "intermediate_size": WIDE,
    "conv_dim": [CHANNELS] * 3,
    "conv_stride": STRIDES,
    "conv_kernel": KERNELS,
    "conv_bias": False,
    "num_conv_pos_embeddings": POSITIONS,
    "num_conv_pos_embedding_groups": GROUPS,
    "feat_extract_norm": "group",
    "feat_extract_activation": "gelu",
    "feat_proj_layer_norm": True,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-5,
    "do_stable_layer_norm": False,
    "feature_extractor_cqt": False,
    "feature_extractor_cqt_bins": 336,
    "deepnorm": False,
    "attention_relax": -1.0,
    "mask_time_prob": 0.05,
    "hidden_dropout": 0.1,
    "layerdrop": 0.1,
}
PREPROCESSOR = {
    "feature_extractor_type": "Wav2Vec2FeatureExtractor",
    "feature_size": 1,
    "sampling_rate": RATE_HZ,
    "do_normalize": True,
    "padding_value": 0,
}
Weights = dict[str, torch.Tensor]


def tiny_weights(seed: int = 0) -> Weights:
    """Return weights under the names of the published files (torch < 2.1)."""
    generator = torch.Generator().manual_seed(seed)

    def random(*shape: int, scale: float = 0.3) -> torch.Tensor:
        return scale * torch.randn(*shape, generator=generator)

    def norm(name: str, size: int) -> Weights:
        return {f"{name}.weight": 1 + random(size), f"{name}.bias": random(size)}

    def linear(name: str, out: int, into: int) -> Weights:
        return {f"{name}.weight": random(out, into), f"{name}.bias": random(out)}

    found: Weights = {"masked_spec_embed": random(HIDDEN)}
    for number, kernel in enumerate(KERNELS):
        into = CHANNELS if number else 1
        found[f"feature_extractor.conv_layers.{number}.conv.weight"] = random(
            CHANNELS, into, kernel
        )
    found |= norm("feature_extractor.conv_layers.0.layer_norm", CHANNELS)
    found |= norm("feature_projection.layer_norm", CHANNELS)
    found |= linear("feature_projection.projection", HIDDEN, CHANNELS)
    place = "encoder.pos_conv_embed.conv"
    found[f"{place}.weight_g"] = 1 + random(1, 1, POSITIONS).abs()
    found[f"{place}.weight_v"] = random(HIDDEN, HIDDEN // GROUPS, POSITIONS)
    found[f"{place}.bias"] = random(HIDDEN)
    found |= norm("encoder.layer_norm", HIDDEN)
    for number in range(LAYERS):
        layer = f"encoder.layers.{number}"
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            found |= linear(f"{layer}.attention.{part}", HIDDEN, HIDDEN)
        found |= linear(f"{layer}.feed_forward.intermediate_dense", WIDE, HIDDEN)
        found |= linear(f"{layer}.feed_forward.output_dense", HIDDEN, WIDE)
        found |= norm(f"{layer}.layer_norm", HIDDEN) | norm(f"{layer}.final_layer_norm", HIDDEN)
    return found


def write_checkpoint(
    folder: Path,
    *,
    weights: Weights | None = None,
    config: dict[str, Any] | None = None,
    preprocessor: dict[str, Any] | None = None,
    as_bin: bool = False,
) -> Path:
    """Write a checkpoint; `config` and `preprocessor` replace single values."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(CONFIG | (config or {})))
    (folder / "preprocessor_config.json").write_text(
        json.dumps(PREPROCESSOR | (preprocessor or {}))
    )
    found = tiny_weights() if weights is None else weights
    if as_bin:
        torch.save(found, folder / "pytorch_model.bin")
    else:
        save_file(found, folder / "model.safetensors")
    return folder


@pytest.fixture(scope="session")
def write_mert() -> Callable[..., Path]:
    return write_checkpoint


@pytest.fixture(scope="session")
def mert_weights() -> Callable[..., Weights]:
    return tiny_weights


@pytest.fixture(scope="session")
def tiny_mert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint as the published ones are; not to be written to."""
    return write_checkpoint(tmp_path_factory.mktemp("mert") / "tiny-mert", as_bin=True)
