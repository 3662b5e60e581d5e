"""Groups of commands whose modules are loaded when a command is called, not to list them."""

import ast
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from zoneclf.errors import MissingExtraError


def lazy_group(about: str, places: Mapping[str, str], **groups: typer.Typer) -> typer.Typer:
    """Return a group of commands.

    Parameters
    ----------
    about
        What its help says.
    places
        Where each command is, by name in the order of the help: ``module:function``, below
        `zoneclf.deep`.
    groups
        Groups within the group, listed first.

    Raises
    ------
    MissingExtraError
        When a command is called whose module lacks what it imports.
    """

    class Group(TyperGroup):
        def list_commands(self, ctx: Any) -> list[str]:
            return [*super().list_commands(ctx), *places]

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            if cmd_name in places:
                return _command(cmd_name, places[cmd_name])
            return super().get_command(ctx, cmd_name)

        def format_commands(self, ctx: Any, formatter: Any) -> None:
            inner = [(name, str(groups[name].info.help)) for name in super().list_commands(ctx)]
            with formatter.section("Commands"):
                formatter.write_dl([*inner, *((n, _summary(p)) for n, p in places.items())])

    app = typer.Typer(
        cls=Group, no_args_is_help=True, rich_markup_mode=None, add_completion=False, help=about
    )
    app.callback()(lambda: None)
    for name, one in groups.items():
        app.add_typer(one, name=name)
    return app


@cache
def _command(name: str, place: str) -> Any:
    module, _, function = place.partition(":")
    try:
        found = getattr(import_module(f"zoneclf.deep.{module}"), function)
    except ImportError as error:
        if (error.name or "").startswith("zoneclf"):
            raise  # ours to mend
        raise MissingExtraError("deep", error.name or str(error)) from error
    alone = typer.Typer(rich_markup_mode=None, add_completion=False)
    alone.command(name)(found)
    command = typer.main.get_command(alone)
    command.name = name
    return command


def _summary(place: str) -> str:
    """Return the first line of a command's docstring, read without loading its module."""
    module, _, function = place.partition(":")
    spec = find_spec(f"zoneclf.deep.{module}")
    assert spec is not None and spec.origin is not None
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return (ast.get_docstring(node) or "").partition("\n")[0]
    raise ValueError(f"{place}: is no command")
