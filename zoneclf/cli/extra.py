"""The commands of the optional package `zoneclf.deep`, which is loaded only when one is called."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from zoneclf.console import reports_errors


class _Deep(TyperGroup):
    """Commands that the optional package brings, by its own module's word."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all."""
        return [str(name) for name in _loaded().list_commands(ctx)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return one, or None."""
        return _loaded().get_command(ctx, cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of all."""
        _loaded().format_commands(ctx, formatter)


deep_app = typer.Typer(
    cls=_Deep,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Neural models (optional, torch): embeddings, genre, mood, arousal and valence.",
)


@deep_app.callback()
def deep() -> None:
    """Neural models (optional, torch): embeddings, genre, mood, arousal and valence."""


def _loaded() -> Any:
    """Return the group of commands that `zoneclf.deep.commands` defines."""
    found: dict[str, Any] = {}

    @reports_errors
    def load() -> None:
        found["group"] = typer.main.get_command(import_module("zoneclf.deep.commands").app)

    load()
    return found["group"]
