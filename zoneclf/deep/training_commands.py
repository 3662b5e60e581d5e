"""What every command that trains has in common: its options, and what it prints."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from zoneclf.console import printable
from zoneclf.errors import UsageError

if TYPE_CHECKING:
    from zoneclf.deep.run_card import Run
    from zoneclf.deep.runs import RunOptions
    from zoneclf.deep.task import Task

SetFolder = Annotated[Path | None, typer.Argument(metavar="SET", help="Folder of a prepared set.")]
Split = Literal["valid", "calib", "test"]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="Run: its name, or its folder.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Threads = Annotated[int, typer.Option(min=0, max=1024, help="0: as many as torch takes.")]
SaveEvery = Annotated[
    float, typer.Option(metavar="SECONDS", min=0, help="How often it stores where it stands.")
]
Embeddings = Annotated[str, typer.Option(help="Which of the set's embeddings, if several.")]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with --name, or the last that was stopped.")
]
Report = Annotated[
    bool, typer.Option(help="Write a page of the run on its validation tracks, too.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
DEVICES = ("auto", "cpu", "cuda")
# Returns a recipe, and how to begin the name of its run.
Recipes = Callable[[], tuple[Any, str]]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the options of a command that trains say; `is_told` whether any is of the recipe."""

    set_folder: Path | None
    name: str
    is_resumed: bool
    is_told: bool
    options: "RunOptions"


def trained(task: "Task[Any, Any]", asked: Asked, recipe: Recipes) -> "Run":
    """Return the finished run that a command asks for.

    Raises
    ------
    UsageError
        If there is no set to learn from, or a run that goes on is told what to learn.
    """
    from zoneclf.deep import runs

    options = asked.options
    if asked.is_resumed:
        if asked.set_folder is not None or asked.is_told or options.embeddings:
            raise UsageError("--resume: takes all that a run learns from its folder; give --name")
        return runs.resume(task, asked.name, options=options)
    found, stem = recipe()
    if asked.set_folder is None:
        raise UsageError(
            f"SET: is missing; name the folder that `zoneclf deep {task.name} prepare` made"
        )
    return runs.train(task, asked.set_folder, found, name=asked.name or stem, options=options)


def page_of(run: "Run", results: Path, write: Callable[[Path], None]) -> Path:
    """Return the page of a run on its validation tracks, written unless it is there already.

    `results` is the folder of the task's results, in one of which `write` puts all files.
    """
    from zoneclf.deep.run_card import TRAIN

    folder = results / f"{run.folder.name}-valid"
    page = folder / "report.html"
    ended = (run.folder / TRAIN).stat().st_mtime
    if not page.exists() or page.stat().st_mtime < ended:
        write(folder)
    return page


def require_device(device: str) -> None:
    """Refuse a device that there cannot be."""
    if device not in DEVICES:
        raise UsageError(f"--device {device}: must be {', '.join(DEVICES)}")


def require_name(name: str) -> None:
    """Refuse a name that is no single folder's."""
    if name and (Path(name).name != name or name.startswith(".") or name.endswith("-")):
        raise UsageError(f"--name {name}: must be the name of a folder, without a dash at its end")


def tell_run(run: "Run", score: str, *, as_json: bool, report: Path | None = None) -> None:
    """Print where the run is and what came of it; `score` is what it was stopped by.

    `report` is the page that was made of it, if one was.
    """
    from zoneclf.deep.history import result_name

    result, card = run.card.result, run.card
    if as_json:
        said = {"schema_version": 1, "run": str(run.folder), "set": card.set, **result}
        said |= {"report": str(report)} if report else {}
        typer.echo(json.dumps(said | {"device": card.device, "recipe": card.recipe}, indent=2))
        return
    typer.echo(
        printable(
            f"{run.folder}: validation {score} {result[result_name(score)]:.4f} in epoch "
            f"{result['best_epoch']} of {result['epochs']}, {result['seconds']:.0f} s"
        )
    )
    if "domain_classifier" in result:
        typer.echo(printable(domains_text(result["domain_classifier"])))
    if report:
        typer.echo(printable(f"report: {report} (validation tracks)"))


def domains_text(told: dict[str, Any]) -> str:
    """Return how well the features of both sets are told apart, in a line."""

    def number(name: str) -> str:
        return "unknown (too few artists)" if told[name] is None else f"{told[name]:.3f}"

    without = "no equal run with --adapt none to compare with"
    if told["without_run"]:
        without = f"{number('without')} without adapting ({told['without_run']})"
    return (
        f"domain classifier on {told['source_clips']} + {told['target_clips']} held-out clips, "
        f"balanced accuracy: {number('start')} before learning, {without}, {number('after')} now"
    )
