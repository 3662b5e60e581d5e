"""The command line: read options, call `zoneclf.pipeline`, print where the result is.

Nothing heavy is imported before a command runs.
"""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from zoneclf import __version__
from zoneclf.console import PARTIAL, Console, prepare_process, printable, reports_errors
from zoneclf.errors import SettingsError
from zoneclf.settings import DeamLabels, Method, Settings
from zoneclf.settings_reader import resolve, show

app = typer.Typer(
    name="zoneclf",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
config_app = typer.Typer(no_args_is_help=True, help="The settings in force.")
app.add_typer(config_app, name="config")

Config = Annotated[Path | None, typer.Option("--config", "-c", help="Settings file.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Jobs = Annotated[int | None, typer.Option("--jobs", help="Worker processes; 0: one per core.")]
ModelName = Annotated[str, typer.Option("--model", help="Model folder's name; default: newest.")]
_console = Console()


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"zoneclf {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only warnings and errors.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Tell every step.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Tracebacks instead of one line.")] = False,
) -> None:
    """Sort music into zones of energy, learnt from your labels and the DEAM dataset."""
    global _console  # noqa: PLW0603  (one console per process)
    del version  # its callback has ended the program
    _console = Console(quiet=quiet, verbose=verbose)
    if debug:
        os.environ["ZONECLF_DEBUG"] = "1"


@app.command()
@reports_errors
def init(folder: Annotated[Path, typer.Argument(help="New or empty folder.")] = Path()) -> None:
    """Make a workspace: config/, dataset/, models/, results/."""
    from zoneclf.pipeline.starting import start_workspace

    for line in start_workspace(folder):
        typer.echo(line)


