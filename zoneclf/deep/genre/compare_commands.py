"""``zoneclf deep genre compare``: presets trained and judged on one set, side by side."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoneclf.audio.files import absolute
from zoneclf.console import console, printable, reports_errors
from zoneclf.deep.genre.recipe_options import OPTIONS
from zoneclf.deep.genre.train_commands import recipe_for
from zoneclf.deep.recipe_options import takes_recipe
from zoneclf.deep.training_commands import (
    Device,
    Embeddings,
    Json,
    SaveEvery,
    Threads,
    require_device,
    require_name,
)
from zoneclf.errors import UsageError

if TYPE_CHECKING:
    from zoneclf.deep.genre.comparing import CompareOptions
    from zoneclf.deep.genre.training_recipe import Recipe

_STRATEGIES = ("preset", "auto", "untuned", "threshold", "top-k", "combined", "per-genre")
_MOST_SEEDS = 100


@reports_errors
@takes_recipe(OPTIONS)
def compare(
    set_: Annotated[Path, typer.Argument(metavar="SET", help="Folder of a prepared set.")],
    presets: Annotated[
        str, typer.Option(help="Presets or YAML files, with commas; default: all five.")
    ] = "",
    changes: dict[str, Any] = {},  # noqa: B006  (never changed; stands for the recipe's options)
    strategy: Annotated[
        str, typer.Option(help="How thresholds are tuned; preset: as each asks for.")
    ] = "preset",
    seeds: Annotated[
        int, typer.Option(min=1, max=_MOST_SEEDS, help="Runs of each preset, to tell a spread.")
    ] = 1,
    jobs: Annotated[
        int, typer.Option(min=0, help="Runs at once; 0: one per core, on a GPU one.")
    ] = 0,
    embeddings: Embeddings = "",
    device: Device = "auto",
    threads: Threads = 0,
    save_every: SaveEvery = 60.0,
    name: Annotated[str, typer.Option(help="Begins the runs' names.", show_default="SET")] = "",
    json_: Json = False,
) -> None:
    """Train, tune and judge the five presets on a set, and write one table of them.

    Options change all presets alike.  Finished runs are kept and stopped ones go on, so the same
    command can be given again.  Writes results/genre/<name>/comparison.{md,csv,json} and a page
    of all side by side, report.html.
    """
    require_device(device)
    require_name(name)
    if strategy not in _STRATEGIES:
        raise UsageError(f"--strategy {strategy}: must be {', '.join(_STRATEGIES)}")
    recipes = _recipes(presets, changes)
    from zoneclf.deep.genre.comparing import CompareOptions
    from zoneclf.deep.runs import RunOptions

    run = RunOptions(device=device, threads=threads, save_every_s=save_every, embeddings=embeddings)
    options = CompareOptions(strategy=strategy, jobs=jobs, run=run)
    _compare(set_, name or absolute(set_).name, recipes, seeds=seeds, options=options, json_=json_)


def _compare(
    set_folder: Path,
    name: str,
    recipes: "dict[str, Recipe]",
    *,
    seeds: int,
    options: "CompareOptions",
    json_: bool,
) -> None:
    """Compare, write what came of it, and print the table."""
    from zoneclf.deep.genre.comparing import compare as run
    from zoneclf.deep.genre.comparing import entries_of, require_learnable
    from zoneclf.deep.genre.comparison_table import markdown, write_table
    from zoneclf.deep.genre.results import RESULTS, write_comparison

    entries = entries_of(recipes, name, seeds)
    require_learnable(set_folder, entries, options.run)
    compared = run(set_folder, entries, options)
    folder = RESULTS / name
    firsts = [one.evaluation for one in compared[: len(recipes)]]
    write_comparison(firsts, folder, f"Presets side by side on {name}")
    told = write_table(compared, folder)
    console.close()
    if json_:
        typer.echo(json.dumps({"results": str(folder), **told}, indent=2, default=str))
    else:
        typer.echo(printable(f"{markdown(told['presets'])}{folder / 'comparison.md'}, report.html"))


def _recipes(presets: str, changes: dict[str, Any]) -> "dict[str, Recipe]":
    """Return the recipes that are compared, by name."""
    from zoneclf.deep.genre.training_recipe import PRESETS

    names = [name.strip() for name in presets.split(",")] if presets else list(PRESETS)
    found = {}
    for name in names:
        key = Path(name).stem
        if not name or key in found:
            raise UsageError(f"--presets {presets}: {key or 'a name'!r} is there twice or empty")
        found[key] = recipe_for(name, changes)[0]
    return found
