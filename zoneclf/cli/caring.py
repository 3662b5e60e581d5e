"""Commands round the pipeline: init, doctor, demo, config show."""

import json
from pathlib import Path
from typing import Annotated

import typer

from zoneclf.cli.app import Config, Json, print_json, settings_of
from zoneclf.console import printable, reports_errors
from zoneclf.errors import SettingsError
from zoneclf.settings_reader import resolve, show


@reports_errors
def init(folder: Annotated[Path, typer.Argument(help="New or empty folder.")] = Path()) -> None:
    """Make a workspace: config/, dataset/, models/, results/."""
    from zoneclf.pipeline.starting import start_workspace

    for line in start_workspace(folder):
        typer.echo(line)


@reports_errors
def doctor(config: Config = None, json_: Json = False) -> None:
    """Check environment, data, DEAM's labels, tables and models."""
    settings = settings_of(config)
    from zoneclf.pipeline.checking import check_all
    from zoneclf.pipeline.workspace import Workspace

    found = check_all(Workspace(), settings)
    if json_:
        print_json({"checks": [vars(check) for check in found]})
    else:
        for check in found:
            typer.echo(printable(f"{check.verdict:5} {check.what}: {check.detail}"))
    if any(check.verdict == "bad" for check in found):
        raise typer.Exit(SettingsError.exit_code)


@reports_errors
def demo(
    folder: Annotated[Path, typer.Argument(help="New or empty folder.")] = Path("demo"),
    seed: Annotated[int, typer.Option(help="Which library is made up.")] = 0,
) -> None:
    """Make up a small library and run the whole pipeline on it."""
    from zoneclf.demo.tour import run_tour

    run_tour(folder, seed=seed)


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
        print_json({"settings": values, **({"origins": origins} if origin else {})})
        return
    for key, value in values.items():
        where = f"   ({origins[key]})" if origin else ""
        typer.echo(f"{key} = {json.dumps(value)}{where}")
