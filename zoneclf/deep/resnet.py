"""A residual network on log-mel spectrograms, for one mood per track and what is learnt from it.

After He et al., Deep Residual Learning for Image Recognition, 2016: blocks of two 3 x 3
convolutions that learn what to add to their input.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from zoneclf.deep.layers import CnnParameters, Headed, Units, pooled, registers_of, within

_STAGES = 3


@dataclass(frozen=True, kw_only=True)
class ResNetParameters(CnnParameters):
    """Shape of a `MoodResNet`: `blocks` in each of its three stages."""

    base_channels: int = 32
    features: int = 128
    blocks: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        within("blocks", self.blocks, 1, 8)


class Residual(nn.Module):
    """Two convolutions and what they are added to; a mixture of it where the shape changes.

    As a stranger it adds nothing: the last normalisation begins at zero, so that deep networks
    begin as shallow ones (Goyal et al., Accurate, Large Minibatch SGD, 2017).
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        nn.init.zeros_(self.second_norm.weight)
        self.way: nn.Module = nn.Identity()
        if inputs != outputs or stride != 1:
            mix = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.way = nn.Sequential(mix, nn.BatchNorm2d(outputs))

    def forward(self, image: Tensor) -> Tensor:
        """Return shape (batch, outputs, bands / stride, frames / stride)."""
        found = functional.relu(self.first_norm(self.first(image)))
        return functional.relu(self.second_norm(self.second(found)) + self.way(image))


class MoodResNet(Headed):
    """A stem at 1/4 of the resolution, three stages of blocks, four registers, one hidden layer.

    Widths are b, 2b and 4b for b base channels, at 1/4, 1/8 and 1/16 of the resolution.  Its parts
    from the sound upwards are `stem`, `stages` and `hidden`: those that are frozen first come
    first.
    """

    def __init__(self, parameters: ResNetParameters) -> None:
        p, b = parameters, parameters.base_channels
        super().__init__()
        self.units = Units(p.mels)
        self.stem = nn.Sequential(nn.Conv2d(1, b, 5, 2, 2, bias=False), nn.BatchNorm2d(b))
        widths = [b * 2**stage for stage in range(_STAGES)]
        self.stages = nn.ModuleList(
            _stage(widths[max(0, stage - 1)], width, p.blocks) for stage, width in enumerate(widths)
        )
        self.registers = registers_of(-(-p.mels // 16))
        self.hidden = nn.Linear(widths[-1] * self.registers, p.features)
        self.add_head(p.features, p.labels, p.dropout)
        self.to(memory_format=torch.channels_last)  # faster on processors

    def embed(self, batch: dict[str, Tensor]) -> Tensor:
        """Return shape (batch, features): what the last layer sees."""
        image = self.units(batch["spectrogram"], 1).unsqueeze(1)
        image = image.to(memory_format=torch.channels_last)
        image = functional.max_pool2d(functional.relu(self.stem(image)), 2, ceil_mode=True)
        for stage in self.stages:
            image = stage(image)
        return functional.relu(self.hidden(self.dropout(pooled(image, self.registers))))


def _stage(inputs: int, outputs: int, blocks: int) -> nn.Sequential:
    """Return blocks, of which the first changes the width, and with it halves the resolution."""
    first = Residual(inputs, outputs, 1 if inputs == outputs else 2)
    rest = (Residual(outputs, outputs, 1) for _ in range(blocks - 1))
    return nn.Sequential(first, *rest)
