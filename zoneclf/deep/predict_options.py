"""What every command that predicts has in common: its options, and which tracks are asked about."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoneclf.console import console
from zoneclf.errors import UsageError

if TYPE_CHECKING:
    from zoneclf.deep.checkpoint import Checkpoint
    from zoneclf.deep.hearing import Ears
    from zoneclf.deep.source_tracks import Wanted

Paths = Annotated[
    list[Path] | None, typer.Argument(help="Files, folders, playlists (.m3u8).", show_default=False)
]
Mert = Annotated[
    str, typer.Option("--mert", help="Folder of the MERT checkpoint, where the model needs one.")
]
Offline = Annotated[bool, typer.Option("--offline", help="Fetch no MERT checkpoint.")]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the options say that every task has: how files are heard, and how it is told."""

    mert: str = ""
    offline: bool = False
    table: Path | None = None
    device: str = "auto"
    as_json: bool = False


@dataclass(frozen=True, kw_only=True)
class Tracks:
    """Which tracks are asked about; `folder` keeps the tables of sources, `command` makes them."""

    paths: tuple[Path, ...]
    source: str
    folder: Path
    command: str

    def wanted(self, table: Path | None) -> tuple[list["Wanted"], Path | None]:
        """Return them, and the table that is to be written.

        Raises
        ------
        UsageError
            If nothing is named, or two tables are.
        """
        from zoneclf.deep.source_tracks import jobs_in

        if not self.source:
            return files_named(self.paths, ", or --source NAME"), table
        if table is not None:
            raise UsageError("--table: goes without --source, which names a table itself")
        (job,) = jobs_in(self.folder, self.paths, self.source, command=self.command)
        return job.wanted, job.table


def files_named(paths: Sequence[Path], or_else: str = "") -> list["Wanted"]:
    """Return the files that are named.

    Raises
    ------
    UsageError
        If none is; `or_else` says what could be named instead.
    """
    from zoneclf.deep.source_tracks import files_wanted

    if not paths:
        raise UsageError(f"PATHS: name files, folders or playlists{or_else}")
    return files_wanted(paths)


def ears_of(checkpoint: "Checkpoint", mert: str, *, offline: bool, device: str) -> "Ears":
    """Return what hears files for a checkpoint; warns where it learnt from ready-made arrays."""
    from zoneclf.deep.hearing import ears_for

    ears = ears_for(checkpoint, mert=mert, offline=offline, device=device)
    if ears.settings.foreign:
        console.warn(
            "the network learnt from ready-made spectrograms; those made here follow what was said "
            "of them, and may differ"
        )
    return ears
