"""``zoneclf deep genre predict``: genres of files and folders."""

import json
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated

import typer

from zoneclf.console import PARTIAL, console, printable, reports_errors
from zoneclf.deep.genre.judging_commands import (
    Device,
    Json,
    Results,
    Threshold,
    TopK,
    checked_device,
)
from zoneclf.deep.predict_options import Asked, Mert, Offline, Paths, Tracks, ears_of

if TYPE_CHECKING:
    from zoneclf.deep.genre.choosing import Choice, RuleOptions
    from zoneclf.deep.genre.predicting import Prediction

# Where the core looks for what networks say of genres.
FEATURES = Path("dataset/genre")
# Of probabilities in JSON; a feature table has all.
_DIGITS = 4
_Source = Annotated[
    str,
    typer.Option(
        help="Write what it says of a source's tracks (or, under this name, of PATHS) to "
        "dataset/genre/, for zoneclf train --features genre."
    ),
]
_Table = Annotated[
    Path | None,
    typer.Option("--table", metavar="FILE", help="Write probabilities into a feature table, too."),
]


@reports_errors
def predict(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Run, or folder of a checkpoint.")],
    paths: Paths = None,
    source: _Source = "",
    load_tuning_results: Results = None,
    prediction_threshold: Threshold = None,
    top_k: TopK = None,
    mert: Mert = "",
    offline: Offline = False,
    table: _Table = None,
    device: Device = "auto",
    json_: Json = False,
) -> None:
    """Print the genres of each track, with probabilities.

    By the rule and calibration that tune-thresholds found, at 0.5 without them.
    """
    from zoneclf.deep.finding import checkpoint_folder_of
    from zoneclf.deep.genre.choosing import RuleOptions
    from zoneclf.deep.genre.judging import TASK

    rule = RuleOptions(results=load_tuning_results, threshold=prediction_threshold, top_k=top_k)
    asked = Asked(
        mert=mert, offline=offline, table=table, device=checked_device(device), as_json=json_
    )
    predict_genres(checkpoint_folder_of(run, TASK), tracks_of(paths, source), rule, asked=asked)


def tracks_of(paths: Sequence[Path] | None, source: str) -> Tracks:
    """Return which tracks are asked about."""
    command = "zoneclf deep genre predict RUN"
    return Tracks(paths=tuple(paths or ()), source=source, folder=FEATURES, command=command)


def predict_genres(folder: Path, tracks: Tracks, rule: "RuleOptions", *, asked: Asked) -> None:
    """Print what the checkpoint in a folder says of tracks, and write their table, if any."""
    from zoneclf.deep.checkpoint import load_checkpoint
    from zoneclf.deep.genre.choosing import choose
    from zoneclf.deep.genre.judging import TASK
    from zoneclf.deep.genre.predicting import predict, write_features

    files, table = tracks.wanted(asked.table)
    checkpoint = load_checkpoint(folder, task=TASK)
    choice = choose(checkpoint, rule)
    ears = ears_of(checkpoint, asked.mert, offline=asked.offline, device=asked.device)
    found = predict(checkpoint, choice, files, ears=ears, device=asked.device, voice=console)
    console.close()
    if table is not None:
        rows = write_features(found, checkpoint, choice, table)
        console.say(f"{table}: {rows} tracks")
    labels = checkpoint.card.labels
    if asked.as_json:
        typer.echo(json.dumps(_as_json(found, choice, str(folder), labels), indent=2))
    else:
        console.say(f"{folder}: {choice.rule.words} ({choice.origin})")
        typer.echo("\n".join(_line(one) for one in found))
    if any(not one.probabilities for one in found):
        raise typer.Exit(PARTIAL)


def _line(one: "Prediction") -> str:
    """Return a track's genres with their probabilities; the likeliest where there is none."""
    name = PurePath(one.path).name
    if not one.probabilities:
        return printable(f"{name}: {one.status}: {one.reason}").replace("\n", " ")
    said = ", ".join(f"{genre} {one.probabilities[genre]:.2f}" for genre in one.genres)
    if not said:
        best = max(one.probabilities, key=lambda genre: one.probabilities[genre])
        said = f"none (likeliest {best} {one.probabilities[best]:.2f})"
    mark = "" if one.status == "ok" else f"  ({one.status}: {one.reason})"
    return printable(f"{name}: {said}{mark}").replace("\n", " ")


def _as_json(
    found: Sequence["Prediction"], choice: "Choice", model: str, labels: Sequence[str]
) -> dict[str, object]:
    return {
        "schema_version": 1,
        "model": model,
        "task": "genre",
        "labels": list(labels),
        "rule": {**choice.rule.as_json(), "from": choice.origin},
        "calibration": choice.calibration.method,
        "tracks": [
            {
                **vars(one),
                "genres": [
                    {"genre": genre, "probability": round(one.probabilities[genre], _DIGITS)}
                    for genre in one.genres
                ],
                "probabilities": {
                    genre: round(value, _DIGITS) for genre, value in one.probabilities.items()
                },
            }
            for one in found
        ],
    }
