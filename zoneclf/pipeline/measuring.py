"""What is known of a model when it is trained: expected scores, calibration, the comparison."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from zoneclf.errors import TableError
from zoneclf.labels.contexts import JUDGED
from zoneclf.model.calibration import temperature_of, zone_sets
from zoneclf.model.comparison import Contender
from zoneclf.model.strategies import AUTO, chosen, contenders
from zoneclf.model.task import Task
from zoneclf.pipeline.workspace import Voice
from zoneclf.report.evaluation import Evaluation, cross_validate
from zoneclf.settings import Settings, Strategy


@dataclass(frozen=True)
class Measured:
    """Cross-validated scores of the user's training tracks; empty if they are too few.

    `taken` is the strategy itself, or the one that ``auto`` has chosen.
    """

    taken: Strategy
    temperature: float = 1.0
    calibration: dict[str, Any] = field(default_factory=dict)
    comparison: list[Contender] = field(default_factory=list)
    scores: dict[str, Any] = field(default_factory=dict)


def measure(task: Task, settings: Settings, voice: Voice) -> Measured:
    """Return what cross-validation of the user's training tracks says of a task."""
    automatic = task.settings.strategy == AUTO
    comparison = _compared(task, voice) if automatic else []
    taken = chosen(comparison) if automatic else task.settings.strategy
    # What is chosen from is compared once per fold, so that the estimate ends in minutes.
    task = replace(task, settings=replace(task.settings, inner_repeats=1))
    count = settings.evaluation.folds
    try:
        found = cross_validate(
            task,
            count=count,
            repeats=1,
            own_alone=True,
            progress=lambda done, total: voice.progress("cross-validate", done, total),
        )
    except TableError as error:
        voice.warn(f"not cross-validated: {error}")
        return Measured(taken, comparison=comparison)
    if JUDGED in found.table.about:  # contexts of one track are no more than one track
        found = found.part(found.table.about[JUDGED].to_numpy())
    raw, after = found.of(task.own), found.calibrated(task.own).of(task.own)
    temperature = temperature_of(raw.table.codes, raw.probabilities)
    sets = zone_sets(
        after.table.codes,
        after.probabilities,
        after.table.zones,
        coverage=settings.evaluation.coverage,
    )
    calibration = {
        "temperature": temperature,
        "ece_before": raw.scores.ece,
        "ece_after": after.scores.ece,
        "sets": sets.as_json(),
    }
    return Measured(taken, temperature, calibration, comparison, _scores(after, count))


def _compared(task: Task, voice: Voice) -> list[Contender]:
    """Return the contenders of ``auto``, and say which is taken."""
    found = contenders(task, lambda done, total: voice.progress("compare", done, total))
    if not found:
        voice.warn("your labelled tracks are too few to compare strategies; user-only is taken")
    else:
        voice.say(f"auto takes {chosen(found)}, of {len(found)} compared on your tracks")
    return found


def _scores(evaluation: Evaluation, count: int) -> dict[str, Any]:
    return {"folds": count, **asdict(evaluation.scores)}
