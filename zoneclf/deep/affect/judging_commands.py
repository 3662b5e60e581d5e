"""``zoneclf deep affect evaluate``: a run judged on the plane of valence and arousal."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoneclf.console import console, printable, reports_errors
from zoneclf.deep.training_commands import Device, Json, RunName, Split, require_device

if TYPE_CHECKING:
    from zoneclf.deep.affect.evaluation import Judged

OtherSet = Annotated[
    Path | None, typer.Option("--set", help="Another set with arousal and valence.")
]
_SCORES = ("r2", "ccc", "rmse", "spread_ratio", "slope", "central_share")
_TITLES = ("R2", "CCC", "RMSE", "spread", "slope", "central")


@reports_errors
def evaluate(
    run: RunName,
    split: Annotated[Split, typer.Option(help="Tracks to judge on.")] = "test",
    set_: OtherSet = None,
    device: Device = "auto",
    json_: Json = False,
) -> None:
    """Judge a run: R2, concordance, and how far it is drawn to the mean, as it is and rescaled.

    Rescaled means: stretched to the spread of the validation tracks.  Writes results/affect/<run>/
    (of another split <run>-<split>) with metrics.json, predictions.parquet and report.html.
    """
    require_device(device)
    from zoneclf.deep.affect.judging import judge, open_affect
    from zoneclf.deep.affect.learning import AFFECT
    from zoneclf.deep.affect.results import RESULTS, write_evaluation
    from zoneclf.deep.finding import run_folder

    opened = open_affect(run_folder(run, AFFECT.name), set_folder=set_, device=device)
    judged = judge(opened, split)
    folder = RESULTS / opened.results_name(split)
    told = write_evaluation(judged, folder)
    console.close()
    if json_:
        typer.echo(json.dumps({"results": str(folder), **told}, indent=2))
    else:
        typer.echo(printable("\n".join(_lines(judged, told, folder))))


def _lines(judged: "Judged", told: dict[str, Any], folder: Path) -> list[str]:
    """Return a table of the scores, as predicted and rescaled, and what they say."""
    from zoneclf.deep.affect.affect_set import NAMES
    from zoneclf.deep.affect.evaluation import sentences

    head = "".join(f"{title:>9}" for title in _TITLES)
    lines = [f"{'':24}{head}"]
    for words, scores in (("", told), ("rescaled", told["rescaled"])):
        for name in NAMES if scores else ():
            values = [scores[name][key] for key in _SCORES]
            cells = "".join(f"{'-' if v is None else format(v, '.3f'):>9}" for v in values)
            lines.append(f"{f'{name} {words}'.rstrip():24}{cells}")
    return [*lines, *sentences(judged), f"{folder / 'report.html'}: {len(judged.true)} tracks"]
