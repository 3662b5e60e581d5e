"""``zoneclf deep genre predict`` and ``zoneclf deep predict``: genres of files and folders."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
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
from zoneclf.errors import UsageError

if TYPE_CHECKING:
    from zoneclf.deep.genre.choosing import Choice, RuleOptions
    from zoneclf.deep.genre.predicting import Prediction
    from zoneclf.deep.source_tracks import Wanted

# Where the core looks for what networks say of genres.
FEATURES = Path("dataset/genre")
# Of probabilities in JSON; a feature table has all.
_DIGITS = 4
_Paths = Annotated[
    list[Path] | None, typer.Argument(help="Files, folders, playlists (.m3u8).", show_default=False)
]
_Source = Annotated[
    str,
    typer.Option(
        help="Write what it says of a source's tracks (or, under this name, of PATHS) to "
        "dataset/genre/, for zoneclf train --features genre."
    ),
]
_Mert = Annotated[
    str, typer.Option("--mert", help="Folder of the MERT checkpoint, where the model needs one.")
]
_Offline = Annotated[bool, typer.Option("--offline", help="Fetch no MERT checkpoint.")]
_Table = Annotated[
    Path | None,
    typer.Option("--table", metavar="FILE", help="Write probabilities into a feature table, too."),
]


@reports_errors
def predict(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Run, or folder of a checkpoint.")],
    paths: _Paths = None,
    source: _Source = "",
    load_tuning_results: Results = None,
    prediction_threshold: Threshold = None,
    top_k: TopK = None,
    mert: _Mert = "",
    offline: _Offline = False,
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
    asked = _Asked(mert, offline, table, checked_device(device), json_)
    folder = checkpoint_folder_of(run, TASK)
    _predict(folder, _Tracks(tuple(paths or ()), source), rule, asked)


@reports_errors
def predict_newest(
    paths: _Paths = None,
    source: _Source = "",
    model: Annotated[
        str, typer.Option("--model", help="Run, or folder of a checkpoint; default: the newest.")
    ] = "",
    load_tuning_results: Results = None,
    prediction_threshold: Threshold = None,
    top_k: TopK = None,
    mert: _Mert = "",
    offline: _Offline = False,
    table: _Table = None,
    device: Device = "auto",
    json_: Json = False,
) -> None:
    """Print the labels of each track, with probabilities, by the newest checkpoint or --model."""
    from zoneclf.deep.finding import checkpoint_folder_of, newest_checkpoint
    from zoneclf.deep.genre.choosing import RuleOptions

    rule = RuleOptions(results=load_tuning_results, threshold=prediction_threshold, top_k=top_k)
    asked = _Asked(mert, offline, table, checked_device(device), json_)
    folder = checkpoint_folder_of(model) if model else newest_checkpoint()
    _predict(folder, _Tracks(tuple(paths or ()), source), rule, asked)


@dataclass(frozen=True)
class _Tracks:
    """Which tracks are asked about."""

    paths: tuple[Path, ...]
    source: str

    def wanted(self, table: Path | None) -> tuple[list["Wanted"], Path | None]:
        """Return them, and the table that is to be written.

        Raises
        ------
        UsageError
            If nothing is named, or two tables are.
        """
        from zoneclf.deep.source_tracks import files_wanted, jobs_in

        if not self.source:
            if not self.paths:
                raise UsageError("PATHS: name files, folders or playlists, or --source NAME")
            return files_wanted(self.paths), table
        if table is not None:
            raise UsageError("--table: goes without --source, which names a table itself")
        command = "zoneclf deep genre predict RUN"
        (job,) = jobs_in(FEATURES, self.paths, self.source, command=command)
        return job.wanted, job.table


class _Asked:
    """What the options say besides the rule."""

    def __init__(
        self, mert: str, offline: bool, table: Path | None, device: str, as_json: bool
    ) -> None:
        self.mert, self.offline, self.table = mert, offline, table
        self.device, self.as_json = device, as_json


def _predict(folder: Path, tracks: _Tracks, rule: "RuleOptions", asked: _Asked) -> None:
    from zoneclf.deep.checkpoint import load_checkpoint
    from zoneclf.deep.genre.choosing import choose
    from zoneclf.deep.genre.judging import TASK
    from zoneclf.deep.genre.predicting import predict, write_features
    from zoneclf.deep.hearing import ears_for

    files, table = tracks.wanted(asked.table)
    checkpoint = load_checkpoint(folder, task=TASK)
    choice = choose(checkpoint, rule)
    ears = ears_for(checkpoint, mert=asked.mert, offline=asked.offline, device=asked.device)
    if ears.settings.foreign:
        console.warn(
            "the network learnt from ready-made spectrograms; those made here follow what was said "
            "of them, and may differ"
        )
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
