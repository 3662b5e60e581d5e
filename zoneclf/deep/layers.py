"""What networks are made of: parameters of those that hear, units of inputs, pooling, heads."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from zoneclf.deep.strict import MisfitError

MAX_WIDTH, MAX_LAYERS, MAX_INPUT = 4096, 6, 20_000
_SPREAD_FLOOR = 1e-3  # of a band that never changes
_REGISTERS = 4  # parts of the frequency axis that the pooled features keep apart


@dataclass(frozen=True, kw_only=True)
class CnnParameters:
    """Shape of a network that hears.  `frames` is the length of the crops it learns from."""

    labels: int
    mels: int
    frames: int
    base_channels: int = 96
    features: int = 256
    dropout: float = 0.3

    def __post_init__(self) -> None:
        within("labels", self.labels, 1, MAX_INPUT)
        within("mels", self.mels, 8, 1024)
        within("frames", self.frames, 8, 100_000)
        within("base_channels", self.base_channels, 4, 1024)
        within("features", self.features, 1, MAX_WIDTH)
        within("dropout", self.dropout, 0, 0.95)


class Units(nn.Module):
    """Brings every feature to mean 0 and spread 1; both are stored with the weights."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("spread", torch.ones(features))

    def set(self, mean: Tensor, spread: Tensor) -> None:
        """Take a mean and a standard deviation per feature."""
        self.mean.copy_(mean)
        self.spread.copy_(spread.clamp_min(_SPREAD_FLOOR))

    def forward(self, values: Tensor, axis: int) -> Tensor:
        """Return `values` in these units, whose axis `axis` counts features."""
        shape = [1] * values.dim()
        shape[axis] = -1
        return (values - self.mean.view(shape)) / self.spread.view(shape)


class Headed(nn.Module):
    """A network that brings a batch to features, and these through one layer to logits."""

    dropout: nn.Module
    head: nn.Module

    def add_head(self, features: int, labels: int, dropout: float) -> None:
        """Make the last layer; called last, so that a seed draws it after all others."""
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(features, labels)

    def embed(self, batch: dict[str, Tensor]) -> Tensor:
        """Return shape (batch, features): what the last layer sees."""
        raise NotImplementedError

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        """Return logits, shape (batch, labels)."""
        return self.answer(self.embed(batch))

    def answer(self, features: Tensor) -> Tensor:
        """Return logits, shape (batch, labels), from what `embed` returns."""
        return self.head(self.dropout(features))


def registers_of(bands: int) -> int:
    """Return into how many registers so many bands are pooled."""
    return min(_REGISTERS, bands)


def pooled(image: Tensor, registers: int) -> Tensor:
    """Return the mean over frames of each register, shape (batch, channels * registers).

    `image` is of shape (batch, channels, bands, frames).
    """
    parts = image.mean(3).tensor_split(registers, 2)
    return torch.cat([part.mean(2) for part in parts], 1)


def within(name: str, value: float, least: float, most: float) -> None:
    """Raise `MisfitError` if a parameter is out of bounds."""
    if not least <= value <= most:
        raise MisfitError(f"{name} is {value}; it must be from {least} to {most}")
