"""How the learning rate moves: down a cosine, or down a step whenever learning stalls."""

import math
from dataclasses import dataclass
from typing import Literal

Schedule = Literal["cosine", "plateau"]
# A plateau halves the rate after a third of the patience that ends training.
_STEP, _PART = 0.5, 3


@dataclass(frozen=True)
class Rate:
    """The learning rate of a run of `epochs` epochs that begins with `start`."""

    schedule: Schedule
    start: float
    epochs: int
    patience: int

    def at(self, progress: float, stalls: list[int]) -> float:
        """Return the rate.

        Parameters
        ----------
        progress
            Epochs done, with fractions.
        stalls
            For each epoch done, how many epochs it is since the best one.
        """
        if self.schedule == "cosine":
            return self.start * 0.5 * (1 + math.cos(math.pi * min(1.0, progress / self.epochs)))
        wait = max(1, self.patience // _PART)
        steps = sum(stall > 0 and stall % wait == 0 for stall in stalls)
        return float(self.start * _STEP**steps)
