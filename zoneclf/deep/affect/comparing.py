"""Backbones side by side: each is trained and judged on the same set.

Finished runs are kept and stopped ones go on, so the same comparison can be asked for again.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoneclf.console import console
from zoneclf.deep.affect.evaluation import Judged, metrics_json
from zoneclf.deep.affect.judging import judge, open_affect, remember_rescale
from zoneclf.deep.affect.learning import AFFECT
from zoneclf.deep.affect.recipe import AffectRecipe
from zoneclf.deep.affect.results import RESULTS, write_evaluation
from zoneclf.deep.runs import RunOptions, train
from zoneclf.deep.workers import in_workers, shared_out


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A run to be compared: what it is an example of, its recipe, and what it is called."""

    kind: str
    recipe: AffectRecipe
    name: str


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What came of one: the judged run, and what metrics.json says."""

    entry: Entry
    judged: Judged
    metrics: Mapping[str, Any]


def kind_of(recipe: AffectRecipe) -> str:
    """Return what a recipe is called in tables."""
    begun = f" ({_FROZEN[recipe.freeze]})" if recipe.mood else ""
    return f"{recipe.backbone}{begun}, {recipe.loss}"


_FROZEN = {"all": "frozen", "part": "part frozen", "none": "not frozen"}


def entries_of(recipes: Sequence[AffectRecipe], name: str, seeds: int) -> list[Entry]:
    """Return a run per recipe and seed, all recipes of the first seed first."""
    found = []
    for number in range(seeds):
        for recipe in recipes:
            one = dataclasses.replace(recipe, seed=recipe.seed + number)
            parts = [name, recipe.backbone, *([recipe.freeze] if recipe.mood else []), recipe.loss]
            parts += [f"seed{one.seed}"] if number else []
            found.append(Entry(kind=kind_of(recipe), recipe=one, name="-".join(parts)))
    return found


def compare(
    set_folder: Path, entries: Sequence[Entry], options: RunOptions, *, jobs: int
) -> list[Compared]:
    """Return what came of each entry, in their order.

    Errors are those of training and judging, found before anything runs where that is possible.
    """
    for recipe in {entry.recipe.backbone: entry.recipe for entry in entries}.values():
        AFFECT.material(set_folder, recipe, "")
    count, run = shared_out(len(entries), jobs, options)
    names = [entry.name for entry in entries]
    return in_workers(compared, [(set_folder, entry, run) for entry in entries], names, jobs=count)


def compared(set_folder: Path, entry: Entry, options: RunOptions) -> Compared:
    """Train and judge one entry."""
    run = train(AFFECT, set_folder, entry.recipe, name=entry.name, options=options)
    remember_rescale(run, device=options.device)
    judged = judge(open_affect(run.folder, device=options.device))
    write_evaluation(judged, RESULTS / entry.name)
    console.say(f"{entry.name}: judged")
    return Compared(entry=entry, judged=judged, metrics=metrics_json(judged))
