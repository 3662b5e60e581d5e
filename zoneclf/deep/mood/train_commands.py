"""``zoneclf deep mood train``: a set with one mood per track becomes a network."""

from typing import Annotated, Any

import typer

from zoneclf.console import reports_errors
from zoneclf.deep.mood.recipe_options import OPTIONS
from zoneclf.deep.recipe_options import takes_recipe
from zoneclf.deep.training_commands import (
    Asked,
    Device,
    Embeddings,
    Json,
    Resume,
    SaveEvery,
    SetFolder,
    Threads,
    require_device,
    require_name,
    tell_run,
    trained,
)


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
    json_: Json = False,
) -> None:
    """Train a network that says one mood of a track, and store it under models/mood/.

    It is stopped by the balanced accuracy: the mean over moods of the tracks that are recognised.
    The same command goes on where it was stopped, at whatever moment that was.
    """
    require_device(device)
    require_name(name)
    from zoneclf.deep.mood.learning import MOOD, SCORE
    from zoneclf.deep.mood.recipe import MoodRecipe
    from zoneclf.deep.recipe import changed
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

    def recipe() -> tuple[MoodRecipe, str]:
        found = changed(MoodRecipe(), changes)
        return found, f"{found.architecture}-"

    tell_run(trained(MOOD, asked, recipe), SCORE, as_json=json_)
