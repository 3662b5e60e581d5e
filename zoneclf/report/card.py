"""MODEL_CARD.md: what a person should know before using a model, generated from its card."""

from collections.abc import Mapping, Sequence
from typing import Any

from zoneclf.model.calibration import sets_of
from zoneclf.model.card import ModelCard
from zoneclf.report.choice import WORDS, taken
from zoneclf.report.tuning import OPTIMISM, tuning_line
from zoneclf.tracks.contexts import context_of

_LICENCES = {
    "non-commercial": """**Non-commercial.** openSMILE output or DEAM data went into it, whose
licences forbid commercial use of what is made from them: DEAM (Aljanaki, Yang, Soleymani 2017) is
for research, openSMILE under audEERING's research licence.  So do not sell this model or a service
that runs on it, and name DEAM where you publish it.  A model free of that: `zoneclf train
--strategy user-only` on features of the extractor `frames`.""",
    "": "Nothing that restricts its use went into it except your own labels and music.",
}
# Fewer tracks of a zone than this leave its scores to luck.
_FEW = 30


def card_text(card: ModelCard) -> str:
    """Return the text of MODEL_CARD.md."""
    return f"""# Model {card.name}

Sorts music into the zones {", ".join(card.zones)}.  Made on {card.created} by zoneclf
{card.versions["zoneclf"]}, {_strategy(card)}.

## What it learnt from

{_sources(card)}

Features: {len(card.spec.features)} of `{card.spec.descriptors}`, frames of {card.spec.window_s} s
every {card.spec.hop_s} s, made by {", ".join(f"{n} {v}" for n, v in card.extractors.items())}.
Labels of DEAM: {card.label_repair or "none used"}.  More on the data in DATA_CARD.md.
{_contexts(card)}
## How good it is

{_scores(card.scores)}{_tuning(card.tuning)}

## How sure it may be

{_certainty(card)}

## How it was chosen

{_choice(card)}

## Settings

{_settings(card)}

## Licence

{_LICENCES[card.licence]}

## Limits

{_limits(card)}
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


def _sources(card: ModelCard) -> str:
    counts = "\n".join(
        f"| {source} | " + " | ".join(str(zones.get(zone, 0)) for zone in card.zones) + " |"
        for source, zones in card.sources.items()
    )
    header = "| source | " + " | ".join(card.zones) + " |"
    rule = "|---" * (len(card.zones) + 1) + "|"
    return f"{header}\n{rule}\n{counts}"


def _strategy(card: ModelCard) -> str:
    name = taken(card)
    words = f"strategy `{card.strategy}`"
    if name != card.strategy:
        words += f", which took `{name}`"
    return f"{words}: {WORDS[name]}" if name in WORDS else words


def _scores(scores: Mapping[str, Any]) -> str:
    if not scores:
        return "Not measured when it was trained; run `zoneclf analyze --holdout`."
    judged = f"{scores['n']} training tracks of the user, holdout excluded"
    lines = [
        f"{scores['folds']}-fold cross-validation on {judged}:",
        "",
        "| score | value | 95 % interval |",
        "|---|---|---|",
    ]
    for name, words in _NAMED.items():
        if name in scores:
            lines.append(_row(words, scores[name], scores.get(f"{name}_ci95")))
    for zone, value in scores["recall"].items():
        if value is not None:
            lines.append(_row(f"recall of {zone}", value, scores["recall_ci95"][zone]))
    return "\n".join(lines)


_NAMED = {
    "accuracy": "accuracy",
    "f1_weighted": "weighted F1",
    "f1_macro": "macro F1",
    "log_loss": "log loss",
    "ece": "expected calibration error",
    "ordinal_mae": "mean distance in zones",
    "two_zone_mistakes": "share two or more zones off",
}


def _row(words: str, value: float, ends: Sequence[float] | None) -> str:
    interval = f"{ends[0]:.3f} to {ends[1]:.3f}" if ends else ""
    return f"| {words} | {value:.3f} | {interval} |"


def _certainty(card: ModelCard) -> str:
    sets = sets_of(card.calibration, card.zones)
    if sets is None:
        return "Its probabilities are not calibrated: too few labelled tracks."
    calibration = card.calibration
    rows = "\n".join(
        f"| {zone} | {sets.least[zone]:.3f} | {sets.tracks[zone]} |" for zone in card.zones
    )
    return f"""Probabilities are taken at temperature {calibration["temperature"]:.3f}; expected
calibration error {calibration["ece_before"]:.3f} before, {calibration["ece_after"]:.3f} after.  A
zone is ruled out below the probability here, so that the right one stays for
{100 * sets.coverage:.0f} % of each zone's tracks; 0 is never:

| zone | ruled out below | from tracks |
|---|---|---|
{rows}"""


def _choice(card: ModelCard) -> str:
    if not card.comparison:
        return "The strategy was named, not chosen."
    lines = "\n".join(f"- {line.strip()}" for line in comparison_lines(card.comparison))
    return f"""Compared on folds of the user's training tracks; intervals are 95 %, of the paired
difference in log loss.

{lines}

Taken: {taken(card)}."""


def _settings(card: ModelCard) -> str:
    if not card.settings:
        return "Not recorded."
    return ", ".join(f"{name} {value}" for name, value in card.settings.items()) + "."


def _limits(card: ModelCard) -> str:
    found = [
        "It knows the zones of the person who labelled, and the kinds of music in the table above.",
        "Its probabilities are those of the training mix of zones.",
        "Tracks unlike any it learnt from get an answer all the same.",
    ]
    judged = card.scores.get("confusion", [])
    for zone, row in zip(card.zones, judged, strict=False):
        if sum(row) < _FEW:
            found.append(
                f"Only {sum(row)} tracks of {zone} were judged: what is said of it is uncertain."
            )
    return "\n".join(f"- {line}" for line in found)


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
