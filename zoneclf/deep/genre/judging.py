"""A run on its prepared set: calibrate and tune on some splits, judge on another."""

from dataclasses import dataclass

from scipy.special import expit

from zoneclf.deep.checkpoint import amend_card
from zoneclf.deep.genre.calibration import (
    Calibration,
    calibration_scores,
    fit_calibration,
    uncalibrated,
)
from zoneclf.deep.genre.choosing import Choice, remembered
from zoneclf.deep.genre.curve_figures import tuning_figure
from zoneclf.deep.genre.evaluation import Evaluation, read_history
from zoneclf.deep.genre.opening import TASK, Opened, open_run
from zoneclf.deep.genre.thresholds import AUTO, FILE, Tuning, report, save_tuning, tune
from zoneclf.deep.pictures import png
from zoneclf.errors import UsageError
from zoneclf.writing import replacing

__all__ = ["TASK", "Opened", "TuneOptions", "evaluation_of", "open_run", "tune_run"]

PLOTS = "threshold_tuning_plots.png"
NO_CALIBRATION = "none"
# Splits that a rule or a calibration may be fitted on.
FITTABLE = ("valid", "calib")


@dataclass(frozen=True, kw_only=True)
class TuneOptions:
    """How a run is tuned, and the split that each step takes."""

    objective: str = "macro"
    strategy: str = AUTO
    calibration: str = "platt"
    calibrate_on: str = "calib"
    tune_on: str = "valid"
    report_on: str = "test"

    def __post_init__(self) -> None:
        for option, split in (("--tune-on", self.tune_on), ("--calibrate-on", self.calibrate_on)):
            if split not in FITTABLE:
                raise UsageError(
                    f"{option} {split}: must be {' or '.join(FITTABLE)}; what is fitted on the "
                    "tracks that judge it looks better than it is"
                )
        used = [self.tune_on, self.report_on]
        if self.calibration != NO_CALIBRATION:
            used.append(self.calibrate_on)
        if len(set(used)) < len(used) or self.report_on == "train":
            raise UsageError(
                f"splits {', '.join(used)}: what is fitted, tuned and reported must be three "
                "different splits, none of them train"
            )


def tune_run(opened: Opened, options: TuneOptions) -> tuple[Tuning, Calibration]:
    """Calibrate and tune a run, and write what was found into its folder and its card."""
    calibration = _calibrated(opened, options)
    tuned, reported = opened.scored(options.tune_on), opened.scored(options.report_on)
    tuning = tune(
        tuned.targets,
        calibration.probabilities(tuned.logits),
        opened.prepared.genres,
        objective=options.objective,
        strategy=options.strategy,
        groups=tuned.groups,
    )
    said = calibration.probabilities(reported.logits)
    tuning = report(
        tuning,
        reported.targets,
        said,
        run=opened.name,
        weights_sha256=opened.checkpoint.card.sha256,
        set=str(opened.prepared.folder),
        tuned_on=options.tune_on,
        reported_on=options.report_on,
        calibrated_on=None if calibration.method == "none" else options.calibrate_on,
        calibration=None if calibration.method == "none" else calibration.as_json(),
        calibration_scores={
            "before": calibration_scores(reported.targets, expit(reported.logits)),
            "after": calibration_scores(reported.targets, said),
        },
    )
    folder = opened.run.folder
    save_tuning(tuning, folder / FILE)
    with replacing(folder / PLOTS) as partial:
        partial.write_bytes(png(tuning_figure(tuning)))
    amend_card(opened.checkpoint.folder, **remembered(tuning, calibration))
    return tuning, calibration


def evaluation_of(opened: Opened, choice: Choice, split: str = "test") -> Evaluation:
    """Return a run judged on a split by a rule."""
    prepared, recipe = opened.prepared, opened.run.card.recipe
    counts = prepared.targets[prepared.places("train")].sum(axis=0)
    return Evaluation(
        name=opened.name,
        about=str(recipe.get("about", "")),
        genres=prepared.genres,
        scored=opened.scored(split),
        calibration=choice.calibration,
        rule=choice.rule,
        rule_from=choice.origin,
        history=read_history(opened.run.folder / "history.csv"),
        training_counts=tuple(int(count) for count in counts) if opened.is_own else (),
        facts={
            **opened.facts,
            "rule": f"{choice.rule.words} ({choice.origin})",
            "calibration": choice.calibration.method,
        },
        remarks=choice.remarks(split) if opened.is_own else (),
    )


def _calibrated(opened: Opened, options: TuneOptions) -> Calibration:
    genres = len(opened.prepared.genres)
    if (
        options.calibration == NO_CALIBRATION
        or not opened.prepared.places(options.calibrate_on).size
    ):
        return uncalibrated(genres)
    cases = opened.scored(options.calibrate_on)
    return fit_calibration(cases.logits, cases.targets, method=options.calibration)
