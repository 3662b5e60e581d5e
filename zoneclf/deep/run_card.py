"""What train.json says of a run: what it learns from and how, and what came of it."""

import json
import platform
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from zoneclf import __version__
from zoneclf.console import console
from zoneclf.deep.strict import MisfitError, build, read_json
from zoneclf.deep.task import R, Task
from zoneclf.errors import ModelError
from zoneclf.writing import write_text

MODELS = Path("models")
TRAIN = "train.json"
FORMAT = 1
MAX_BYTES = 1_000_000


@dataclass(frozen=True, kw_only=True)
class RunCard:
    """What train.json says: what a run is, and, once it is finished, what came of it.

    `task` may be missing in old files, which are all of genre.
    """

    digest: str
    set: str
    recipe: dict[str, Any]
    task: str = "genre"
    embeddings: str = ""
    threads: int = 1
    device: str = "cpu"
    versions: dict[str, str] = field(default_factory=dict)
    finished: bool = False
    result: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT


@dataclass(frozen=True)
class Run:
    """A folder and what its train.json says."""

    folder: Path
    card: RunCard


def runs_folder(task: str) -> Path:
    """Return where the runs of a task lie."""
    return MODELS / task


def read_run(folder: Path, task: Task[Any, Any]) -> Run:
    """Return a run of a task.

    Raises
    ------
    ModelError
        If the folder is none, its train.json is damaged, or it is of another task.
    """
    path = folder / TRAIN
    if not path.is_file():
        raise ModelError(f"{path}: is missing; name a run of `zoneclf deep {task.name} train`")
    raw = read_json(path, MAX_BYTES, ModelError)
    try:
        card = build(RunCard, raw)
        if card.task != task.name:
            raise ModelError(f"{path}: is a run of {card.task}; here one of {task.name} is needed")
        recipe_of(card, task)
    except MisfitError as error:
        raise ModelError(f"{path}: {error}; restore it or train anew") from None
    if card.format != FORMAT:
        raise ModelError(f"{path}: has format {card.format}, this zoneclf reads {FORMAT}")
    return Run(folder, card)


def recipe_of(card: RunCard, task: Task[R, Any]) -> R:
    """Return the recipe of a run."""
    return build(task.recipe, card.recipe, "recipe")


def unfinished(task: Task[Any, Any], root: Path) -> list[Run]:
    """Return the runs that were stopped, the latest first; damaged ones are told and left out."""
    return [run for run in runs_in(task, root) if not run.card.finished]


def runs_in(task: Task[Any, Any], root: Path) -> list[Run]:
    """Return all runs, the latest first; damaged ones are told and left out."""
    found = sorted(root.glob(f"*/{TRAIN}"), key=lambda path: path.stat().st_mtime, reverse=True)
    runs = []
    for path in found:
        try:
            runs.append(read_run(path.parent, task))
        except ModelError as error:
            console.warn(f"{error}; it is passed over")
    return runs


def write_run(run: Run) -> None:
    """Write train.json, whole or not at all."""
    text = json.dumps(vars(run.card), indent=2, allow_nan=False, ensure_ascii=False)
    write_text(text + "\n", run.folder / TRAIN)


def versions_used() -> dict[str, str]:
    """Return the versions of what a run computes with."""
    packages = ("torch", "numpy", "scipy", "safetensors")
    found = {package: version(package) for package in packages}
    return {"zoneclf": __version__, "python": platform.python_version(), **found}
