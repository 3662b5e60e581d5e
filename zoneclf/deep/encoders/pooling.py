"""Hidden states of a track, chunk by chunk -> one vector: mean, or mean and deviation, over time.

Sums are kept in double precision and joined by Chan, Golub and LeVeque's formula ("Updating
Formulae and a Pairwise Algorithm for Computing Sample Variances", 1979), so that neither the
number of chunks nor how they were batched shows in the result.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

Pooling = Literal["mean", "mean-std"]
POOLINGS: tuple[Pooling, ...] = ("mean", "mean-std")
Vector = npt.NDArray[np.float64]


@dataclass
class Pool:
    """Mean and sum of squared deviations of the states seen so far, by feature."""

    count: int = 0
    mean: Vector = field(default_factory=lambda: np.zeros(1))
    squares: Vector = field(default_factory=lambda: np.zeros(1))

    def add(self, states: torch.Tensor) -> None:
        """Take in states of shape (batch, states, features)."""
        rows = states.detach().to("cpu", torch.float64).reshape(-1, states.shape[-1]).numpy()
        if not len(rows):
            return
        mean = rows.mean(axis=0)
        squares = ((rows - mean) ** 2).sum(axis=0)
        total = self.count + len(rows)
        apart = mean - self.mean
        self.squares = self.squares + squares + apart**2 * (self.count * len(rows) / total)
        self.mean = self.mean + apart * (len(rows) / total)
        self.count = total

    def vector(self, pooling: Pooling) -> npt.NDArray[np.float32]:
        """Return the mean, followed by the standard deviation where that is asked for."""
        if pooling == "mean":
            return self.mean.astype(np.float32)
        deviation = np.sqrt(self.squares / max(1, self.count))
        return np.concatenate([self.mean, deviation]).astype(np.float32)
