"""What is wrong with a run, in sentences: over- and under-prediction, overfitting, certainty."""

from collections.abc import Sequence
from typing import Any

from zoneclf.deep.genre.counting import BAND, NEVER, TOO_FEW, TOO_MANY
from zoneclf.deep.genre.evaluation import Evaluation
from zoneclf.deep.pictures import Trained

OVER, UNDER, RIGHT = "over-predicts", "under-predicts", "predicts about as many as are true"
# Validation loss this much above its lowest, while training loss fell on, is overfitting.
_RISEN = 1.05
_NAMED = 5


def tendency(predicted_to_true: float) -> str:
    """Return whether more or fewer labels are predicted than are true."""
    if predicted_to_true > BAND[1]:
        return OVER
    return UNDER if predicted_to_true < BAND[0] else RIGHT


def sentences(evaluation: Evaluation) -> list[str]:
    """Return what a reader should know first, most important first."""
    return [
        _ranking(evaluation.metrics),
        _labels(evaluation),
        *_rare(evaluation),
        *_genres(evaluation),
        _certainty(evaluation),
        *learning(evaluation),
    ]


def learning(run: Trained) -> list[str]:
    """Return how the training went; nothing where its history is not known."""
    history = run.history
    if len(history) < 2:
        return []
    lowest = min(history, key=lambda row: row["valid_loss"])
    last, best = history[-1], max(history, key=lambda row: row["score"])
    kept = f"the kept weights are those of epoch {best['epoch']:.0f} of {last['epoch']:.0f}"
    risen = last["valid_loss"] / max(lowest["valid_loss"], 1e-12)
    if risen > _RISEN and last["train_loss"] < lowest["train_loss"]:
        text = (
            f"It overfits: from epoch {lowest['epoch']:.0f} on the loss on validation tracks rises "
            f"from {lowest['valid_loss']:.3g} to {last['valid_loss']:.3g} while that on training "
            f"tracks still falls; {kept}."
        )
        return [text]
    if best is last:
        return [f"Its last epoch, {last['epoch']:.0f}, was its best: more epochs may help."]
    return [f"No overfitting: the loss on validation tracks does not rise; {kept}."]


def _ranking(found: dict[str, Any]) -> str:
    if found["pr_auc_macro"] is None:
        return "No judged track has any of the genres, so nothing can be said of its ranking."
    low, high = found["pr_auc_macro_ci95"]
    return (
        f"PR-AUC {found['pr_auc_macro']:.2f} (95 % interval {low:.2f} to {high:.2f}, from "
        f"{found['n']} tracks), {found['pr_auc_lift']:.1f} times what guessing gets "
        f"({found['prevalence_macro']:.2f})."
    )


def _labels(evaluation: Evaluation) -> str:
    before, after = evaluation.untuned, evaluation.metrics
    said = (
        f"Untuned, at 0.5, it {tendency(before['predicted_to_true'])}: "
        f"{before['labels_predicted']:.1f} genres per track where {before['labels_true']:.1f} are "
        f"true. "
    )
    tuned = tendency(after["predicted_to_true"])
    also = "still " if tuned == tendency(before["predicted_to_true"]) != RIGHT else ""
    return f"{said}With its rule it {also}{tuned}: {after['labels_predicted']:.1f} per track."


def _rare(evaluation: Evaluation) -> list[str]:
    """Return what is found of rare genres; nothing where no judged track has one."""
    after, before = evaluation.metrics, evaluation.untuned
    if after["rare_recall"] is None:
        return []
    text = (
        f"Of the rare genres ({_listed(after['rare_genres'])}) it finds "
        f"{100 * after['rare_recall']:.0f} % of the tracks, untuned "
        f"{100 * before['rare_recall']:.0f} %."
    )
    return [text]


def _genres(evaluation: Evaluation) -> list[str]:
    """Return which genres are said too often, too seldom, never."""
    rows = evaluation.metrics["per_genre"]
    words = {
        TOO_MANY: "said too often",
        TOO_FEW: "said too seldom",
        NEVER: "never said though it is true",
    }
    told = [
        f"{_listed([row['genre'] for row in rows if row['verdict'] == key])} {text}"
        for key, text in words.items()
        if any(row["verdict"] == key for row in rows)
    ]
    return [f"With its rule: {'; '.join(told)}."] if told else []


def _certainty(evaluation: Evaluation) -> str:
    before, after = (evaluation.certainty[when]["ece"] for when in ("before", "after"))
    mean, true = evaluation.raw.mean(), evaluation.scored.targets.mean()
    way = "too high" if mean > BAND[1] * true else "too low" if mean < BAND[0] * true else ""
    word = f", {way}" if way else ""
    if evaluation.calibration.method == "none":
        return f"Its probabilities are off by {100 * before:.1f} points on average{word}."
    return (
        f"Its own probabilities are off by {100 * before:.1f} points on average{word}; calibrated "
        f"ones by {100 * after:.1f}."
    )


def _listed(names: Sequence[str]) -> str:
    """Return some names, and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
