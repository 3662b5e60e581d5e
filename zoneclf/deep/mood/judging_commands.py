"""``zoneclf deep mood evaluate``: a run judged on its prepared set."""

import json
from pathlib import Path
from typing import Annotated

import typer

from zoneclf.console import console, printable, reports_errors
from zoneclf.deep.training_commands import Device, Json, RunName, Split, require_device


@reports_errors
def evaluate(
    run: RunName,
    split: Annotated[Split, typer.Option(help="Split to judge on.")] = "test",
    set_: Annotated[
        Path | None, typer.Option("--set", help="Another prepared set of the same moods.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder; default: results/mood/RUN.")
    ] = None,
    device: Device = "auto",
    json_: Json = False,
) -> None:
    """Judge a run: balanced accuracy, and which moods are mistaken for which.

    Writes results/mood/<run>/: metrics.json, confusion_matrix.csv and .png, per_mood.csv,
    predictions.parquet, report.html.
    """
    require_device(device)
    from zoneclf.deep.finding import run_folder
    from zoneclf.deep.mood.evaluation import sentences
    from zoneclf.deep.mood.judging import judge, open_mood
    from zoneclf.deep.mood.learning import MOOD
    from zoneclf.deep.mood.results import RESULTS, write_evaluation

    opened = open_mood(run_folder(run, MOOD.name), set_folder=set_, device=device)
    judged = judge(opened, split)
    folder = output or RESULTS / opened.results_name(split)
    if (folder / "metrics.json").exists():
        console.say(f"{folder}: holds an earlier evaluation, which this one replaces")
    told = write_evaluation(judged, folder)
    console.close()
    if json_:
        typer.echo(json.dumps({"results": str(folder), **told}, indent=2))
        return
    lines = [f"{opened.name}, {split}, {told['n']} tracks", *sentences(judged)]
    typer.echo(printable("\n".join([*lines, f"report: {folder / 'report.html'}"])))
