"""A run of training as a folder: models/genre/<run>/ with best, last, history and train.json.

A run that was stopped is found again by what it learns from and how, so the same command goes on.
"""

import dataclasses
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from filelock import FileLock, Timeout
from torch import nn

from zoneclf.console import console, debugging
from zoneclf.deep.batches import device_of
from zoneclf.deep.checkpoint import CARD
from zoneclf.deep.genre.learning import Material, Storing, lesson_of, material_of, network_of
from zoneclf.deep.genre.prepared import load_prepared
from zoneclf.deep.genre.run_card import (
    RUNS,
    TRAIN,
    Run,
    RunCard,
    read_run,
    recipe_of,
    unfinished,
    versions_used,
    write_run,
)
from zoneclf.deep.genre.telling import Telling
from zoneclf.deep.genre.training_recipe import Recipe, plain
from zoneclf.deep.history import Epoch
from zoneclf.deep.resume import RESUME
from zoneclf.deep.strict import build
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
    set_folder: Path, recipe: Recipe, *, name: str, options: RunOptions, root: Path = RUNS
) -> Run:
    """Train a network into ``root/name``, going on where an equal run was stopped.

    A name that ends in a dash means the unfinished run of this recipe on this set, or else the
    first free number after the dash.  A finished run of the same is returned as it is.

    Raises
    ------
    UsageError
        If the folder is another run's.
    TableError
        If the set is none, or has no embeddings that the recipe reads.
    LockedError
        If another zoneclf trains there.
    """
    material = material_of(load_prepared(set_folder), recipe, options.embeddings)
    digest = material.digest(recipe)
    folder = _chosen(root, name, digest) if name.endswith("-") else root / name
    make_folder(folder)
    with _locked(folder):
        run = _claim(folder, digest, material, recipe=recipe, options=options)
        if run.card.finished:
            return run
        with _threads(run.card.threads):
            return _learn(run, material, recipe, options=options)


def resume(name: str, *, options: RunOptions, root: Path = RUNS) -> Run:
    """Go on with a run; without a name, with the last one that was stopped.

    Raises
    ------
    UsageError
        If there is none, or it learnt from a set that has changed.
    """
    if not name:
        stopped = unfinished(root)
        if not stopped:
            raise UsageError("--resume: there is no unfinished run; name one with --name")
        name = stopped[0].folder.name
    run = read_run(root / name)
    kept = dataclasses.replace(options, embeddings=run.card.embeddings)
    return train(Path(run.card.set), recipe_of(run.card), name=name, options=kept, root=root)


def _chosen(root: Path, stem: str, digest: str) -> Path:
    """Return the folder of an unfinished equal run, or a new one."""
    for run in unfinished(root):
        if run.card.digest == digest:
            return run.folder
    numbers = (number for number in itertools.count(1) if not (root / f"{stem}{number}").exists())
    return root / f"{stem}{next(numbers)}"


def _claim(
    folder: Path, digest: str, material: Material, *, recipe: Recipe, options: RunOptions
) -> Run:
    """Return the run that is in the folder, or begin one there."""
    if (folder / TRAIN).exists():
        run = read_run(folder)
        if run.card.digest != digest:
            same = run.card.recipe == plain(recipe)
            other = "the set, or its embeddings, as they were" if same else "other settings"
            raise UsageError(f"{folder}: is a run of {other}; take another --name")
        return run
    card = RunCard(
        digest=digest,
        set=str(material.prepared.folder),
        recipe=plain(recipe),
        embeddings=material.name,
        threads=options.threads or torch.get_num_threads(),
        device=device_of(options.device),
        versions=versions_used(),
    )
    run = Run(folder, card)
    write_run(run)
    return run


def _learn(run: Run, material: Material, recipe: Recipe, *, options: RunOptions) -> Run:
    device = device_of(run.card.device if options.device == "auto" else options.device)
    lesson, weights = lesson_of(material, recipe, device)
    if console.verbose or debugging():
        for line in weights:
            console.say(line)
    network, parameters = network_of(material, recipe, lesson)
    telling = Telling(run.folder.name, has_bar=options.has_bar)
    fit = Fit(
        lesson,
        recipe.fit,
        run.folder,
        Storing(run.folder, material, recipe, parameters),
        run=run.card.digest,
        device=device,
        save_every_s=options.save_every_s,
        tell=telling,
    )
    telling.begin(network, len(lesson.train), len(lesson.valid), device)
    epochs = fit(network)
    return _finish(run, epochs, network)


def _finish(run: Run, epochs: list[Epoch], network: nn.Module) -> Run:
    best = max((one for one in epochs if one.best), key=lambda one: one.epoch)
    if not (run.folder / "best" / CARD).exists():
        raise ModelError(f"{run.folder / 'best'}: is gone; train anew under another --name")
    seconds = sum(one.seconds for one in epochs)
    result = {
        "epochs": len(epochs),
        "best_epoch": best.epoch,
        "valid_pr_auc": best.score,
        "train_loss": best.train_loss,
        "valid_loss": best.valid_loss,
        "seconds": round(seconds, 2),
        "seconds_per_epoch": round(seconds / len(epochs), 3),
        "weights": sum(weight.numel() for weight in network.parameters()),
    }
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
