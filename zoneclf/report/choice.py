"""How a model came to be: its strategy in words, and what `auto` compared and took."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from zoneclf.model.card import ModelCard
from zoneclf.model.comparison import Contender
from zoneclf.model.strategies import AUTO, chosen
from zoneclf.report.chapter import Chapter
from zoneclf.settings import Strategy

WORDS: dict[str, str] = {
    "user-only": "your labelled tracks alone",
    "weighted": "your tracks and the others together, yours counting more",
    "balanced": "as many tracks of every source and zone",
    "finetune": "the others first, then your tracks on top",
    "ensemble": "two models, of your tracks and of all, averaged",
    "affect": "arousal and valence from the others, fitted to your zones",
    AUTO: "the best of all, where it beats your tracks alone beyond noise",
}


def taken(card: ModelCard) -> Strategy:
    """Return the strategy that a model was made by: for ``auto``, the one it took."""
    if card.taken or card.strategy != AUTO:
        return cast(Strategy, card.taken or card.strategy)
    return chosen(_contenders(card.comparison))  # a card from before it said so


def choice_chapter(card: ModelCard) -> Chapter:
    """Return the chapter on the strategy."""
    name, found = taken(card), _contenders(card.comparison)
    rows = [
        {**contender.as_json(), "taken": contender.name == name, "words": WORDS[contender.name]}
        for contender in found
    ]
    metrics = {"strategy": card.strategy, "taken": name, "comparison": rows}
    page = {**metrics, "words": WORDS[name], "verdict": _verdict(found, name)}
    return Chapter("choice", metrics=metrics, page=page)


def _contenders(comparison: Sequence[Mapping[str, Any]]) -> list[Contender]:
    return [
        Contender(**{**row, "ci95": None if row["ci95"] is None else tuple(row["ci95"])})
        for row in comparison
    ]


def _verdict(found: list[Contender], name: str) -> str:
    """Return in words why `name` was taken."""
    if not found:
        return ""
    if any(contender.is_better for contender in found):
        return f"{name} is better than user-only beyond noise."
    return "None is better than user-only beyond noise, so that is taken."
