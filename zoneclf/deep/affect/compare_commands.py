"""``zoneclf deep affect compare``: backbones and remedies on one set, side by side."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoneclf.audio.files import absolute
from zoneclf.console import console, printable, reports_errors
from zoneclf.deep.affect.recipe_options import OPTIONS
from zoneclf.deep.affect.train_commands import recipe_for
from zoneclf.deep.recipe_options import takes_recipe
from zoneclf.deep.training_commands import (
    Device,
    Json,
    SaveEvery,
    Threads,
    require_device,
    require_name,
)
from zoneclf.errors import UsageError

if TYPE_CHECKING:
    from zoneclf.deep.affect.recipe import AffectRecipe
    from zoneclf.deep.runs import RunOptions

_MOST_SEEDS = 100
Backbones = Annotated[str, typer.Option(help="With commas; default: all four.", show_default="all")]
Losses = Annotated[str, typer.Option(help="With commas: mse, ccc.")]
Freezes = Annotated[str, typer.Option(help="What of --mood stays, with commas: all, part, none.")]
Seeds = Annotated[int, typer.Option(min=1, max=_MOST_SEEDS, help="Runs of each, to tell a spread.")]
Jobs = Annotated[int, typer.Option(min=0, help="Runs at once; 0: one per core, on a GPU one.")]
# Given as lists here.
_LISTED = ("backbone", "loss", "freeze")
_OPTIONS = {name: kind for name, kind in OPTIONS.items() if name not in _LISTED}


@reports_errors
@takes_recipe(_OPTIONS)
def compare(
    set_: Annotated[Path, typer.Argument(metavar="SET", help="Folder of a prepared set.")],
    backbones: Backbones = "",
    losses: Losses = "mse,ccc",
    freezes: Freezes = "all,part",
    changes: dict[str, Any] = {},  # noqa: B006  (never changed; stands for the recipe's options)
    seeds: Seeds = 1,
    jobs: Jobs = 0,
    device: Device = "auto",
    threads: Threads = 0,
    save_every: SaveEvery = 60.0,
    name: Annotated[str, typer.Option(help="Begins the runs' names.", show_default="SET")] = "",
    json_: Json = False,
) -> None:
    """Train and judge several backbones on a set, and write one table of them.

    Tells by how much rescaling, and concordance as loss, undo regression to the mean.  Finished
    runs are kept and stopped ones go on.  Writes results/affect/<name>/comparison.{md,csv,json}
    and a page of all side by side, report.html.
    """
    require_device(device)
    require_name(name)
    from zoneclf.deep.affect.comparison_table import markdown
    from zoneclf.deep.runs import RunOptions

    recipes = _recipes(backbones, losses, freezes, changes=changes)
    name = name or absolute(set_).name
    options = RunOptions(device=device, threads=threads, save_every_s=save_every)
    folder, told = _compared(set_, recipes, name, seeds=seeds, options=options, jobs=jobs)
    console.close()
    if json_:
        typer.echo(json.dumps({"results": str(folder), **told}, indent=2))
    else:
        typer.echo(printable(f"{markdown(told)}\n{folder / 'comparison.md'}, report.html"))


def _compared(
    set_folder: Path,
    recipes: "list[AffectRecipe]",
    name: str,
    *,
    seeds: int,
    options: "RunOptions",
    jobs: int,
) -> tuple[Path, dict[str, Any]]:
    """Train and judge all; return where tables and page are, and the tables' content."""
    from zoneclf.deep.affect.comparing import compare, entries_of
    from zoneclf.deep.affect.comparison_table import write_tables
    from zoneclf.deep.affect.results import RESULTS, write_side_by_side

    found = compare(set_folder, entries_of(recipes, name, seeds), options, jobs=jobs)
    folder = RESULTS / name
    firsts = [one.judged for one in found[: len(recipes)]]
    write_side_by_side(firsts, folder, f"Arousal and valence on {name}, side by side")
    return folder, write_tables(found, folder)


def _recipes(
    backbones: str, losses: str, freezes: str, *, changes: dict[str, Any]
) -> "list[AffectRecipe]":
    """Return every combination that there is: only what goes on with a mood network is frozen."""
    from zoneclf.deep.affect.recipe import BACKBONES

    mood = changes.get("mood", "")
    rest = {key: value for key, value in changes.items() if key != "mood"}
    named = _listed("backbones", backbones or ",".join(BACKBONES))
    found = []
    for backbone in named:
        moved = mood and backbone == "mood-resnet"
        for freeze in _listed("freezes", freezes) if moved else [""]:
            begun = {"mood": mood, "freeze": freeze} if moved else {}
            found += [
                recipe_for({**rest, **begun, "backbone": backbone, "loss": loss})
                for loss in _listed("losses", losses)
            ]
    if mood and "mood-resnet" not in named:
        raise UsageError(f"--mood {mood}: goes with --backbones mood-resnet")
    return found


def _listed(option: str, text: str) -> list[str]:
    found = [part.strip() for part in text.split(",")]
    if not all(found) or len(set(found)) < len(found):
        raise UsageError(f"--{option} {text}: must be names with commas, none of them twice")
    return found
