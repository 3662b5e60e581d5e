"""A run on its prepared set: calibrate and tune on some splits, judge on another."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from zoneclf.deep.checkpoint import Checkpoint, amend_card, load_checkpoint
from zoneclf.deep.genre.calibration import (
    Calibration,
    calibration_scores,
    fit_calibration,
    uncalibrated,
)
from zoneclf.deep.genre.choosing import Choice, remembered
from zoneclf.deep.genre.curve_figures import tuning_figure
from zoneclf.deep.genre.evaluation import Evaluation, Scored
from zoneclf.deep.genre.figures import png
from zoneclf.deep.genre.inference import logits_of
from zoneclf.deep.genre.prepared import PreparedSet, load_prepared
from zoneclf.deep.genre.run_card import Run, read_run
from zoneclf.deep.genre.thresholds import AUTO, FILE, Tuning, report, save_tuning, tune
from zoneclf.deep.spectrograms import SpectrogramSettings
from zoneclf.errors import ModelError, TableError, UsageError
from zoneclf.writing import replacing

TASK = "genre"
PLOTS = "threshold_tuning_plots.png"
NO_CALIBRATION = "none"


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
        used = [self.tune_on, self.report_on]
        if self.calibration != NO_CALIBRATION:
            used.append(self.calibrate_on)
        if len(set(used)) < len(used) or "train" in used:
            raise UsageError(
                f"splits {', '.join(used)}: what is fitted, tuned and reported must be three "
                "different splits, none of them train"
            )


@dataclass(frozen=True)
class _Named:
    """A prepared set whose embeddings are those of one name."""

    prepared: PreparedSet
    name: str

    @property
    def spectrogram_settings(self) -> SpectrogramSettings:
        return self.prepared.spectrogram_settings

    def spectrogram(self, place: int) -> npt.NDArray[np.float32]:
        return self.prepared.spectrogram(place)

    def embeddings(self) -> npt.NDArray[np.float32]:
        return self.prepared.embeddings(self.name)


@dataclass(frozen=True)
class Opened:
    """A run, its best checkpoint and the set it is judged on; logits are computed once a split."""

    run: Run
    checkpoint: Checkpoint
    prepared: PreparedSet
    device: str
    _kept: dict[str, Scored] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The run's name."""
        return self.run.folder.name

    def scored(self, split: str) -> Scored:
        """Return the tracks of a split and what the network says of them.

        Raises
        ------
        TableError
            If the set has none.
        """
        if split not in self._kept:
            self._kept[split] = self._scored(split)
        return self._kept[split]

    def _scored(self, split: str) -> Scored:
        prepared = self.prepared
        places = prepared.places(split)
        if not places.size:
            raise TableError(
                f"{prepared.folder}: has no usable track in the split {split}; prepare it with "
                "more tracks or other shares"
            )
        clips = _Named(prepared, self.run.card.embeddings)
        return Scored(
            split=split,
            track_ids=prepared.track_ids[places],
            paths=prepared.paths[places],
            groups=prepared.groups[places],
            targets=prepared.targets[places],
            logits=logits_of(self.checkpoint, clips, places, self.device),
        )


def open_run(folder: Path, *, set_folder: Path | None = None, device: str = "auto") -> Opened:
    """Return a run ready to be judged, on its own set or on another of the same genres.

    Raises
    ------
    ModelError
        If it is no finished run, or its set was prepared anew since.
    TableError
        If the set is none, or is of other genres.
    """
    run = read_run(folder)
    checkpoint = load_checkpoint(folder, task=TASK)
    prepared = load_prepared(set_folder or Path(run.card.set))
    labels = checkpoint.card.labels
    if prepared.genres != labels:
        apart = sorted(set(prepared.genres) ^ set(labels))
        words = f"first {apart[0]!r}" if apart else "in another order"
        raise TableError(
            f"{prepared.folder}: its genres are not those of {folder} ({words}); prepare a set of "
            "the same genres"
        )
    if set_folder is None and checkpoint.card.training.get("set_sha256") != prepared.sha256:
        raise ModelError(
            f"{folder}: learnt from another state of {prepared.folder}, so its test tracks may be "
            "among those learnt from; train again, or restore the set"
        )
    return Opened(run, checkpoint, prepared, device)


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
    training = opened.prepared.places("train")
    recipe = opened.run.card.recipe
    return Evaluation(
        name=opened.name,
        about=str(recipe.get("about", "")),
        genres=opened.prepared.genres,
        scored=opened.scored(split),
        calibration=choice.calibration,
        rule=choice.rule,
        rule_from=choice.origin,
        history=read_history(opened.run.folder / "history.csv"),
        training_counts=tuple(int(n) for n in opened.prepared.targets[training].sum(axis=0)),
        facts=_facts(opened, choice),
    )


def read_history(path: Path) -> list[dict[str, float]]:
    """Return a run's epochs, a row each; empty where they are not known."""
    try:
        rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
        names = ("epoch", "train_loss", "valid_loss", "score")
        return [{name: float(row[name]) for name in names} for row in rows]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _calibrated(opened: Opened, options: TuneOptions) -> Calibration:
    genres = len(opened.prepared.genres)
    if (
        options.calibration == NO_CALIBRATION
        or not opened.prepared.places(options.calibrate_on).size
    ):
        return uncalibrated(genres)
    cases = opened.scored(options.calibrate_on)
    return fit_calibration(cases.logits, cases.targets, method=options.calibration)


def _facts(opened: Opened, choice: Choice) -> dict[str, Any]:
    card, run = opened.checkpoint.card, opened.run.card
    sizes = _sizes(opened.prepared, ("train", "valid", "calib", "test"))
    return {
        "run": opened.run.folder,
        "set": opened.prepared.folder,
        "usable tracks": sizes,
        "network": f"{card.architecture}, epoch {card.training.get('epoch', '?')}",
        "recipe": ", ".join(f"{name} {value}" for name, value in run.recipe.items()),
        "rule": f"{choice.rule.words} ({choice.origin})",
        "calibration": choice.calibration.method,
        "weights SHA-256": card.sha256,
        "versions": ", ".join(f"{name} {found}" for name, found in run.versions.items()),
    }


def _sizes(prepared: PreparedSet, splits: Sequence[str]) -> str:
    return ", ".join(f"{split} {prepared.places(split).size}" for split in splits)
