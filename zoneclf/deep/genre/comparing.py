"""Presets side by side: each is trained, calibrated, tuned and judged on the same set.

In: a prepared set and recipes.  Every run goes on where it was stopped and a finished one is kept,
so the same command can be given again after anything happened.  Runs go to worker processes.
"""

import dataclasses
import multiprocessing
import os
import signal
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pebble import ProcessExpired, ProcessPool

from zoneclf.console import console
from zoneclf.deep.batches import device_of
from zoneclf.deep.genre.choosing import RuleOptions, choose
from zoneclf.deep.genre.evaluation import Evaluation, metrics_json
from zoneclf.deep.genre.judging import TuneOptions, evaluation_of, tune_run
from zoneclf.deep.genre.learning import GENRE
from zoneclf.deep.genre.opening import open_run
from zoneclf.deep.genre.results import RESULTS, write_evaluation
from zoneclf.deep.genre.training_recipe import Recipe
from zoneclf.deep.runs import RunOptions, train
from zoneclf.errors import ModelError

# How the thresholds that a recipe asks for are called where they are tuned.
STRATEGY_OF = {"global": "threshold", "per-genre": "per-genre"}
OWN = "preset"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A run to be compared: the preset's name, the recipe, and what it is called."""

    preset: str
    recipe: Recipe
    name: str


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What came of one: the judged run, what metrics.json says, and how it was trained."""

    entry: Entry
    evaluation: Evaluation
    metrics: Mapping[str, Any]
    result: Mapping[str, Any]
    strategy: str


@dataclass(frozen=True, kw_only=True)
class CompareOptions:
    """How runs are compared.

    `strategy` is how thresholds are tuned, or ``preset`` for what each recipe asks for; `jobs` how
    many runs at once, 0 for one per core, or a single one on a GPU, whose memory they would share.
    """

    strategy: str = OWN
    jobs: int = 0
    run: RunOptions = dataclasses.field(default_factory=RunOptions)


def entries_of(recipes: Mapping[str, Recipe], name: str, seeds: int) -> list[Entry]:
    """Return a run per preset and seed, all presets of the first seed first."""
    found = []
    for number in range(seeds):
        for preset, recipe in recipes.items():
            seed = recipe.seed + number
            end = f"-seed{seed}" if number else ""
            one = dataclasses.replace(recipe, seed=seed)
            found.append(Entry(preset=preset, recipe=one, name=f"{name}-{preset}{end}"))
    return found


def require_learnable(set_folder: Path, entries: Sequence[Entry], options: RunOptions) -> None:
    """Check the set, and that it has the embeddings that any recipe reads, before anything runs.

    Errors are those of `zoneclf.deep.material.material_of`.
    """
    for recipe in {entry.recipe.architecture: entry.recipe for entry in entries}.values():
        GENRE.material(set_folder, recipe, options.embeddings)


def compare(set_folder: Path, entries: Sequence[Entry], options: CompareOptions) -> list[Compared]:
    """Return what came of each entry, in their order.

    Errors are those of training and judging, and ModelError where a worker's process was ended;
    runs that were finished by then are kept.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    usual = 1 if device_of(options.run.device) == "cuda" else cores or 1
    jobs = min(options.jobs or usual, len(entries))
    threads = options.run.threads or max(1, (cores or 1) // jobs)
    run = dataclasses.replace(options.run, threads=threads, has_bar=jobs == 1)
    options = dataclasses.replace(options, run=run)
    if jobs == 1:
        return [judged(set_folder, entry, options) for entry in entries]
    return _in_workers(set_folder, entries, options, jobs=jobs)


def judged(set_folder: Path, entry: Entry, options: CompareOptions) -> Compared:
    """Train, calibrate, tune and judge one entry."""
    run = train(GENRE, set_folder, entry.recipe, name=entry.name, options=options.run)
    opened = open_run(run.folder, device=options.run.device)
    own = STRATEGY_OF[entry.recipe.thresholds]
    strategy = own if options.strategy == OWN else options.strategy
    tune_run(opened, TuneOptions(strategy=strategy))
    opened = open_run(run.folder, device=options.run.device)
    evaluation = evaluation_of(opened, choose(opened.checkpoint, RuleOptions()))
    write_evaluation(evaluation, RESULTS / entry.name)
    console.say(f"{entry.name}: judged")
    return Compared(
        entry=entry,
        evaluation=evaluation,
        metrics=metrics_json(evaluation),
        result=run.card.result,
        strategy=strategy,
    )


def _in_workers(
    set_folder: Path, entries: Sequence[Entry], options: CompareOptions, *, jobs: int
) -> list[Compared]:
    found: dict[int, Compared] = {}
    context = multiprocessing.get_context("spawn")
    flags = console.quiet, console.verbose
    with ProcessPool(jobs, context=context, initializer=_prepare, initargs=flags) as pool:
        waiting = {
            pool.schedule(judged, args=(set_folder, entry, options)): place
            for place, entry in enumerate(entries)
        }
        try:
            for future in as_completed(waiting):
                place = waiting[future]
                found[place] = _outcome(future, entries[place].name)
                console.progress("runs", len(found), len(entries))
        except BaseException:
            pool.stop()
            raise
    return [found[place] for place in range(len(entries))]


def _outcome(future: "Future[Compared]", name: str) -> Compared:
    try:
        return future.result()
    except ProcessExpired as error:
        raise ModelError(
            f"{name}: its process was ended (code {error.exitcode}), as happens where memory runs "
            "out; run the same command with --jobs 1, finished runs are kept"
        ) from error


def _prepare(quiet: bool, verbose: bool) -> None:
    """Make a worker ready: Ctrl-C is left to its parent, with which it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    console.quiet, console.verbose = quiet, verbose
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
