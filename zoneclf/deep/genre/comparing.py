"""Presets side by side: each is trained, calibrated, tuned and judged on the same set.

In: a prepared set and recipes.  Every run goes on where it was stopped and a finished one is kept,
so the same command can be given again after anything happened.  Runs go to worker processes.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoneclf.console import console
from zoneclf.deep.genre.choosing import RuleOptions, choose
from zoneclf.deep.genre.evaluation import Evaluation, metrics_json
from zoneclf.deep.genre.judging import TuneOptions, evaluation_of, tune_run
from zoneclf.deep.genre.learning import GENRE
from zoneclf.deep.genre.opening import open_run
from zoneclf.deep.genre.results import RESULTS, write_evaluation
from zoneclf.deep.genre.training_recipe import Recipe
from zoneclf.deep.runs import RunOptions, train
from zoneclf.deep.workers import in_workers, shared_out

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
    jobs, run = shared_out(len(entries), options.jobs, options.run)
    options = dataclasses.replace(options, run=run)
    names = [entry.name for entry in entries]
    return in_workers(judged, [(set_folder, entry, options) for entry in entries], names, jobs=jobs)


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
