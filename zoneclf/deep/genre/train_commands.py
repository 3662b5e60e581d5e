"""``zoneclf deep genre train``: a prepared set becomes a network."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoneclf.console import reports_errors
from zoneclf.deep.genre.recipe_options import OPTIONS
from zoneclf.deep.recipe_options import takes_recipe
from zoneclf.deep.training_commands import (
    Asked,
    Device,
    Embeddings,
    Json,
    Report,
    Resume,
    SaveEvery,
    SetFolder,
    Threads,
    page_of,
    require_device,
    require_name,
    tell_run,
    trained,
)

if TYPE_CHECKING:
    from zoneclf.deep.genre.training_recipe import Recipe
    from zoneclf.deep.run_card import Run

Preset = Annotated[
    str,
    typer.Option(
        help="fusion, weighted, soft, focal, trust-mert, or a YAML file, in place of the defaults."
    ),
]


@reports_errors
@takes_recipe(OPTIONS)
def train(
    set_: SetFolder = None,
    preset: Preset = "",
    changes: dict[str, Any] = {},  # noqa: B006  (never changed; stands for the recipe's options)
    embeddings: Embeddings = "",
    device: Device = "auto",
    threads: Threads = 0,
    save_every: SaveEvery = 60.0,
    name: Annotated[str, typer.Option(help="Name of the run.", show_default="PRESET-1")] = "",
    resume: Resume = False,
    report: Report = True,
    json_: Json = False,
) -> None:
    """Train a network on a prepared set and store it under models/genre/.

    The same command goes on where it was stopped, at whatever moment that was.
    """
    require_device(device)
    require_name(name)
    from zoneclf.deep.genre.learning import GENRE, SCORE
    from zoneclf.deep.runs import RunOptions

    options = RunOptions(
        device=device, threads=threads, save_every_s=save_every, embeddings=embeddings
    )
    asked = Asked(
        set_folder=set_,
        name=name,
        is_resumed=resume,
        is_told=bool(preset or changes),
        options=options,
    )
    run = trained(GENRE, asked, lambda: recipe_for(preset, changes))
    tell_run(run, SCORE, as_json=json_, report=_judged(run, device) if report else None)


def _judged(run: "Run", device: str) -> Path:
    """Return the page of a run on its validation tracks."""
    from zoneclf.deep.genre.choosing import RuleOptions, choose
    from zoneclf.deep.genre.judging import evaluation_of, open_run
    from zoneclf.deep.genre.results import RESULTS, write_evaluation

    def write(folder: Path) -> None:
        opened = open_run(run.folder, device=device)
        evaluation = evaluation_of(opened, choose(opened.checkpoint, RuleOptions()), "valid")
        write_evaluation(evaluation, folder)

    return page_of(run, RESULTS, write)


def recipe_for(preset: str, changes: dict[str, Any]) -> "tuple[Recipe, str]":
    """Return the preset with the options in place, and how to begin the name of its run."""
    from zoneclf.deep.genre.training_recipe import read_recipe
    from zoneclf.deep.recipe import changed

    recipe = changed(read_recipe(preset), changes)
    return recipe, f"{Path(preset).stem or recipe.architecture}-"
