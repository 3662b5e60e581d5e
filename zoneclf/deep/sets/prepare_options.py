"""Options of the command line that every `prepare` has, and what it prints of problems."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from zoneclf.audio.files import absolute
from zoneclf.console import console
from zoneclf.deep.readers.listing import Problem
from zoneclf.deep.sets.grouping import GROUPS, Group
from zoneclf.deep.sets.making import SPLITTING, Splitting
from zoneclf.deep.sets.spectrogram_options import one_of
from zoneclf.deep.sets.splitting import shares_from
from zoneclf.errors import UsageError

_SHOWN = 5

Name = Annotated[str, typer.Option("--name", help="Name of the set; default: PATH's.")]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Folder of the set; default: one in dataset."),
]
Audio = Annotated[Path | None, typer.Option("--audio", help="Folder of the sound.")]
SharesOf = Annotated[str, typer.Option("--shares", help="Parts of train/valid/calib/test.")]
Splits = Annotated[str, typer.Option("--splits", help="drawn, or given by the data set.")]
GroupBy = Annotated[str, typer.Option("--group", help="Kept together: artist, album or none.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="Of the splits.")]
Jobs = Annotated[int, typer.Option("--jobs", min=0, help="Worker processes; 0: one per core.")]
Limit = Annotated[float, typer.Option("--time-limit", min=1.0, help="Seconds for one track.")]
Mels = Annotated[int | None, typer.Option("--mels", help="Mel bands.  [128]")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--spectrogram", help="Another setting, as hop=256; may be repeated."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def set_options(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what options tell of a `SetOptions`, by their names; spectrograms are told apart."""
    return {
        "shares": shares_from(told["shares"]),
        "splits": cast(Splitting, one_of("--splits", told["splits"], SPLITTING)),
        "group": cast(Group, one_of("--group", told["group"], GROUPS)),
        "seed": told["seed"],
        "jobs": told["jobs"],
        "time_limit_s": told["time_limit"],
    }


def set_name(name: str, path: Path) -> str:
    """Return the name of a set: what is said, or the name of what it is made from.

    Raises
    ------
    UsageError
        If it cannot be that of a folder.
    """
    found = name or absolute(path).stem or "set"
    if found in (".", "..") or any(mark in found for mark in "/\\\0"):
        raise UsageError(f"option --name: {found!r} must be the name of a folder")
    return found


def require_new(folder: Path) -> None:
    """Refuse a folder that holds something.

    Raises
    ------
    UsageError
        If it does, or is none.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder}: is there already; name a new folder")


def tell_problems(problems: Sequence[Problem], folder: Path) -> None:
    """Print the first problems to standard error."""
    console.close()
    for problem in problems[:_SHOWN]:
        console.warn(f"{problem.where}: {problem.what}")
    if len(problems) > _SHOWN:
        more = len(problems) - _SHOWN
        console.warn(f"and {more} more, all in {folder / 'problems.csv'}")
