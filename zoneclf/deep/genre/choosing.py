"""Which rule and calibration turn a network's logits into genres: options, a file, or its card.

What was tuned lies in the card of a run's best checkpoint, so it is used without being asked for.
An option takes the place of what it names: ``--load-tuning-results`` of all that was tuned,
``--prediction-threshold`` of the threshold or thresholds, ``--top-k`` of the number of genres.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from zoneclf.deep.checkpoint import CARD, Checkpoint
from zoneclf.deep.genre.calibration import Calibration, calibration_from, uncalibrated
from zoneclf.deep.genre.decision import Decision, decision_from
from zoneclf.deep.genre.thresholds import Tuning, load_rule
from zoneclf.errors import ModelError, TableError, UsageError


@dataclass(frozen=True, kw_only=True)
class RuleOptions:
    """What the options say of the rule."""

    results: Path | None = None
    threshold: float | None = None
    top_k: int | None = None

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise UsageError(f"--prediction-threshold {self.threshold:g}: must be from 0 to 1")
        if self.top_k is not None and self.top_k < 1:
            raise UsageError(f"--top-k {self.top_k}: must be at least 1")


@dataclass(frozen=True)
class Choice:
    """A rule, the calibration of the probabilities it is for, and where they came from."""

    rule: Decision
    calibration: Calibration
    origin: str


def choose(checkpoint: Checkpoint, options: RuleOptions) -> Choice:
    """Return the rule that a checkpoint's logits are judged by.

    Raises
    ------
    ModelError
        If what its card says of thresholds or calibration is damaged.
    TableError
        If the file of tuning results is none, or of other genres.
    """
    choice = _from_file(checkpoint, options.results) if options.results else _from_card(checkpoint)
    rule = choice.rule
    told = []
    if options.threshold is not None:
        rule = replace(rule, threshold=options.threshold)
        told.append("--prediction-threshold")
    if options.top_k is not None:
        rule = replace(rule, top_k=options.top_k)
        told.append("--top-k")
    origin = " and ".join(told) if told else choice.origin
    return Choice(rule, choice.calibration, origin)


def remembered(tuning: Tuning, calibration: Calibration) -> dict[str, dict[str, Any] | None]:
    """Return what a card remembers of a tuning: its fields ``thresholds`` and ``calibration``."""
    about = tuning.about
    origin = (
        f"tuned on {tuning.tracks} tracks of the split {about['tuned_on']} for {tuning.objective} "
        f"F1, strategy {tuning.strategy}"
    )
    thresholds = {
        **tuning.chosen.rule.as_json(),
        "strategy": tuning.strategy,
        "objective": tuning.objective,
        "from": origin,
    }
    fitted = None if calibration.method == "none" else calibration.as_json()
    return {"thresholds": thresholds, "calibration": fitted}


def _from_card(checkpoint: Checkpoint) -> Choice:
    card, where = checkpoint.card, checkpoint.folder / CARD
    try:
        calibration = uncalibrated(len(card.labels))
        if card.calibration is not None:
            calibration = calibration_from(card.calibration, card.labels)
        if card.thresholds is None:
            return Choice(Decision(), calibration, "nothing was tuned")
        rule = decision_from(card.thresholds, card.labels)
        return Choice(rule, calibration, str(card.thresholds.get("from", "its card")))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ModelError(
            f"{where}: its thresholds or calibration are damaged ({error}); run "
            "`zoneclf deep genre tune-thresholds` again"
        ) from error


def _from_file(checkpoint: Checkpoint, path: Path) -> Choice:
    labels = checkpoint.card.labels
    rule, raw = load_rule(path, labels)
    if raw.get("weights_sha256", checkpoint.card.sha256) != checkpoint.card.sha256:
        raise TableError(
            f"{path}: was tuned for other weights ({raw.get('run', 'another run')}); tune this one"
        )
    try:
        told = raw.get("calibration")
        calibration = calibration_from(told, labels) if told else uncalibrated(len(labels))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise TableError(f"{path}: its calibration is damaged ({error}); tune again") from error
    return Choice(rule, calibration, f"{path.name} of {raw.get('run', 'a run')}")
