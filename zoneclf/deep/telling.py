"""What a run of training says while it lasts: how far it is, how well, how long it will take."""

import time

from torch import nn

from zoneclf.console import console
from zoneclf.deep.history import Epoch, stalls_of
from zoneclf.deep.pace import seconds_text
from zoneclf.deep.training import FitSettings, Teller


class Telling(Teller):
    """Tells the console about the run `name`, which is stopped by its `score`."""

    def __init__(self, name: str, *, score: str, has_bar: bool = True) -> None:
        self.name, self.score, self.has_bar = name, score, has_bar
        self._begun = time.monotonic()
        self._first = 0

    def begin(self, network: nn.Module, train: int, valid: int, device: str) -> None:
        """Tell what is about to be learnt."""
        weights = sum(weight.numel() for weight in network.parameters())
        console.say(
            f"{self.name}: {weights:,} weights, {train} tracks to learn from, {valid} to validate, "
            f"on {device}"
        )

    def going_on(self, epoch: int, batches: int) -> None:
        """Tell that a run goes on."""
        console.say(f"{self.name}: goes on in epoch {epoch}, after {batches} batches of it")

    def batch(self, epoch: int, done: int, batches: int, epochs: int) -> None:
        """Tell how far the run is if it takes all of its epochs."""
        place, total = (epoch - 1) * batches + done, epochs * batches
        now = time.monotonic()
        if not self._first:
            self._first, self._begun = place, now
        gone = place - self._first
        left_s = (now - self._begun) / gone * (total - place) if gone else 0.0
        left = f"at most {seconds_text(left_s)} left" if gone else ""
        if self.has_bar:
            console.progress(self.name, place, total, f"epoch {epoch} of {epochs} {left}".rstrip())

    def epoch(self, epochs: list[Epoch], settings: FitSettings) -> None:
        """Tell how an epoch went."""
        last, stall = epochs[-1], stalls_of(epochs)[-1]
        best = max(one.score for one in epochs)
        since = "" if last.best else f", best {best:.4f} {stall} before"
        console.say(
            f"{self.name}: epoch {last.epoch} of {settings.epochs}: loss {last.train_loss:.4f}, "
            f"validation {last.valid_loss:.4f}, {self.score} {last.score:.4f}{since}, "
            f"{seconds_text(last.seconds)}"
        )
        if stall >= settings.patience:
            console.close()
            console.say(f"{self.name}: no better for {stall} epochs; stops")
