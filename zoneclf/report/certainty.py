"""The chapter on how sure a model may be: calibration, and sets of zones against the truth."""

from dataclasses import asdict
from typing import Any

from zoneclf.model.calibration import sets_of
from zoneclf.model.card import ModelCard
from zoneclf.report.chapter import Chapter, finite
from zoneclf.report.evaluation import Evaluation
from zoneclf.report.zone_sets import SetScores, set_scores


def certainty_chapter(card: ModelCard, main: Evaluation) -> Chapter:
    """Return the chapter; it says so where nothing could be calibrated."""
    calibration, promise = card.calibration, sets_of(card.calibration, card.zones)
    if promise is None:
        return Chapter("certainty", page={"calibration": {}, "sets": None})
    found = set_scores(main, promise.coverage)
    measured: dict[str, Any] = {
        "temperature": calibration["temperature"],
        "ece_before": calibration["ece_before"],
        "ece_after": calibration["ece_after"],
    }
    sets = asdict(found) if found else None
    never = [zone for zone, least in promise.least.items() if least == 0]
    return Chapter(
        "certainty",
        short=_short(found) if found else "",
        metrics=finite({**measured, "sets": sets}),
        page={"calibration": measured, "sets": sets, "verdict": _verdict(found), "never": never},
    )


def _short(found: SetScores) -> str:
    single, listen = round(100 * found.single), round(100 * found.listen)
    return (
        f"It names one zone for {single} of 100 tracks and asks you to listen to {listen}; "
        f"the zones it leaves hold the right one for {round(100 * found.coverage)} of 100."
    )


def _verdict(found: SetScores | None) -> str:
    """Return whether the sets hold what they promise, by the interval."""
    if found is None:
        return ""
    low, high = found.coverage_ci95
    if low > found.promised:
        return "more often than promised"
    return "less often than promised" if high < found.promised else "as promised, within noise"
