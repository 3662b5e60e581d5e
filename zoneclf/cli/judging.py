"""Commands that show what a model does: analyze, visualize-2d, predict."""

from pathlib import Path
from typing import Annotated

import typer

from zoneclf.cli.app import (
    Config,
    FrameSize,
    Jobs,
    Json,
    ModelName,
    print_json,
    settings_of,
)
from zoneclf.console import PARTIAL, console, reports_errors
from zoneclf.errors import UsageError
from zoneclf.settings import Method


@reports_errors
def analyze(
    holdout: Annotated[bool, typer.Option("--holdout", help="Judge on the holdout.")] = False,
    cv: Annotated[bool, typer.Option("--cv", help="Judge by cross-validation (default).")] = False,
    model: ModelName = "",
    config: Config = None,
    json_: Json = False,
) -> None:
    """Judge a model and write results/<run>/ with metrics, pictures and a page."""
    settings = settings_of(config)
    from zoneclf.pipeline.reporting import analyze as run
    from zoneclf.pipeline.workspace import Workspace
    from zoneclf.report.folder import metrics

    printed = []
    for split in ["cv"] * (cv or not holdout) + ["holdout"] * holdout:
        folder, report = run(Workspace(), settings, split, model, console)
        console.close()
        printed.append({"results": str(folder), **metrics(report)})
        if json_:
            continue
        scores = report.main.scores
        low, high = scores.accuracy_ci95
        typer.echo(
            f"{report.model}, {split}, {scores.n} {report.own} tracks: accuracy "
            f"{scores.accuracy:.3f} (95 % interval {low:.2f} to {high:.2f}), weighted F1 "
            f"{scores.f1_weighted:.3f}, log loss {scores.log_loss:.3f}"
        )
        for target in metrics(report)["targets"]:
            if target["value"] is not None:
                typer.echo(f"  {target['name']} > {target['goal']:.2f}: {target['verdict']}")
        typer.echo(f"report: {folder / 'report.html'}")
    if json_:
        print_json(printed[0] if len(printed) == 1 else {"reports": printed})


@reports_errors
def visualize_2d(model: ModelName = "", config: Config = None) -> None:
    """Draw arousal and valence: the rule's regions, DEAM's tracks, yours."""
    settings = settings_of(config)
    from zoneclf.pipeline.mapping import visualize_2d as run
    from zoneclf.pipeline.workspace import Workspace

    folder, drawn = run(Workspace(), settings, model, console)
    typer.echo(drawn.title)
    typer.echo(f"pictures: {folder / 'zone_map_2d.png'}, {folder / 'zone_map_2d.html'}")


@reports_errors
def predict(
    paths: Annotated[list[Path], typer.Argument(help="Files, folders, playlists (.m3u8).")],
    model: ModelName = "",
    method: Annotated[Method, typer.Option(help="What makes the features.")] = "frames",
    frame_size: FrameSize = None,
    jobs: Jobs = None,
    config: Config = None,
    json_: Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Say why, in words.")] = False,
) -> None:
    """Print the zone of each track, with probabilities."""
    settings = settings_of(config, {"jobs": jobs, "frames.hop_s": frame_size})
    if method not in ("frames", "opensmile"):
        raise UsageError(f"--method {method} does not read sound; use frames or opensmile")
    from zoneclf.cli.prediction_output import as_csv, as_json, as_table
    from zoneclf.pipeline.choosing import answering_model
    from zoneclf.pipeline.predicting import predict as run
    from zoneclf.pipeline.workspace import Workspace

    found_model = answering_model(Workspace(), settings, model, console)
    found = run(
        Workspace(), settings, found_model, paths, method=method, voice=console, explain=explain
    )
    console.close()
    if json_:
        print_json(as_json(found, found_model.card))
    elif csv:
        typer.echo(as_csv(found, found_model.card.zones), nl=False)
    else:
        typer.echo(as_table(found, found_model.card.zones), nl=False)
    if any(prediction.status != "ok" for prediction in found):
        raise typer.Exit(PARTIAL)
