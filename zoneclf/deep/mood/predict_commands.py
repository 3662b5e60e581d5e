"""``zoneclf deep mood predict``: one mood for each file."""

import json
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoneclf.console import PARTIAL, console, printable, reports_errors
from zoneclf.deep.predict_options import Asked, Mert, Offline, Paths, ears_of, files_named
from zoneclf.deep.training_commands import Device, Json, require_device

if TYPE_CHECKING:
    from zoneclf.deep.mood.predicting import Prediction

# Of probabilities in JSON.
_DIGITS = 4


@reports_errors
def predict(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Run, or folder of a checkpoint.")],
    paths: Paths = None,
    mert: Mert = "",
    offline: Offline = False,
    device: Device = "auto",
    json_: Json = False,
) -> None:
    """Print one mood for each track, its probability, and the next likeliest."""
    require_device(device)
    from zoneclf.deep.finding import checkpoint_folder_of
    from zoneclf.deep.mood.learning import MOOD

    asked = Asked(mert=mert, offline=offline, device=device, as_json=json_)
    predict_moods(checkpoint_folder_of(run, MOOD.name), paths or [], asked)


def predict_moods(folder: Path, paths: Sequence[Path], asked: Asked) -> None:
    """Print what the checkpoint in a folder says of files."""
    from zoneclf.deep.checkpoint import load_checkpoint
    from zoneclf.deep.mood.learning import MOOD
    from zoneclf.deep.mood.predicting import predict as say

    files = files_named(paths)
    checkpoint = load_checkpoint(folder, task=MOOD.name)
    ears = ears_of(checkpoint, asked.mert, offline=asked.offline, device=asked.device)
    found = say(checkpoint, files, ears=ears, device=asked.device, voice=console)
    console.close()
    if asked.as_json:
        typer.echo(json.dumps(_as_json(found, str(folder), checkpoint.card.labels), indent=2))
    else:
        typer.echo("\n".join(_line(one) for one in found))
    if any(not one.probabilities for one in found):
        raise typer.Exit(PARTIAL)


def _line(one: "Prediction") -> str:
    """Return a track's mood, and the next likeliest."""
    name = PurePath(one.path).name
    if not one.probabilities:
        return printable(f"{name}: {one.status}: {one.reason}").replace("\n", " ")
    likeliest, *others = one.probabilities.items()
    words = "{} {:.2f}".format(*likeliest)
    if others:
        words += "  (then {} {:.2f})".format(*others[0])
    mark = "" if one.status == "ok" else f"  ({one.status}: {one.reason})"
    return printable(f"{name}: {words}{mark}").replace("\n", " ")


def _as_json(found: Sequence["Prediction"], model: str, moods: Sequence[str]) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "model": model,
        "task": "mood",
        "labels": list(moods),
        "tracks": [
            {
                **vars(one),
                "mood": one.mood or None,
                "probability": round(max(one.probabilities.values(), default=0.0), _DIGITS),
                "probabilities": {
                    mood: round(value, _DIGITS) for mood, value in one.probabilities.items()
                },
            }
            for one in found
        ],
    }
