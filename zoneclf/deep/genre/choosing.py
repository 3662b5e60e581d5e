"""Which rule and calibration turn a network's logits into genres: options, a file, or its card.

What was tuned lies in the card of a run's best checkpoint, so it is used without being asked for.
An option takes the place of what it names: ``--load-tuning-results`` of all that was tuned,
``--prediction-threshold`` of the threshold or thresholds, ``--top-k`` of the number of genres; the
rest of the tuned rule stays, and the origin says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from zoneclf.deep.checkpoint import CARD, Checkpoint
from zoneclf.deep.genre.calibration import Calibration, calibration_from, uncalibrated
from zoneclf.deep.genre.decision import Decision, decision_from
from zoneclf.deep.genre.rule_search import UNTUNED
from zoneclf.deep.genre.thresholds import Tuning, load_rule
from zoneclf.errors import ModelError, TableError, UsageError

_FITTED_ON = ("tuned_on", "calibrated_on")


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
    """A rule, the calibration of the probabilities it is for, and where they came from.

    `tuned_on` and `calibrated_on` are the splits of the run's own set that rule and calibration
    were fitted on, empty for none: scores of these splits are too good.
    """

    rule: Decision
    calibration: Calibration
    origin: str
    tuned_on: str = ""
    calibrated_on: str = ""

    def remarks(self, split: str) -> tuple[str, ...]:
        """Return what is to be said of scores of a split of the run's own set."""
        fitted = {"rule": self.tuned_on, "calibration": self.calibrated_on}
        names = [name for name, on in fitted.items() if on == split]
        if not names:
            return ()
        told = f"{' and the '.join(names)} {'was' if len(names) == 1 else 'were'}"
        return (f"The {told} fitted on the split {split} itself, so these scores may be too good.",)


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
        told.append(f"--prediction-threshold {options.threshold:g}")
    if options.top_k is not None:
        rule = replace(rule, top_k=options.top_k)
        told.append(f"--top-k {options.top_k}")
    if _is_replaced(choice.rule, options):
        return replace(choice, rule=rule, origin=" and ".join(told), tuned_on="")
    return replace(choice, rule=rule, origin=", then ".join([choice.origin, *told]))


def _is_replaced(rule: Decision, options: RuleOptions) -> bool:
    """Whether the options leave nothing of a rule."""
    threshold = rule.threshold is None or options.threshold is not None
    return threshold and (rule.top_k is None or options.top_k is not None)


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
        **{name: about[name] for name in _FITTED_ON},
    }
    fitted = None if calibration.method == "none" else calibration.as_json()
    return {"thresholds": thresholds, "calibration": fitted}


def _fitted_on(told: Mapping[str, Any], strategy: str) -> dict[str, str]:
    """Return the splits that rule and calibration were fitted on, as far as they are told."""
    splits = {name: str(told.get(name) or "") for name in _FITTED_ON}
    return splits | {"tuned_on": ""} if strategy == UNTUNED else splits


def _from_card(checkpoint: Checkpoint) -> Choice:
    card, where = checkpoint.card, checkpoint.folder / CARD
    try:
        calibration = uncalibrated(len(card.labels))
        if card.calibration is not None:
            calibration = calibration_from(card.calibration, card.labels)
        if card.thresholds is None:
            return Choice(Decision(), calibration, "nothing was tuned")
        rule = decision_from(card.thresholds, card.labels)
        told = card.thresholds
        origin = str(told.get("from", "its card"))
        return Choice(rule, calibration, origin, **_fitted_on(told, str(told.get("strategy"))))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ModelError(
            f"{where}: its thresholds or calibration are damaged ({error}); run "
            "`zoneclf deep genre tune-thresholds` again"
        ) from error


def _from_file(checkpoint: Checkpoint, path: Path) -> Choice:
    labels = checkpoint.card.labels
    rule, raw = load_rule(path, labels)
    if "weights_sha256" not in raw:
        raise TableError(
            f"{path}: does not say for which weights it was tuned; tune this run again"
        )
    if raw["weights_sha256"] != checkpoint.card.sha256:
        raise TableError(
            f"{path}: was tuned for other weights ({raw.get('run', 'another run')}); tune this one"
        )
    try:
        told = raw.get("calibration")
        calibration = calibration_from(told, labels) if told else uncalibrated(len(labels))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise TableError(f"{path}: its calibration is damaged ({error}); tune again") from error
    origin = f"{path.name} of {raw.get('run', 'a run')}"
    strategy = str(raw["chosen"].get("strategy"))
    return Choice(rule, calibration, origin, **_fitted_on(raw, strategy))
