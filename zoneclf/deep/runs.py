"""A run of training as a folder: models/<task>/<run>/ with best, last, history and train.json.

A run that was stopped is found again by what it learns from and how, so the same command goes on.
"""

import dataclasses
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

import torch
from filelock import FileLock, Timeout
from torch import nn

from zoneclf.console import console, debugging
from zoneclf.deep.batches import device_of
from zoneclf.deep.checkpoint import CARD
from zoneclf.deep.domain_check import DomainCheck
from zoneclf.deep.history import Epoch, result_name
from zoneclf.deep.recipe import plain
from zoneclf.deep.resume import RESUME
from zoneclf.deep.run_card import (
    TRAIN,
    Run,
    RunCard,
    read_run,
    recipe_of,
    runs_folder,
    unfinished,
    versions_used,
    write_run,
)
from zoneclf.deep.strict import build
from zoneclf.deep.target_set import adaptation_for
from zoneclf.deep.task import M, R, Task
from zoneclf.deep.telling import Telling
from zoneclf.deep.training import Fit
from zoneclf.errors import LockedError, ModelError, UsageError
from zoneclf.writing import make_folder


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How a run is carried out, without a say in what it learns.

    `threads` 0 takes torch's choice; `embeddings` chooses among a set's tables; `has_bar` says
    whether progress may be drawn, as one process alone can.
    """

    device: str = "auto"
    threads: int = 0
    save_every_s: float = 60.0
    embeddings: str = ""
    has_bar: bool = True


def train(
    task: Task[R, M],
    set_folder: Path,
    recipe: R,
    *,
    name: str,
    options: RunOptions,
    root: Path | None = None,
) -> Run:
    """Train a network into ``root/name``, going on where an equal run was stopped.

    A name that ends in a dash means the unfinished run of this recipe on this set, or else the
    first free number after the dash.  A finished run of the same is returned as it is.  Without a
    `root`, runs lie in ``models/<task>``.

    Raises
    ------
    UsageError
        If the folder is another run's.
    TableError
        If the set is none, or has no embeddings that the recipe reads.
    LockedError
        If another zoneclf trains there.
    """
    root = runs_folder(task.name) if root is None else root
    material = task.material(set_folder, recipe, options.embeddings)
    digest = material.digest(recipe)
    folder = root / name
    if name.endswith("-"):
        folder = _chosen(unfinished(task, root), root / name, digest)
    make_folder(folder)
    with _locked(folder):
        teaching = _Teaching(task, material, recipe, options)
        run = teaching.claim(folder, digest)
        if run.card.finished:
            return run
        with _threads(run.card.threads):
            return teaching.learn(run)


def resume(task: Task[R, M], name: str, *, options: RunOptions, root: Path | None = None) -> Run:
    """Go on with a run; without a name, with the last one that was stopped.

    Raises
    ------
    UsageError
        If there is none, or it learnt from a set that has changed.
    """
    root = runs_folder(task.name) if root is None else root
    if not name:
        stopped = unfinished(task, root)
        if not stopped:
            raise UsageError("--resume: there is no unfinished run; name one with --name")
        name = stopped[0].folder.name
    run = read_run(root / name, task)
    kept = dataclasses.replace(options, embeddings=run.card.embeddings)
    recipe = recipe_of(run.card, task)
    return train(task, Path(run.card.set), recipe, name=name, options=kept, root=root)


def _chosen(stopped: list[Run], stem: Path, digest: str) -> Path:
    """Return the folder of an unfinished equal run, or a new one that `stem` begins."""
    for run in stopped:
        if run.card.digest == digest:
            return run.folder
    folders = (stem.with_name(f"{stem.name}{number}") for number in itertools.count(1))
    return next(folder for folder in folders if not folder.exists())


@dataclass(frozen=True)
class _Teaching(Generic[R, M]):
    """What a run of a task learns from and how."""

    task: Task[R, M]
    material: M
    recipe: R
    options: RunOptions

    def claim(self, folder: Path, digest: str) -> Run:
        """Return the run that is in the folder, or begin one there."""
        if (folder / TRAIN).exists():
            run = read_run(folder, self.task)
            if run.card.digest != digest:
                same = run.card.recipe == plain(self.recipe)
                other = (
                    "the set, its embeddings or its --target, as they were"
                    if same
                    else "other settings"
                )
                raise UsageError(f"{folder}: is a run of {other}; take another --name")
            return run
        card = RunCard(
            digest=digest,
            set=str(self.material.prepared.folder),
            recipe=plain(self.recipe),
            task=self.task.name,
            embeddings=self.material.name,
            threads=self.options.threads or torch.get_num_threads(),
            device=device_of(self.options.device),
            versions=versions_used(),
        )
        run = Run(folder, card)
        write_run(run)
        return run

    def learn(self, run: Run) -> Run:
        """Return the run, finished."""
        task, recipe, options = self.task, self.recipe, self.options
        device = device_of(run.card.device if options.device == "auto" else options.device)
        lesson, remarks = task.lesson(self.material, recipe, device)
        if console.verbose or debugging():
            for line in remarks:
                console.say(line)
        network, parameters = task.network(self.material, recipe, lesson)
        adaptation = adaptation_for(self.material, recipe, network, lesson.inputs)
        check = DomainCheck(self.material, recipe, lesson.inputs, device) if adaptation else None
        start = check.accuracy(network) if check else None
        telling = Telling(run.folder.name, score=lesson.score_name, has_bar=options.has_bar)
        fit = Fit(
            lesson,
            recipe.fit,
            run.folder,
            task.keeper(run.folder, self.material, recipe, parameters=parameters),
            run=run.card.digest,
            device=device,
            save_every_s=options.save_every_s,
            tell=telling,
            adaptation=adaptation,
        )
        telling.begin(network, len(lesson.train), len(lesson.valid), device)
        epochs = fit(network)
        result = _result(run, epochs, network, score=lesson.score_name)
        if check is not None:
            result["domain_classifier"] = check.told(task, run, start)
        return _finish(run, result)


def _result(run: Run, epochs: list[Epoch], network: nn.Module, *, score: str) -> dict[str, Any]:
    """Return what train.json says of a run that is through its epochs."""
    best = max((one for one in epochs if one.best), key=lambda one: one.epoch)
    if not (run.folder / "best" / CARD).exists():
        raise ModelError(f"{run.folder / 'best'}: is gone; train anew under another --name")
    seconds = sum(one.seconds for one in epochs)
    weights = list(network.parameters())
    return {
        "epochs": len(epochs),
        "best_epoch": best.epoch,
        result_name(score): best.score,
        "train_loss": best.train_loss,
        "valid_loss": best.valid_loss,
        "seconds": round(seconds, 2),
        "seconds_per_epoch": round(seconds / len(epochs), 3),
        "weights": sum(weight.numel() for weight in weights),
        "weights_learnt": sum(weight.numel() for weight in weights if weight.requires_grad),
    }


def _finish(run: Run, result: dict[str, Any]) -> Run:
    done = Run(run.folder, build(RunCard, {**vars(run.card), "finished": True, "result": result}))
    write_run(done)
    (run.folder / RESUME).unlink(missing_ok=True)
    return done


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    lock = FileLock(folder / ".lock", timeout=0)
    try:
        with lock:
            yield
    except Timeout as error:
        raise LockedError(f"{folder}: another zoneclf trains there; wait for it") from error


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Compute on so many threads: sums differ in their last digits with their number."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
