"""Learning for sound of another kind than the labelled: DANN and CORAL.

In: batches of a labelled set and, beside each, clips of a target set, of which only the sound is
read.  Out: an addition to the loss that makes what the last layer sees (a network's `embed`) look
alike for both.

DANN
    Ganin et al., Domain-Adversarial Training of Neural Networks, JMLR 17, 2016: a second head tells
    the two sets apart, and its gradient is turned round on its way into the network.
CORAL
    Sun and Saenko, Deep CORAL, 2016: the squared distance of the covariances of both.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from zoneclf.deep.batches import Inputs

Adapt = Literal["none", "dann", "coral"]
# How fast DANN's strength grows: gamma of Ganin et al., section 5.2.2.
_GROWTH = 10.0
_HIDDEN = 64


@dataclass(frozen=True, kw_only=True)
class AdaptSettings:
    """How a network is made to pay heed to other sound.

    Attributes
    ----------
    adapt
        Not at all, by DANN or by CORAL.
    adapt_weight
        What DANN's turned gradient is multiplied by once it has grown, or CORAL's loss by.
    target
        Folder of the prepared set with the other sound.  Its labels are never read.
    """

    adapt: Adapt = "none"
    adapt_weight: float = 1.0
    target: str = ""


NAMES = tuple(one.name for one in fields(AdaptSettings))
BOUNDS: dict[str, tuple[float, float]] = {"adapt_weight": (0, 1e6)}


@dataclass(frozen=True)
class Beside:
    """Clips of the target set that are heard beside a batch, and how hard the step adapts."""

    batch: dict[str, Tensor]
    strength: float


class Adaptation:
    """What a learner does besides its task.

    `target` are the inputs of the target set, `places` its clips that are learnt from, `features`
    how many numbers the network's `embed` returns.  `head` is what learns besides the network:
    DANN's head; nothing with CORAL.
    """

    def __init__(
        self, how: AdaptSettings, target: Inputs, *, places: Sequence[int], features: int, seed: int
    ) -> None:
        self.how, self.target, self.places = how, target, np.array(places)
        self.head: nn.Module = nn.Identity()
        if how.adapt == "dann":
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                self.head = nn.Sequential(
                    nn.Linear(features, _HIDDEN), nn.ReLU(), nn.Linear(_HIDDEN, 1)
                )

    def draw(self, count: int, random: np.random.Generator, done: float) -> Beside:
        """Return so many clips for a step; `done` is the part of all learning before it, 0 to 1."""
        places = random.choice(self.places, count, replace=count > len(self.places))
        strength = growth(done) if self.how.adapt == "dann" else 1.0
        batch = self.target.random_batch(places.tolist(), random)
        return Beside(batch, self.how.adapt_weight * strength)

    def loss(self, features: Tensor, strength: float) -> Tensor:
        """Return what to add to the loss.

        `features`, shape (2 n, features), are those of n labelled clips, then of n of the target.
        """
        count = len(features) // 2
        if self.how.adapt == "coral":
            return strength * coral(features[:count], features[count:])
        is_target = torch.arange(len(features), device=features.device) >= count
        said = self.head(turned(features, strength)).squeeze(1)
        return functional.binary_cross_entropy_with_logits(said, is_target.to(said.dtype))


def growth(done: float) -> float:
    """Return DANN's strength, 0 to 1, when a part `done` of all learning is done (section 5.2.2).

    2 / (1 + exp(-10 done)) - 1
    """
    return float(2 / (1 + np.exp(-_GROWTH * done)) - 1)


class _Turned(torch.autograd.Function):
    """The same numbers, whose gradient is turned round and multiplied."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, strength: float) -> Tensor:
        ctx.strength = strength
        return values.view_as(values)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return -ctx.strength * gradients[0], None


def turned(values: Tensor, strength: float) -> Tensor:
    """Return the same values; gradients come back through them times `-strength`."""
    return _Turned.apply(values, strength)


def coral(source: Tensor, target: Tensor) -> Tensor:
    """Return |C_s - C_t|^2 / (4 d^2) for the covariances of features (eq. 1 to 3).

    Shape (clips, d) each; at least two clips.  The norm is Frobenius'.
    """
    apart = torch.cov(source.T) - torch.cov(target.T)
    return apart.square().sum() / (4 * source.shape[1] ** 2)
