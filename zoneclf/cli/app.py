"""The application, its options for every command, and its one console."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from zoneclf import __version__
from zoneclf.console import console
from zoneclf.settings import Settings
from zoneclf.settings_reader import resolve

# Wrong usage, as typer tells it; its releases keep the class in different modules.
_Misused: type[Exception] = typer.BadParameter.__mro__[1]


class _Commands(TyperGroup):
    """All commands; says where an option belongs that stands after one by mistake."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except _Misused as error:
            option = getattr(error, "option_name", "")
            if any(option in parameter.opts for parameter in self.params):
                command = f"zoneclf {option} {ctx.invoked_subcommand} ..."
                vars(error)["message"] += f"; it goes before the command: {command}"
            raise


app = typer.Typer(
    name="zoneclf",
    cls=_Commands,
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

FrameSize = Annotated[
    float | None, typer.Option(help="Seconds from frame to frame.", show_default="0.5")
]
ModelName = Annotated[str, typer.Option("--model", help="Model folder's name; default: newest.")]


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
    del version  # its callback has ended the program
    console.quiet, console.verbose = quiet, verbose
    if debug:
        os.environ["ZONECLF_DEBUG"] = "1"


def settings_of(config: Path | None, options: dict[str, Any] | None = None) -> Settings:
    """Return the settings in force under a command's options, by dotted key."""
    return resolve(config, options)[0]


def print_json(content: dict[str, Any]) -> None:
    """Print one JSON object with its schema version."""
    typer.echo(json.dumps({"schema_version": 1, **content}, indent=2, default=vars))
