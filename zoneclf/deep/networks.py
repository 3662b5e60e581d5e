"""The networks: log-mel spectrograms, MERT embeddings, or both, to one logit per label.

A network is made by `build` from a name in `ARCHITECTURES` and parameters that a checkpoint's card
holds.  It takes a batch, ``{"spectrogram": shape (batch, mels, frames), "embedding": shape (batch,
features)}``, of which it reads what it needs, and returns logits, shape (batch, labels).  Inputs
are brought to mean 0 and spread 1 inside, by the training split's statistics (`set_units`).
"""

import itertools
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from zoneclf.deep.strict import MisfitError
from zoneclf.deep.strict import build as build_strictly
from zoneclf.errors import ModelError

MAX_WIDTH, MAX_LAYERS, MAX_INPUT = 4096, 6, 20_000
_SPREAD_FLOOR = 1e-3  # of a band that never changes
_REGISTERS = 4  # parts of the frequency axis that the pooled features keep apart


@dataclass(frozen=True, kw_only=True)
class CnnParameters:
    """Shape of a `MelCnn`.  `frames` is the length of the crops it learns from."""

    labels: int
    mels: int
    frames: int
    base_channels: int = 96
    features: int = 256
    dropout: float = 0.3

    def __post_init__(self) -> None:
        _within("labels", self.labels, 1, MAX_INPUT)
        _within("mels", self.mels, 8, 1024)
        _within("frames", self.frames, 8, 100_000)
        _within("base_channels", self.base_channels, 4, 1024)
        _within("features", self.features, 1, MAX_WIDTH)
        _within("dropout", self.dropout, 0, 0.95)


@dataclass(frozen=True, kw_only=True)
class MertParameters:
    """Shape of a `MertMlp`: `inputs` numbers per track, then hidden layers of `units`."""

    labels: int
    inputs: int
    units: tuple[int, ...] = (256, 128)
    dropout: float = 0.3

    def __post_init__(self) -> None:
        _within("labels", self.labels, 1, MAX_INPUT)
        _within("inputs", self.inputs, 1, MAX_INPUT)
        _within("number of units", len(self.units), 1, MAX_LAYERS)
        for width in self.units:
            _within("units", width, 1, MAX_WIDTH)
        _within("dropout", self.dropout, 0, 0.95)


@dataclass(frozen=True, kw_only=True)
class FusionParameters:
    """A `MelCnn` and a `MertMlp` whose last features are joined."""

    cnn: CnnParameters
    mert: MertParameters
    dropout: float = 0.3

    def __post_init__(self) -> None:
        if self.cnn.labels != self.mert.labels:
            raise MisfitError(f"labels is {self.mert.labels} in mert and {self.cnn.labels} in cnn")
        _within("dropout", self.dropout, 0, 0.95)


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