@app.command()
@reports_errors
def extract(
    method: Annotated[Method, typer.Option(help="What makes the features.")] = "frames",
    input_: Annotated[
        list[Path] | None,
        typer.Option("--input", "-i", help="Folder, file, playlist, label file or table."),
    ] = None,
    source: Annotated[str, typer.Option(help="Only this source, or the name for --input.")] = "",
    frame_size: Annotated[
        float | None, typer.Option(help="Seconds from frame to frame.", show_default="0.5")
    ] = None,
    window: Annotated[
        float | None, typer.Option(help="Seconds per frame.", show_default="twice the frame size")
    ] = None,
    jobs: Jobs = None,
    output: Annotated[Path | None, typer.Option(help="Folder for the frames.")] = None,
    force: Annotated[bool, typer.Option(help="Forget earlier frames.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Only say what would be done.")] = False,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Turn sound into frames and tracks; goes on where an earlier run stopped."""
    settings = _settings(
        config, {"frames.hop_s": frame_size, "frames.window_s": window, "jobs": jobs}
    )
    from zoneclf.pipeline.extracting import ExtractRequest
    from zoneclf.pipeline.extracting import extract as run
    from zoneclf.pipeline.workspace import Workspace

    request = ExtractRequest(
        method=method,
        inputs=tuple(input_ or ()),
        source=source,
        output=output,
        force=force,
        dry_run=dry_run,
    )
    done = run(Workspace(), settings, request, _console)
    _console.close()
    if json_:
        _print_json({"sources": [_extracted_json(part) for part in done]})
    elif not dry_run:
        for part in done:
            statuses = ", ".join(f"{n} {status}" for status, n in part.statuses.most_common())
            typer.echo(
                printable(f"{part.source}: {statuses}; {part.frame_count} frames; {part.table}")
            )
    if any(part.failed for part in done):
        raise typer.Exit(PARTIAL)


@app.command()
@reports_errors
def label(
    source: Annotated[str, typer.Option(help="The source that --labels or --root is for.")] = "",
    labels: Annotated[Path | None, typer.Option(help="Label file: path and zone.")] = None,
    root: Annotated[Path | None, typer.Option(help="Folder above DEAM's files.")] = None,
    deam_labels: Annotated[
        DeamLabels | None, typer.Option(help="How to take DEAM's labels.")
    ] = None,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Give every extracted track its zone; says what was repaired and left out."""
    settings = _settings(config)
    from zoneclf.pipeline.labelling import label as run
    from zoneclf.pipeline.labelling import said_of
    from zoneclf.pipeline.workspace import Workspace

    chosen: dict[str, Any] = {
        f"sources.{source or 'user'}.labels": labels and str(labels),
        f"sources.{source or 'deam'}.root": root and str(root),
        "labels.deam": deam_labels,
    }
    found = run(Workspace(), settings, {key: value for key, value in chosen.items() if value})
    if json_:
        _print_json({"zones": found.zones, "dropped": found.dropped, "remarks": found.remarks})
        return
    for name in found.zones:
        for line in said_of(found, name):
            typer.echo(printable(line))


@app.command()
@reports_errors
def train(
    user_weight: Annotated[
        float | None, typer.Option(help="Weight of your tracks against others.", show_default="3")
    ] = None,
    strategy: Annotated[
        str | None, typer.Option(help="user-only or weighted.", show_default="weighted")
    ] = None,
    features: Annotated[
        str | None, typer.Option(help="Feature set by name.", show_default="deam236")
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the new model folder.")] = "",
    seed: Annotated[int | None, typer.Option(help="Seed.", show_default="0")] = None,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Train a zone model and store it under models/."""
    options = {"user_weight": user_weight, "strategy": strategy, "features": features, "seed": seed}
    settings = _settings(config, {f"train.{key}": value for key, value in options.items()})
    from zoneclf.pipeline.training import train as run
    from zoneclf.pipeline.workspace import Workspace

    trained = run(Workspace(), settings, name, _console)
    _console.close()
    card = trained.card
    if json_:
        _print_json({"model": str(trained.folder), "scores": card.scores, "licence": card.licence})
        return
    typer.echo(
        f"{trained.folder}: {len(card.spec.features)} features, zones {', '.join(card.zones)}"
    )
    if card.scores:
        low, high = card.scores["accuracy_ci95"]
        typer.echo(
            f"expected on your tracks ({card.scores['folds']}-fold cross-validation, "
            f"n = {card.scores['n']}): accuracy {card.scores['accuracy']:.2f}, 95 % interval "
            f"{low:.2f} to {high:.2f}"
        )


@app.command()
@reports_errors
def analyze(
    holdout: Annotated[bool, typer.Option("--holdout", help="Judge on the holdout.")] = False,
    cv: Annotated[bool, typer.Option("--cv", help="Judge by cross-validation (default).")] = False,
    model: ModelName = "",
    config: Config = None,
    json_: Json = False,
) -> None:
    """Judge a model and write results/<run>/ with metrics, pictures and a page."""
    settings = _settings(config)
    from zoneclf.pipeline.reporting import analyze as run
    from zoneclf.pipeline.workspace import Workspace
    from zoneclf.report.folder import metrics

    for split in ["cv"] * (cv or not holdout) + ["holdout"] * holdout:
        folder, report = run(Workspace(), settings, split, model, _console)
        _console.close()
        if json_:
            _print_json({"results": str(folder), **metrics(report)})
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


@app.command("visualize-2d")
@reports_errors
def visualize_2d(config: Config = None) -> None:
    """Draw arousal and valence: the rule's regions, DEAM's tracks, yours."""
    settings = _settings(config)
    from zoneclf.pipeline.reporting import visualize_2d as run
    from zoneclf.pipeline.workspace import Workspace

    folder, drawn = run(Workspace(), settings, _console)
    typer.echo(drawn.title)
    typer.echo(f"pictures: {folder / 'zone_map_2d.png'}, {folder / 'zone_map_2d.html'}")


@app.command()
@reports_errors
def predict(
    paths: Annotated[list[Path], typer.Argument(help="Files, folders, playlists (.m3u8).")],
    model: ModelName = "",
    method: Annotated[Method, typer.Option(help="What makes the features.")] = "frames",
    frame_size: Annotated[
        float | None, typer.Option(help="Seconds from frame to frame.", show_default="0.5")
    ] = None,
    jobs: Jobs = None,
    config: Config = None,
    json_: Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Print the zone of each track, with probabilities."""
    settings = _settings(config, {"jobs": jobs, "frames.hop_s": frame_size})
    if method not in ("frames", "opensmile"):
        raise SettingsError(f"--method {method} does not read sound; use frames or opensmile")
    from zoneclf.pipeline.predicting import predict as run
    from zoneclf.pipeline.reporting import chosen_model
    from zoneclf.pipeline.workspace import Workspace
    from zoneclf.prediction_output import as_csv, as_json, as_table

    found_model = chosen_model(Workspace(), model)
    found = run(Workspace(), settings, found_model, paths, method=method, voice=_console)
    _console.close()
    if json_:
        _print_json(as_json(found, found_model.card))
    elif csv:
        typer.echo(as_csv(found, found_model.card.zones), nl=False)
    else:
        typer.echo(as_table(found, found_model.card.zones), nl=False)
    if any(prediction.status != "ok" for prediction in found):
        raise typer.Exit(PARTIAL)


@app.command()
@reports_errors
def doctor(config: Config = None, json_: Json = False) -> None:
    """Check environment, data, DEAM's labels, tables and models."""
    settings = _settings(config)
    from zoneclf.pipeline.checking import check_all
    from zoneclf.pipeline.workspace import Workspace

    found = check_all(Workspace(), settings)
    if json_:
        _print_json({"checks": [vars(check) for check in found]})
    else:
        for check in found:
            typer.echo(printable(f"{check.verdict:5} {check.what}: {check.detail}"))
    if any(check.verdict == "bad" for check in found):
        raise typer.Exit(SettingsError.exit_code)


@app.command()
@reports_errors
def demo(
    folder: Annotated[Path, typer.Argument(help="New or empty folder.")] = Path("demo"),
    seed: Annotated[int, typer.Option(help="Which library is made up.")] = 0,
) -> None:
    """Make up a small library and run the whole pipeline on it."""
    from zoneclf.demo.tour import run_tour

    run_tour(folder, seed=seed)


@config_app.command("show")
@reports_errors
def config_show(
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value is from.")] = False,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Print every setting in force."""
    settings, origins = resolve(config)
    values = show(settings)
    if json_:
        _print_json({"settings": values, **({"origins": origins} if origin else {})})
        return
    for key, value in values.items():
        where = f"   ({origins[key]})" if origin else ""
        typer.echo(f"{key} = {json.dumps(value)}{where}")


def run() -> None:
    """Start the program."""
    prepare_process()
    typer.main.get_command(app)()  # app() would put typer's own hook for uncaught errors in place


def _settings(config: Path | None, options: dict[str, Any] | None = None) -> Settings:
    return resolve(config, options)[0]


def _print_json(content: dict[str, Any]) -> None:
    typer.echo(json.dumps({"schema_version": 1, **content}, indent=2, default=vars))


def _extracted_json(part: Any) -> dict[str, Any]:
    return {
        "source": part.source,
        "statuses": dict(part.statuses),
        "frames": part.frame_count,
        "table": str(part.table),
        "failed": [
            {"path": path, "status": status, "reason": reason}
            for path, status, reason in part.failed
        ],
    }
