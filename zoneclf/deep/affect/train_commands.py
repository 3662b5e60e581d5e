"""``zoneclf deep affect train``: a set with arousal and valence becomes a network."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoneclf.console import reports_errors
from zoneclf.deep.affect.recipe_options import OPTIONS
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

if TYPE_CHECKING:
    from zoneclf.deep.affect.recipe import AffectRecipe


@reports_errors
@takes_recipe(OPTIONS)
def train(
    set_: SetFolder = None,
    changes: dict[str, Any] = {},  # noqa: B006  (never changed; stands for the recipe's options)
    embeddings: Embeddings = "",
    device: Device = "auto",
    threads: Threads = 0,
    save_every: SaveEvery = 60.0,
    name: Annotated[str, typer.Option(help="Name of the run.", show_default="BACKBONE-1")] = "",
    resume: Resume = False,
    json_: Json = False,
) -> None:
    """Train a network of arousal and valence and store it under models/affect/.

    wav2vec2 and mert read embeddings that `zoneclf deep embed --set SET` made; mood-resnet begins
    from nothing, or from a mood network: --mood RUN.
    """
    require_device(device)
    require_name(name)
    from zoneclf.deep.affect.judging import remember_rescale
    from zoneclf.deep.affect.learning import AFFECT, SCORE
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
    run = trained(AFFECT, asked, lambda: named(recipe_for(changes)))
    remember_rescale(run, device=device)
    tell_run(run, SCORE, as_json=json_)


def recipe_for(changes: dict[str, Any]) -> "AffectRecipe":
    """Return the default recipe with the options in place; a mood network is frozen unless told."""
    from zoneclf.deep.affect.recipe import AffectRecipe
    from zoneclf.deep.affect.transfer import with_mood
    from zoneclf.deep.recipe import changed

    mood = changes.get("mood", "")
    told = {"freeze": "all", "backbone": "mood-resnet", **changes} if mood else changes
    recipe = changed(AffectRecipe(), told)
    return with_mood(recipe, mood) if mood else recipe


def named(recipe: "AffectRecipe") -> "tuple[AffectRecipe, str]":
    """Return the recipe, and how to begin the name of its run."""
    return recipe, f"{recipe.backbone}-"
