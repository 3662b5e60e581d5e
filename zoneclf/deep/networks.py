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

from zoneclf.deep.layers import (
    MAX_INPUT,
    MAX_LAYERS,
    MAX_WIDTH,
    CnnParameters,
    Headed,
    Units,
    pooled,
    registers_of,
    within,
)
from zoneclf.deep.resnet import MoodResNet, ResNetParameters
from zoneclf.deep.strict import MisfitError
from zoneclf.deep.strict import build as build_strictly
from zoneclf.errors import ModelError


@dataclass(frozen=True, kw_only=True)
class MertParameters:
    """Shape of a `MertMlp`: `inputs` numbers per track, then hidden layers of `units`."""

    labels: int
    inputs: int
    units: tuple[int, ...] = (256, 128)
    dropout: float = 0.3

    def __post_init__(self) -> None:
        within("labels", self.labels, 1, MAX_INPUT)
        within("inputs", self.inputs, 1, MAX_INPUT)
        within("number of units", len(self.units), 1, MAX_LAYERS)
        for width in self.units:
            within("units", width, 1, MAX_WIDTH)
        within("dropout", self.dropout, 0, 0.95)


@dataclass(frozen=True, kw_only=True)
class FusionParameters:
    """A `MelCnn` and a `MertMlp` whose last features are joined."""

    cnn: CnnParameters
    mert: MertParameters
    dropout: float = 0.3

    def __post_init__(self) -> None:
        if self.cnn.labels != self.mert.labels:
            raise MisfitError(f"labels is {self.mert.labels} in mert and {self.cnn.labels} in cnn")
        within("dropout", self.dropout, 0, 0.95)


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


class MelCnn(Headed):
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
        self.registers = registers_of(-(-p.mels // 16))
        self.hidden = nn.Linear(4 * b * self.registers, p.features)
        self.add_head(p.features, p.labels, p.dropout)
        self.to(memory_format=torch.channels_last)  # a third faster on processors

    def embed(self, batch: dict[str, Tensor]) -> Tensor:
        """Return shape (batch, features): what the last layer sees."""
        image = self.units(batch["spectrogram"], 1).unsqueeze(1)
        image = image.to(memory_format=torch.channels_last)
        image = functional.relu(self.stem_norm(self.stem(image)))
        image = self.blocks(functional.max_pool2d(image, 2, ceil_mode=True))
        return functional.relu(self.hidden(self.dropout(pooled(image, self.registers))))


class MertMlp(Headed):
    """Hidden layers on an embedding per track."""

    def __init__(self, parameters: MertParameters) -> None:
        p = parameters
        super().__init__()
        self.units = Units(p.inputs)
        widths = [p.inputs, *p.units]
        pairs = itertools.pairwise(widths)
        self.layers = nn.ModuleList(nn.Linear(here, there) for here, there in pairs)
        self.add_head(widths[-1], p.labels, p.dropout)

    def embed(self, batch: dict[str, Tensor]) -> Tensor:
        """Return shape (batch, units of the last layer)."""
        values = self.units(batch["embedding"], 1)
        for layer in self.layers:
            values = functional.relu(layer(self.dropout(values)))
        return values


class Fusion(Headed):
    """Features of both branches side by side, then one layer."""

    def __init__(self, parameters: FusionParameters) -> None:
        p = parameters
        super().__init__()
        self.cnn, self.mert = MelCnn(p.cnn), MertMlp(p.mert)
        self.cnn.head, self.mert.head = nn.Identity(), nn.Identity()
        self.add_head(p.cnn.features + p.mert.units[-1], p.cnn.labels, p.dropout)

    def embed(self, batch: dict[str, Tensor]) -> Tensor:
        """Return shape (batch, features of both)."""
        return torch.cat([self.cnn.embed(batch), self.mert.embed(batch)], 1)


# A network's class is chosen by name from here and nowhere else.
ARCHITECTURES: dict[str, tuple[type[nn.Module], type[Any]]] = {
    "mel-cnn": (MelCnn, CnnParameters),
    "mert-mlp": (MertMlp, MertParameters),
    "fusion": (Fusion, FusionParameters),
    "mood-resnet": (MoodResNet, ResNetParameters),
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
    return {"embedding" if isinstance(network, MertMlp) else "spectrogram": network}


def needs(name: str) -> frozenset[str]:
    """Return which inputs the architecture `name` reads."""
    reads = {"mert-mlp": {"embedding"}, "fusion": {"spectrogram", "embedding"}}
    return frozenset(reads.get(name, {"spectrogram"}))
