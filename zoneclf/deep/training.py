"""The loop that trains a network: AdamW, a schedule, clipping, early stopping, going on.

A run that was killed at any moment goes on from `zoneclf.deep.resume` and ends, on a processor,
with the same weights, bit for bit, as one that was not.  On CUDA it computes in half precision
where that is safe, and sums there may differ in the last digits from run to run.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from zoneclf.deep.adaptation import Adaptation
from zoneclf.deep.batches import Floats, Inputs, answers
from zoneclf.deep.history import Epoch, draw_history, stalls_of, write_history
from zoneclf.deep.learner import Learner, Loss, seed_batch
from zoneclf.deep.resume import RESUME, Progress, load_progress, save_progress
from zoneclf.deep.schedules import Rate, Schedule
from zoneclf.errors import ModelError, TableError

# Where batch normalisation can learn: one track has no spread.
_LEAST = 2
# How long the picture of the curves may be behind.
_PICTURE_S = 30.0


@dataclass(frozen=True, kw_only=True)
class FitSettings:
    """How weights are learnt."""

    epochs: int = 40
    batch_size: int = 32
    lr: float = 5e-4
    weight_decay: float = 1e-5
    patience: int = 8
    schedule: Schedule = "cosine"
    clip: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class Lesson:
    """What is learnt: inputs, targets with a row per clip, and which clips for what.

    `score` judges logits of the validation clips, the higher the better; early stopping looks at
    it.
    """

    inputs: Inputs
    targets: Tensor
    train: list[int]
    valid: list[int]
    loss: Loss
    score: Callable[[Floats, Floats], float]
    score_name: str = "score"


class Keeper(Protocol):
    """Stores a checkpoint of the run under a name."""

    def __call__(self, name: str, network: nn.Module, epoch: Epoch) -> None:
        """Store `network` as it is after `epoch`."""


class Teller:
    """Hears how far a run is; this one keeps it to itself."""

    def going_on(self, epoch: int, batches: int) -> None:
        """Hear that a run goes on in this epoch after so many batches."""

    def batch(self, epoch: int, done: int, batches: int, epochs: int) -> None:
        """Hear that so many batches of an epoch are done."""

    def epoch(self, epochs: list[Epoch], settings: FitSettings) -> None:
        """Hear that the last of `epochs` is done."""


@dataclass
class Fit:
    """A run of training in `folder`.

    `run` is the hash of what it learns from and how; `tell` hears how far it is; `keep` stores
    ``best`` and ``last``.  Where it stands is written every `save_every_s` seconds and after every
    epoch; 0 seconds: after every batch.  With an `adaptation` it learns for other sound, too; then
    an epoch that is as good as the best takes its place, for it has adapted longer.
    """

    lesson: Lesson
    settings: FitSettings
    folder: Path
    keep: Keeper
    run: str = ""
    device: str = "cpu"
    save_every_s: float = 60.0
    tell: Teller = field(default_factory=Teller)
    adaptation: Adaptation | None = None
    _drawn: float = field(default_factory=time.monotonic, init=False)

    def __call__(self, network: nn.Module) -> list[Epoch]:
        """Train `network` and return its epochs; goes on where it was stopped.

        Raises
        ------
        TableError
            If there is too little to learn from.
        ModelError
            If the loss is no longer a number, or what to go on from is damaged.
        """
        if len(self.lesson.train) < _LEAST or not self.lesson.valid:
            raise TableError(
                f"{len(self.lesson.train)} tracks to train on and {len(self.lesson.valid)} to "
                f"validate on; at least {_LEAST} and 1 are needed"
            )
        with _own_random_numbers(self.device):
            epochs = self._learn(network)
        write_history(epochs, self.folder / "history.csv")
        self._draw(epochs)
        return epochs

    def _learn(self, network: nn.Module) -> list[Epoch]:
        settings = self.settings
        learner = Learner(
            network,
            weight_decay=settings.weight_decay,
            clip=settings.clip,
            device=self.device,
            adaptation=self.adaptation,
        )
        progress = Progress(run=self.run)
        if (self.folder / RESUME).exists():
            progress = load_progress(self.folder / RESUME, learner, self.run)
            self.tell.going_on(len(progress.history) + 1, progress.batches)
        while not self._is_over(progress.epochs):
            self._epoch(learner, progress)
        return progress.epochs

    def _is_over(self, epochs: list[Epoch]) -> bool:
        stalls = stalls_of(epochs)
        stalled = bool(stalls) and stalls[-1] >= self.settings.patience
        return len(epochs) >= self.settings.epochs or stalled

    def _epoch(self, learner: Learner, progress: Progress) -> None:
        """Learn from every training clip once, then validate, store and write how it went."""
        done = progress.epochs
        number = len(done) + 1
        since = time.monotonic()
        batches = self._batches(number)
        learner.begin()
        for place in range(progress.batches, len(batches)):
            random = seed_batch(self.settings.seed, number, place)
            batch = self.lesson.inputs.random_batch(batches[place], random)
            rate = self._rate(done, place / len(batches))
            targets = self.lesson.targets[batches[place]]
            part = (len(done) + place / len(batches)) / self.settings.epochs
            beside = None
            if self.adaptation is not None:
                beside = self.adaptation.draw(len(targets), random, part)
            loss = learner.step(batch, targets, loss=self.lesson.loss, rate=rate, beside=beside)
            self._require_number(loss, number)
            progress.add(loss, len(targets))
            self.tell.batch(number, place + 1, len(batches), self.settings.epochs)
            if time.monotonic() - since >= self.save_every_s:
                since = progress.count_time(since)
                save_progress(self.folder / RESUME, learner, progress)
        progress.count_time(since)
        self._close(learner, progress)

    def _batches(self, number: int) -> list[list[int]]:
        """Return the training clips of an epoch in their order; never a batch of one."""
        random = np.random.default_rng((self.settings.seed, number))
        order = random.permutation(np.array(self.lesson.train)).tolist()
        size = self.settings.batch_size
        batches = [order[first : first + size] for first in range(0, len(order), size)]
        return [batch for batch in batches if len(batch) >= _LEAST]

    def _rate(self, done: list[Epoch], part: float) -> float:
        settings = self.settings
        rate = Rate(settings.schedule, settings.lr, settings.epochs, settings.patience)
        return rate.at(len(done) + part, stalls_of(done))

    def _require_number(self, loss: float, epoch: int) -> None:
        if not np.isfinite(loss):
            raise ModelError(
                f"{self.folder}: the loss is no longer a number in epoch {epoch}; lower --lr"
            )

    def _close(self, learner: Learner, progress: Progress) -> None:
        """Validate, store checkpoints, then write that the epoch is done."""
        since = time.monotonic()
        done = progress.epochs
        loss, score = self._validate(learner.network)
        self._require_number(loss, len(done) + 1)
        progress.count_time(since)
        one = Epoch(
            epoch=len(done) + 1,
            learning_rate=self._rate(done, 0.0),
            train_loss=progress.losses / progress.tracks,
            valid_loss=loss,
            score=score,
            best=self._is_best(score, done),
            seconds=progress.seconds,
        )
        for name in ("best", "last") if one.best else ("last",):
            self.keep(name, learner.network, one)
        progress.close(one)
        save_progress(self.folder / RESUME, learner, progress)
        write_history(progress.epochs, self.folder / "history.csv")
        if time.monotonic() - self._drawn > _PICTURE_S:
            self._draw(progress.epochs)
        self.tell.epoch(progress.epochs, self.settings)

    def _is_best(self, score: float, done: list[Epoch]) -> bool:
        most = max((before.score for before in done), default=-np.inf)
        return score > most or (self.adaptation is not None and score == most)

    def _draw(self, epochs: list[Epoch]) -> None:
        draw_history(epochs, self.folder / "history.png", self.lesson.score_name)
        self._drawn = time.monotonic()

    def _validate(self, network: nn.Module) -> tuple[float, float]:
        lesson = self.lesson
        logits = answers(network, lesson.inputs, lesson.valid, self.device)
        targets = lesson.targets[lesson.valid]
        found = lesson.loss(torch.from_numpy(logits).to(self.device), targets.to(self.device))
        return float(found), lesson.score(logits, targets.numpy())


@contextmanager
def _own_random_numbers(device: str) -> Iterator[None]:
    """Leave the caller's random numbers as they were."""
    devices = range(torch.cuda.device_count()) if device == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        yield
