"""Where everything lies in a workspace, and how a run speaks while it works."""

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from zoneclf.labels.table import LabelledTable
from zoneclf.settings import Settings
from zoneclf.tracks.embeddings import Kind


class Voice(Protocol):
    """How a pipeline function tells what it does; standard error in the command line."""

    def say(self, text: str) -> None:
        """Tell one line."""
        ...

    def warn(self, text: str) -> None:
        """Tell one line that the user should act on."""
        ...

    def progress(self, what: str, done: int, total: int, detail: str = "") -> None:
        """Tell how far a long work is."""
        ...


@dataclass(frozen=True)
class Workspace:
    """A folder made by ``zoneclf init``: config, dataset, models, results."""

    root: Path = Path()

    def frames(self, source: str) -> Path:
        """Folder of a source's frames."""
        return self.root / "dataset" / "frames" / source

    def tracks(self, source: str) -> Path:
        """File of a source's track table."""
        return self.root / "dataset" / "tracks" / f"{source}.parquet"

    def labels(self, source: str) -> Path:
        """File of a source's labels."""
        return self.root / "dataset" / "labels" / f"{source}.parquet"

    def neural(self, kind: Kind, source: str) -> Path:
        """File of a source's neural features, which ``zoneclf deep`` writes."""
        return self.root / "dataset" / kind.folder / f"{source}.parquet"

    def targets(self, source: str) -> Path:
        """File of a source's targets: arousal and valence with the sound they are about."""
        return self.root / "dataset" / "targets" / f"{source}.parquet"

    @property
    def sources(self) -> list[str]:
        """Names of the sources that have a track table, the user's before others."""
        return sorted(path.stem for path in self.tracks("*").parent.glob("*.parquet"))

    @property
    def unified(self) -> Path:
        """File of the unified table."""
        return self.root / "dataset" / "unified.parquet"

    @property
    def holdout(self) -> Path:
        """File of the holdout."""
        return self.root / "dataset" / "holdout.json"

    @property
    def models(self) -> Path:
        """Folder of model folders."""
        return self.root / "models"

    @property
    def results(self) -> Path:
        """Folder of results folders."""
        return self.root / "results"


def own_sources(table: LabelledTable, settings: Settings) -> frozenset[str]:
    """Return the sources whose zones are the user's: libraries with labels, or else all."""
    labelled = set(np.unique(table.source[table.codes >= 0]))
    kinds = settings.sources
    mine = {name for name in labelled if name not in kinds or kinds[name].kind == "library"}
    return frozenset(mine or labelled)


def now() -> str:
    """Return the time, UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
