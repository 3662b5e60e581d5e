"""``zoneclf deep mood train``: a set with one mood per track becomes a network."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoneclf.console import reports_errors
from zoneclf.deep.mood.recipe_options import OPTIONS
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
    from zoneclf.deep.mood.recipe import MoodRecipe
    from zoneclf.deep.run_card import Run


@reports_errors
@takes_recipe(OPTIONS)
def train(
    set_: SetFolder = None,
    changes: dict[str, Any] = {},  # noqa: B006  (never changed; stands for the recipe's options)
    embeddings: Embeddings = "",
    device: Device = "auto",
    threads: Threads = 0,
    save_every: SaveEvery = 60.0,
    name: Annotated[str, typer.Option(help="Name of the run.", show_default="NETWORK-1")] = "",
    resume: Resume = False,
    report: Report = True,
    json_: Json = False,
) -> None:
    """Train a network that says one mood of a track, and store it under models/mood/.

    It is stopped by the balanced accuracy: the mean over moods of the tracks that are recognised.
    The same command goes on where it was stopped, at whatever moment that was.
    """
    require_device(device)
    require_name(name)
    from zoneclf.deep.mood.learning import MOOD, SCORE
    from zoneclf.deep.runs import RunOptions

    options = RunOptions(
        device=device, threads=threads, save_every_s=save_every, embeddings=embeddings
    )
    asked = Asked(
        set_folder=set_,
        name=name,
        is_resumed=resume,
        is_told=bool(changes),
        options=options,
    )

    run = trained(MOOD, asked, lambda: _recipe_for(changes))
    tell_run(run, SCORE, as_json=json_, report=_judged(run, device) if report else None)


def _recipe_for(changes: dict[str, Any]) -> "tuple[MoodRecipe, str]":
    """Return the default recipe with the options in place, and how to begin its run's name."""
    from zoneclf.deep.mood.recipe import MoodRecipe
    from zoneclf.deep.recipe import changed

    recipe = changed(MoodRecipe(), changes)
    return recipe, f"{recipe.architecture}-"


def _judged(run: "Run", device: str) -> Path:
    """Return the page of a run on its validation tracks."""
    from zoneclf.deep.mood.judging import judge, open_mood
    from zoneclf.deep.mood.results import RESULTS, write_evaluation

    def write(folder: Path) -> None:
        write_evaluation(judge(open_mood(run.folder, device=device), "valid"), folder)

    return page_of(run, RESULTS, write)
