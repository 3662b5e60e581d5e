"""``zoneclf deep predict``: what the newest network, of whatever task, says of files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from zoneclf.console import reports_errors
from zoneclf.deep.genre.judging_commands import Results, Threshold, TopK
from zoneclf.deep.predict_options import Asked, Mert, Offline, Paths
from zoneclf.deep.training_commands import Device, Json, require_device
from zoneclf.errors import ModelError, UsageError

_Source = Annotated[
    str, typer.Option(help="Write what it says of a source's tracks for zoneclf train.")
]
_Model = Annotated[
    str, typer.Option("--model", help="Run, or folder of a checkpoint; default: the newest.")
]
_Table = Annotated[
    Path | None, typer.Option("--table", metavar="FILE", help="Write a feature table, too.")
]
# Options of the rule that gives genres, by name.
_Rule = Mapping[str, Any]


@reports_errors
def predict_newest(
    paths: Paths = None,
    source: _Source = "",
    model: _Model = "",
    load_tuning_results: Results = None,
    prediction_threshold: Threshold = None,
    top_k: TopK = None,
    mert: Mert = "",
    offline: Offline = False,
    table: _Table = None,
    device: Device = "auto",
    json_: Json = False,
) -> None:
    """Print what the newest checkpoint, or --model, says of each track: genres, mood or affect.

    Genres are given by their tuned rule, which the rule's options change; a mood has none.
    """
    require_device(device)
    from zoneclf.deep.finding import checkpoint_folder_of, newest_checkpoint

    asked = Asked(mert=mert, offline=offline, table=table, device=device, as_json=json_)
    rule = {
        "load-tuning-results": load_tuning_results,
        "prediction-threshold": prediction_threshold,
        "top-k": top_k,
    }
    folder = checkpoint_folder_of(model) if model else newest_checkpoint()
    _predict(folder, paths, source, rule=rule, asked=asked)


def _predict(
    folder: Path, paths: list[Path] | None, source: str, *, rule: _Rule, asked: Asked
) -> None:
    """Predict by what the checkpoint's task asks for."""
    from zoneclf.deep.checkpoint import read_card

    task = read_card(folder).task
    if task == "genre":
        _genres(folder, paths, source, rule=rule, asked=asked)
    elif task == "mood":
        from zoneclf.deep.mood.predict_commands import predict_moods

        _refuse(folder, task, {**rule, "source": source or None, "table": asked.table})
        predict_moods(folder, paths or [], asked)
    elif task == "affect":
        _refuse(folder, task, rule)
        _affect(folder, paths, source, asked=asked)
    else:
        raise ModelError(f"{folder}: is of task {task!r}, of which this zoneclf knows nothing")


def _refuse(folder: Path, task: str, options: _Rule) -> None:
    """Refuse options that the network's task has no use for."""
    for name, value in options.items():
        if value is not None:
            raise UsageError(f"--{name}: {folder} is of {task}, which has none; leave it out")


def _genres(
    folder: Path, paths: list[Path] | None, source: str, *, rule: _Rule, asked: Asked
) -> None:
    from zoneclf.deep.genre.choosing import RuleOptions
    from zoneclf.deep.genre.predict_commands import predict_genres, tracks_of

    results, threshold, top_k = rule.values()
    options = RuleOptions(results=results, threshold=threshold, top_k=top_k)
    predict_genres(folder, tracks_of(paths, source), options, asked=asked)


def _affect(folder: Path, paths: list[Path] | None, source: str, *, asked: Asked) -> None:
    from zoneclf.deep.affect.predict_commands import asking_of, predict_with, tracks_of

    asking = asking_of(folder, asked.mert, offline=asked.offline, device=asked.device)
    predict_with(asking, tracks_of(paths, source), asked.table, as_json=asked.as_json)
