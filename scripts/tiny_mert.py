"""A small network with MERT's architecture that has heard music before, made without a download.

It stands in for a pretrained MERT where none can be fetched.  It learns from sound alone, without
a label, the way MERT learns from its musical teacher: half of what the convolutions hear is
masked, in spans of ten states, and the encoder says what the log-mel spectrum is there.  (MERT has
the constant-Q spectrum for that, a codec's tokens besides, and 160 000 hours of music.)  What is
written is a checkpoint as MERT's are, so everything after that is the real code.
"""

import json
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors.torch
import soundfile
import soxr
import torch
from torch import Tensor, nn
from transformers import HubertModel

from zoneclf.deep.encoders.config import read_config
from zoneclf.deep.encoders.encoder import hubert_config
from zoneclf.deep.encoders.sound import normalised
from zoneclf.deep.spectrograms import SpectrogramSettings, log_mel

RATE_HZ, HOP = 24_000, 320
TEACHER = SpectrogramSettings(rate_hz=RATE_HZ, hop=HOP, mels=64, excerpt_s=0)
MASKED, SPAN = 0.5, 10
BATCH = 16
CONFIG: dict[str, Any] = {
    "model_type": "mert_model",
    "architectures": ["MERTModel"],
    "sample_rate": RATE_HZ,
    "hidden_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "conv_dim": [32, 32, 64],
    "conv_stride": [10, 8, 4],
    "conv_kernel": [20, 16, 8],
    "conv_bias": False,
    "num_conv_pos_embeddings": 31,
    "num_conv_pos_embedding_groups": 8,
    "feat_extract_norm": "group",
    "feat_extract_activation": "gelu",
    "feat_proj_layer_norm": True,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-5,
    "do_stable_layer_norm": False,
    "feature_extractor_cqt": False,
    "deepnorm": False,
}
PREPROCESSOR = {"feature_size": 1, "sampling_rate": RATE_HZ, "do_normalize": True}


def pretrain(clips: list[Path], folder: Path, *, epochs: int, seed: int = 0) -> dict[str, Any]:
    """Write a checkpoint that has heard `clips` so many times; return how it went.

    ``unexplained`` is the squared error where the sound was masked, over the spectrum's variance,
    on the last twentieth of the clips, which it does not learn from; 1 is knowing nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(CONFIG, indent=2) + "\n")
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR) + "\n")
    torch.manual_seed(seed)
    config = hubert_config(read_config(folder))
    config.apply_spec_augment, config.mask_time_prob = True, 0.05
    for part in ("attention", "hidden", "activation", "feat_proj"):
        setattr(
            config, f"{part}_dropout", 0.0
        )  # takes most of the time, and nothing is known twice
    model, head = HubertModel(config), nn.Linear(config.hidden_size, TEACHER.mels)
    sounds = [_heard(path) for path in clips]
    held_out = len(sounds) // 20
    learnt, rest = sounds[:-held_out], sounds[-held_out:]
    mean, spread = _units(learnt)
    parts = [*model.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parts, lr=1e-3, weight_decay=0.01)
    steps = epochs * -(-len(learnt) // BATCH)
    plan = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step / steps))
    random = np.random.default_rng(seed)
    started = time.monotonic()
    for epoch in range(epochs):
        model.train()
        losses = []
        for batch in _batches(learnt, random):
            loss = _error(model, head, batch, (mean, spread), random)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(parts, 1.0)
            optimizer.step()
            plan.step()
            losses.append(float(loss.detach()))
        said = f"pretraining: epoch {epoch + 1} of {epochs}: {np.mean(losses):.3f} unexplained"
        print(f"{said}, {time.monotonic() - started:.0f} s", file=sys.stderr)
    model.eval()
    with torch.inference_mode():
        found = [
            float(_error(model, head, batch, (mean, spread), random))
            for batch in _batches(rest, random)
        ]
    weights = {name: value.contiguous() for name, value in model.state_dict().items()}
    safetensors.torch.save_file(weights, folder / "model.safetensors")
    return {
        "clips": len(clips),
        "epochs": epochs,
        "weights": sum(value.numel() for value in weights.values()),
        "unexplained": float(np.mean(found)),
        "seconds": time.monotonic() - started,
    }


def _rate(progress: float) -> float:
    """Return the learning rate's share: up in the first tenth, then down a cosine."""
    if progress < 0.1:
        return max(0.01, progress / 0.1)
    return 0.5 * (1 + math.cos(math.pi * (progress - 0.1) / 0.9))


Heard = tuple[npt.NDArray[np.float16], npt.NDArray[np.float16]]


def _heard(path: Path) -> Heard:
    """Return a clip's sound at MERT's rate and its log-mel spectrum, shape (frames, mels)."""
    sound, rate_hz = soundfile.read(path, dtype="float32")
    wave = soxr.resample(sound, rate_hz, RATE_HZ).astype(np.float32)
    return normalised(wave).astype(np.float16), log_mel(wave, TEACHER).astype(np.float16)


def _units(sounds: list[Heard]) -> tuple[Tensor, Tensor]:
    frames = np.concatenate([spectrum[::8] for _, spectrum in sounds]).astype(np.float32)
    return torch.from_numpy(frames.mean(axis=0)), torch.from_numpy(frames.std(axis=0))


def _batches(sounds: list[Heard], random: np.random.Generator) -> Iterator[list[Heard]]:
    order = random.permutation(len(sounds))
    for first in range(0, len(order), BATCH):
        yield [sounds[place] for place in order[first : first + BATCH]]


def _error(
    model: Any,
    head: nn.Module,
    batch: list[Heard],
    units: tuple[Tensor, Tensor],
    random: np.random.Generator,
) -> Tensor:
    """Return the mean squared error at masked states, in units of the spectrum's spread."""
    shortest = min(len(wave) for wave, _ in batch)
    sound = torch.from_numpy(np.stack([wave[:shortest] for wave, _ in batch]).astype(np.float32))
    states = int(model._get_feat_extract_output_lengths(torch.tensor([shortest]))[0])
    targets = np.stack([spectrum[:states] for _, spectrum in batch]).astype(np.float32)
    mask = torch.from_numpy(_mask(len(batch), states, random))
    heard = model(sound, mask_time_indices=mask).last_hidden_state
    wanted = (torch.from_numpy(targets) - units[0]) / units[1]
    return ((head(heard) - wanted) ** 2)[mask].mean()


def _mask(clips: int, states: int, random: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Return which states are masked, shape (clips, states): about half, in spans."""
    begins = random.random((clips, states)) < 1 - (1 - MASKED) ** (1 / SPAN)
    mask = np.zeros((clips, states), dtype=bool)
    for shift in range(SPAN):
        mask[:, shift:] |= begins[:, : states - shift]
    mask[:, 0] |= ~mask.any(axis=1)
    return mask
