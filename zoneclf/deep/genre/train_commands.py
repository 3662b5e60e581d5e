"""``zoneclf deep genre train``: a prepared set becomes a network."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoneclf.console import printable, reports_errors
from zoneclf.deep.genre.recipe_options import takes_recipe
from zoneclf.errors import UsageError

if TYPE_CHECKING:
    from zoneclf.deep.genre.run_card import Run
    from zoneclf.deep.genre.training_recipe import Recipe

Preset = Annotated[
    str,
    typer.Option(
        help="fusion, weighted, soft, focal, trust-mert, or a YAML file, in place of the defaults."
    ),
]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Threads = Annotated[int, typer.Option(min=0, max=1024, help="0: as many as torch takes.")]
SaveEvery = Annotated[
    float, typer.Option(metavar="SECONDS", min=0, help="How often it stores where it stands.")
]
Embeddings = Annotated[str, typer.Option(help="Which of the set's embeddings, if several.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
_DEVICES = ("auto", "cpu", "cuda")


@reports_errors
@takes_recipe
def train(
    set_: Annotated[
        Path | None, typer.Argument(metavar="SET", help="Folder of a prepared set.")
    ] = None,
    preset: Preset = "",
    changes: dict[str, Any] = {},  # noqa: B006  (never changed; stands for the recipe's options)
    embeddings: Embeddings = "",
    device: Device = "auto",
    threads: Threads = 0,
    save_every: SaveEvery = 60.0,
    name: Annotated[str, typer.Option(help="Name of the run.", show_default="PRESET-1")] = "",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with --name, or the last that was stopped.")
    ] = False,
    json_: Json = False,
) -> None:
    """Train a network on a prepared set and store it under models/genre/.

    The same command goes on where it was stopped, at whatever moment that was.
    """
    require_device(device)
    require_name(name)
    from zoneclf.deep.genre import runs

    options = runs.RunOptions(
        device=device, threads=threads, save_every_s=save_every, embeddings=embeddings
    )
    if resume:
        if set_ is not None or preset or changes or embeddings:
            raise UsageError("--resume: takes all that a run learns from its folder; give --name")
        run = runs.resume(name, options=options)
    else:
        recipe, stem = recipe_for(preset, changes)
        run = runs.train(required(set_), recipe, name=name or stem, options=options)
    _tell(run, as_json=json_)


def recipe_for(preset: str, changes: dict[str, Any]) -> "tuple[Recipe, str]":
    """Return the preset with the options in place, and how to begin the name of its run."""
    from zoneclf.deep.genre.training_recipe import changed, read_recipe

    recipe = changed(read_recipe(preset), changes)
    return recipe, f"{Path(preset).stem or recipe.architecture}-"


def required(set_: Path | None) -> Path:
    """Return the set's folder."""
    if set_ is None:
        raise UsageError("SET: is missing; name the folder that `zoneclf deep genre prepare` made")
    return set_


def require_device(device: str) -> None:
    """Refuse a device that there cannot be."""
    if device not in _DEVICES:
        raise UsageError(f"--device {device}: must be {', '.join(_DEVICES)}")


def require_name(name: str) -> None:
    """Refuse a name that is no single folder's."""
    if name and (Path(name).name != name or name.startswith(".") or name.endswith("-")):
        raise UsageError(f"--name {name}: must be the name of a folder, without a dash at its end")


def _tell(run: "Run", *, as_json: bool) -> None:
    """Print where the run is and what came of it."""
    result, card = run.card.result, run.card
    if as_json:
        said = {"schema_version": 1, "run": str(run.folder), "set": card.set, **result}
        typer.echo(json.dumps(said | {"device": card.device, "recipe": card.recipe}, indent=2))
        return
    typer.echo(
        printable(
            f"{run.folder}: validation PR-AUC {result['valid_pr_auc']:.4f} in epoch "
            f"{result['best_epoch']} of {result['epochs']}, {result['seconds']:.0f} s"
        )
    )