class Separable(nn.Module):
    """A 3 x 3 filter per channel, then a mixture of channels; added to its input where it fits.

    Depthwise separable convolution (Howard et al., MobileNets, 2017): about an eighth of the work
    of a full one at these widths, which is what lets a processor without a GPU train it.
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.adds = inputs == outputs and stride == 1
        self.each = nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False)
        self.mix = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, image: Tensor) -> Tensor:
        """Return shape (batch, outputs, bands / stride, frames / stride)."""
        found = functional.relu(self.norm(self.mix(self.each(image))))
        return found + image if self.adds else found


class MelCnn(nn.Module):
    """Convolutions over bands and frames; the mean over time of four registers; one hidden layer.

    Widths are b/4, b, b, 2b, 2b, 4b for b base channels, at 1/4, 1/4, 1/4, 1/8, 1/8 and 1/16 of
    the spectrogram's resolution.
    """

    def __init__(self, parameters: CnnParameters) -> None:
        super().__init__()
        p, b = parameters, parameters.base_channels
        thin = max(1, b // 4)
        self.units = Units(p.mels)
        self.stem = nn.Conv2d(1, thin, 5, 2, 2, bias=False)
        self.stem_norm = nn.BatchNorm2d(thin)
        blocks = [(thin, b, 1), (b, b, 1), (b, 2 * b, 2), (2 * b, 2 * b, 1), (2 * b, 4 * b, 2)]
        self.blocks = nn.Sequential(*(Separable(*block) for block in blocks))
        bands = -(-p.mels // 16)
        self.registers = min(_REGISTERS, bands)
        self.hidden = nn.Linear(4 * b * self.registers, p.features)
        self.dropout = nn.Dropout(p.dropout)
        self.head = nn.Linear(p.features, p.labels)
        self.to(memory_format=torch.channels_last)  # a third faster on processors

    def embed(self, batch: dict[str, Tensor]) -> Tensor:
        """Return shape (batch, features): what the last layer sees."""
        image = self.units(batch["spectrogram"], 1).unsqueeze(1)
        image = image.to(memory_format=torch.channels_last)
        image = functional.relu(self.stem_norm(self.stem(image)))
        image = self.blocks(functional.max_pool2d(image, 2, ceil_mode=True))
        parts = image.mean(3).tensor_split(self.registers, 2)
        pooled = torch.cat([part.mean(2) for part in parts], 1)
        return functional.relu(self.hidden(self.dropout(pooled)))

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        """Return logits, shape (batch, labels)."""
        return self.head(self.dropout(self.embed(batch)))


class MertMlp(nn.Module):
    """Hidden layers on an embedding per track."""

    def __init__(self, parameters: MertParameters) -> None:
        super().__init__()
        p = parameters
        self.units = Units(p.inputs)
        widths = [p.inputs, *p.units]
        pairs = itertools.pairwise(widths)
        self.layers = nn.ModuleList(nn.Linear(here, there) for here, there in pairs)
        self.dropout = nn.Dropout(p.dropout)
        self.head = nn.Linear(widths[-1], p.labels)

    def embed(self, batch: dict[str, Tensor]) -> Tensor:
        """Return shape (batch, units of the last layer)."""
        values = self.units(batch["embedding"], 1)
        for layer in self.layers:
            values = functional.relu(layer(self.dropout(values)))
        return values

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        """Return logits, shape (batch, labels)."""
        return self.head(self.dropout(self.embed(batch)))


class Fusion(nn.Module):
    """Features of both branches side by side, then one layer."""

    def __init__(self, parameters: FusionParameters) -> None:
        super().__init__()
        p = parameters
        self.cnn, self.mert = MelCnn(p.cnn), MertMlp(p.mert)
        self.cnn.head, self.mert.head = nn.Identity(), nn.Identity()
        self.dropout = nn.Dropout(p.dropout)
        self.head = nn.Linear(p.cnn.features + p.mert.units[-1], p.cnn.labels)

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        """Return logits, shape (batch, labels)."""
        both = torch.cat([self.cnn.embed(batch), self.mert.embed(batch)], 1)
        return self.head(self.dropout(both))


# A network's class is chosen by name from here and nowhere else.
ARCHITECTURES: dict[str, tuple[type[nn.Module], type[Any]]] = {
    "mel-cnn": (MelCnn, CnnParameters),
    "mert-mlp": (MertMlp, MertParameters),
    "fusion": (Fusion, FusionParameters),
}


def build(name: str, parameters: dict[str, Any]) -> nn.Module:
    """Return the network `name` with these parameters, randomly initialised.

    Raises
    ------
    ModelError
        If there is no such network, or a parameter is unknown, missing or out of bounds.
    """
    if name not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise ModelError(f"architecture {name!r} is unknown; known here: {known}")
    kind, shape = ARCHITECTURES[name]
    try:
        return kind(build_strictly(shape, parameters))
    except MisfitError as error:
        raise ModelError(f"architecture {name}: {error}") from None


def branches(network: nn.Module) -> dict[str, nn.Module]:
    """Return the parts of a network that read ``spectrogram`` and ``embedding``."""
    if isinstance(network, Fusion):
        return {"spectrogram": network.cnn, "embedding": network.mert}
    return {"spectrogram" if isinstance(network, MelCnn) else "embedding": network}


def needs(name: str) -> frozenset[str]:
    """Return which inputs the architecture `name` reads."""
    both = {"mel-cnn": {"spectrogram"}, "mert-mlp": {"embedding"}}
    return frozenset(both.get(name, {"spectrogram", "embedding"}))


def _within(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise MisfitError(f"{name} is {value}; it must be from {least} to {most}")
