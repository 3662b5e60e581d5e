"""``zoneclf deep genre tune-thresholds`` and ``evaluate``: a run judged on its prepared set."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from zoneclf.console import console, printable, reports_errors
from zoneclf.deep.training_commands import RunName, Split
from zoneclf.errors import UsageError

if TYPE_CHECKING:
    from zoneclf.deep.genre.calibration import Calibration
    from zoneclf.deep.genre.evaluation import Evaluation
    from zoneclf.deep.genre.thresholds import Tuning

Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Results = Annotated[
    Path | None,
    typer.Option("--load-tuning-results", metavar="PATH", help="Rule of a tuning's file."),
]
Threshold = Annotated[
    float | None, typer.Option("--prediction-threshold", help="One threshold for all genres.")
]
TopK = Annotated[int | None, typer.Option("--top-k", help="At most so many genres per track.")]
OtherSet = Annotated[
    Path | None, typer.Option("--set", help="Another prepared set of the same genres.")
]
Objective = Annotated[
    Literal["macro", "micro", "sample"], typer.Option(help="Which F1 is to be highest.")
]
Strategy = Annotated[
    Literal["auto", "untuned", "threshold", "top-k", "combined", "per-genre"],
    typer.Option(help="auto: the best over folds of the tuned tracks."),
]
Method = Annotated[
    Literal["platt", "temperature", "none"], typer.Option(help="Fitted before tuning.")
]


@reports_errors
def tune_thresholds(
    run: RunName,
    objective: Objective = "macro",
    strategy: Strategy = "auto",
    calibration: Method = "platt",
    calibrate_on: Annotated[Split, typer.Option(help="valid or calib.")] = "calib",
    tune_on: Annotated[Split, typer.Option(help="valid or calib.")] = "valid",
    report_on: Annotated[Split, typer.Option(help="Split to report on.")] = "test",
    device: Device = "auto",
    json_: Json = False,
) -> None:
    """Calibrate a run, find the rule that gives genres to tracks, and remember both.

    Tries thresholds, the K likeliest genres, both together, and a threshold per genre.  Tuned on
    one split, reported on another.  Writes threshold_tuning_results.json and
    threshold_tuning_plots.png into the run's folder; evaluate and predict then use the rule.
    """
    from zoneclf.deep.finding import run_folder
    from zoneclf.deep.genre.judging import TASK, TuneOptions, open_run, tune_run

    options = TuneOptions(
        objective=objective,
        strategy=strategy,
        calibration=calibration,
        calibrate_on=calibrate_on,
        tune_on=tune_on,
        report_on=report_on,
    )
    opened = open_run(run_folder(run, TASK), device=checked_device(device))
    tuning, fitted = tune_run(opened, options)
    console.close()
    if fitted.method == "none" and calibration != "none":
        console.warn(f"too few tracks in the split {calibrate_on} to calibrate on")
    _tell_tuning(tuning, fitted, opened.run.folder, as_json=json_)


def _tell_tuning(tuning: "Tuning", fitted: "Calibration", folder: Path, *, as_json: bool) -> None:
    if tuning.without_tracks:
        console.warn(
            f"no track of the split {tuning.about['tuned_on']} has "
            f"{', '.join(tuning.without_tracks)}; their own threshold is the best single one"
        )
    if as_json:
        typer.echo(json.dumps({"folder": str(folder), **tuning.as_json()}, indent=2))
    else:
        typer.echo(printable("\n".join(_tuning_lines(tuning, fitted, folder))))


def _tuning_lines(tuning: "Tuning", fitted: "Calibration", folder: Path) -> list[str]:
    """Return a table of the best rule of each strategy, tuned and reported."""
    about = tuning.about
    name = f"{tuning.objective} F1"
    head = f"{'':12}{about['tuned_on']:>10}{about['reported_on']:>10}"
    lines = [f"{head}{'precision':>11}{'recall':>8}{'per track':>11}  rule"]
    for strategy, trial in tuning.best.items():
        worth = tuning.reported[strategy].scores
        mark = "*" if strategy == tuning.strategy else " "
        values = [trial.scores[f"f1_{tuning.objective}"], worth[f"f1_{tuning.objective}"]]
        values += [worth[f"precision_{tuning.objective}"], worth[f"recall_{tuning.objective}"]]
        one, two, precision, recall = (f"{value or 0:.3f}" for value in values)
        per_track = f"{worth['labels_predicted']:.2f}"
        lines.append(
            f"{mark}{strategy:11}{one:>10}{two:>10}{precision:>11}{recall:>8}{per_track:>11}  "
            f"{trial.rule.words}"
        )
    before, after = (about["calibration_scores"][when]["ece"] for when in ("before", "after"))
    true = tuning.reported[tuning.strategy].scores["labels_true"]
    lines.append(f"{name}; * chosen; {true:.2f} genres per track are true")
    if fitted.method != "none":
        lines.append(f"calibration error on {about['reported_on']}: {before:.3f}, now {after:.3f}")
    lines.append(f"written: {folder / 'threshold_tuning_results.json'}")
    return lines


@reports_errors
def evaluate(
    run: RunName,
    split: Annotated[Split, typer.Option(help="Split to judge on.")] = "test",
    load_tuning_results: Results = None,
    prediction_threshold: Threshold = None,
    top_k: TopK = None,
    set_: OtherSet = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder; default: results/genre/RUN."),
    ] = None,
    device: Device = "auto",
    json_: Json = False,
) -> None:
    """Judge a run and write results/genre/<run>/: metrics.json, tables, pictures, report.html.

    By default with the rule and calibration that tune-thresholds found, at 0.5 without them.
    """
    from zoneclf.deep.finding import run_folder
    from zoneclf.deep.genre.choosing import RuleOptions, choose
    from zoneclf.deep.genre.judging import TASK, evaluation_of, open_run
    from zoneclf.deep.genre.results import RESULTS, write_evaluation

    options = RuleOptions(results=load_tuning_results, threshold=prediction_threshold, top_k=top_k)
    opened = open_run(run_folder(run, TASK), set_folder=set_, device=checked_device(device))
    choice = choose(opened.checkpoint, options)
    evaluation = evaluation_of(opened, choice, split)
    folder = output or RESULTS / opened.results_name(split)
    if (folder / "metrics.json").exists():
        console.say(f"{folder}: holds an earlier evaluation, which this one replaces")
    told = write_evaluation(evaluation, folder)
    console.close()
    for remark in evaluation.remarks:
        console.warn(remark)
    if json_:
        typer.echo(json.dumps({"results": str(folder), **told}, indent=2))
    else:
        typer.echo(printable("\n".join(_evaluation_lines(evaluation, told, folder))))


def _evaluation_lines(evaluation: "Evaluation", told: dict[str, Any], folder: Path) -> list[str]:
    from zoneclf.deep.genre.diagnosis import sentences

    rule = f"{evaluation.rule.words} ({evaluation.rule_from})"
    lines = [f"{evaluation.name}, {evaluation.scored.split}, {told['n']} tracks; rule: {rule}"]
    names = ("pr_auc_macro", "f1_macro", "f1_micro", "f1_sample", "rare_recall")
    for name in names:
        if told[name] is not None:
            low, high = told[f"{name}_ci95"]
            lines.append(f"  {name:13} {told[name]:.3f}  ({low:.3f} to {high:.3f})")
    lines += [f"  {sentence}" for sentence in sentences(evaluation)]
    return [*lines, f"report: {folder / 'report.html'}"]


def checked_device(device: str) -> str:
    """Return a device's name, if it is one."""
    if device not in ("auto", "cpu", "cuda"):
        raise UsageError(f"--device {device}: must be auto, cpu or cuda")
    return device
