"""MODEL_CARD.md: what a person should know before using a model, generated from its card."""

from collections.abc import Mapping, Sequence
from typing import Any

from zoneclf.model.card import ModelCard
from zoneclf.report.tuning import OPTIMISM, tuning_line
from zoneclf.tracks.contexts import context_of

_LICENCES = {
    "non-commercial": "**Non-commercial.** openSMILE output or DEAM data went into it, whose "
    "licences forbid commercial use of what is made from them.",
    "": "Nothing that restricts its use went into it except your own labels and music.",
}


def card_text(card: ModelCard) -> str:
    """Return the text of MODEL_CARD.md."""
    counts = "\n".join(
        f"| {source} | " + " | ".join(str(zones.get(zone, 0)) for zone in card.zones) + " |"
        for source, zones in card.sources.items()
    )
    header = "| source | " + " | ".join(card.zones) + " |"
    rule = "|---" * (len(card.zones) + 1) + "|"
    return f"""# Model {card.name}

Sorts music into the zones {", ".join(card.zones)}.  Made on {card.created} by zoneclf
{card.versions["zoneclf"]}, strategy `{card.strategy}`.

## What it learnt from

{header}
{rule}
{counts}

Features: {len(card.spec.features)} of `{card.spec.descriptors}`, frames of {card.spec.window_s} s
every {card.spec.hop_s} s, made by {", ".join(f"{n} {v}" for n, v in card.extractors.items())}.
Labels of DEAM: {card.label_repair or "none used"}.
{_contexts(card)}
## How good it is

{_scores(card.scores)}{_tuning(card.tuning)}

## Licence

{_LICENCES[card.licence]}

## Limits

It knows the zones of the person who labelled, and the kinds of music in the table above.  Its
probabilities are those of the training mix of zones; tracks unlike any it learnt from get an
answer all the same.
"""


def _contexts(card: ModelCard) -> str:
    """Return what a model of contexts is for; empty for one of whole tracks."""
    context_s = context_of(card.spec)
    if context_s is None:
        return ""
    return (
        f"It is for contexts of {context_s:g} s, not for whole tracks: the table counts contexts "
        "cut\nfrom labelled tracks, the scores below one context of each track.\n"
    )


def _scores(scores: dict[str, Any]) -> str:
    if not scores:
        return "Not measured when it was trained; run `zoneclf analyze --holdout`."
    low, high = scores["accuracy_ci95"]
    recalls = ", ".join(
        f"{zone} {value:.2f}" for zone, value in scores["recall"].items() if value is not None
    )
    return (
        f"{scores['folds']}-fold cross-validation on {scores['n']} training tracks of the user, "
        f"holdout excluded: accuracy {scores['accuracy']:.3f} (95 % interval {low:.3f} to "
        f"{high:.3f}), weighted F1 {scores['f1_weighted']:.3f}, log loss "
        f"{scores['log_loss']:.3f}; recall {recalls}."
    )


def _tuning(found: Mapping[str, Any]) -> str:
    if not found:
        return ""
    optimism = f"  {OPTIMISM}" if found["taken"] else ""
    return f"\n\nSettings were searched: {tuning_line(found)}.{optimism}"


def comparison_lines(comparison: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a line per strategy that was compared, best first; the baseline has no difference."""
    lines = []
    for row in comparison:
        against = "baseline"
        if row["ci95"] is not None:
            low, high = row["ci95"]
            against = f"{row['difference']:+.3f} ({low:+.3f} to {high:+.3f}) against the baseline"
        lines.append(f"  {row['name']}: log loss {row['log_loss']:.3f}, {against}")
    return lines
