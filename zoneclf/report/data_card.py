"""DATA_CARD.md: which tracks and labels a model comes from, generated from its card."""

from collections.abc import Mapping
from typing import Any

from zoneclf.model.card import ModelCard

_LICENCES = {
    "non-commercial": "non-commercial: no commercial use of it, nor of what is made from it",
    "": "none but your own rights in music and labels",
}
_COLUMNS = {
    "tracks": "tracks",
    "minutes": "minutes",
    "labelled": "labelled",
    "held_out": "held out",
    "learnt": "learnt from",
}


def data_card_text(card: ModelCard) -> str:
    """Return the text of DATA_CARD.md."""
    data = card.data
    if not data:
        return f"# Data of model {card.name}\n\nNot recorded when it was trained.\n"
    sources = data["sources"]
    sections = "\n\n".join(_source(name, about, card) for name, about in sources.items())
    return f"""# Data of model {card.name}

{_table(sources, card)}

Held-out tracks are never learnt from, nor are others of their artists or versions of them; so
"labelled" may be more than "held out" and "learnt from" together.  Zones are those of all labelled
tracks.

{sections}

## Holdout

{_holdout(data["holdout"])}  Checksum {card.holdout}.

## Near-duplicates

{_duplicates(data["near_duplicates"])}
"""


def _table(sources: Mapping[str, Mapping[str, Any]], card: ModelCard) -> str:
    names = ["source", *_COLUMNS.values(), *card.zones]
    lines = ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
    for name, about in sources.items():
        counts = [_shown(about[key]) for key in _COLUMNS]
        counts += [str(about["zones"].get(zone, 0)) for zone in card.zones]
        lines.append("| " + " | ".join([name, *counts]) + " |")
    return "\n".join(lines)


def _shown(value: float | None) -> str:
    return "unknown" if value is None else str(value)


def _source(name: str, about: Mapping[str, Any], card: ModelCard) -> str:
    """Return what is known of one source's labels, features and licence."""
    lines = [f"## {name}", "", f"- Labels: {_labels(about, card)}."]
    lines += [f"- {statement}." for statement in about["statements"]]
    dropped = ", ".join(f"{count} {why}" for why, count in about["left_out"].items())
    lines.append(f"- Left out: {dropped or 'nothing'}.")
    made = ", ".join(f"{extractor} {number}" for extractor, number in about["extractors"].items())
    lines.append(f"- Features made by: {made}.")
    lines.append(f"- Licence: {_LICENCES[about['licence']]}.")
    return "\n".join(lines)


def _labels(about: Mapping[str, Any], card: ModelCard) -> str:
    if not about["label_repair"]:
        return "zones from the user's label file"
    return (
        f"zones by rule {card.rule} from listeners' arousal and valence (DEAM, "
        f"{about['label_repair']})"
    )


def _holdout(holdout: Mapping[str, Any]) -> str:
    zones = ", ".join(f"{zone} {count}" for zone, count in holdout["zones"].items())
    return (
        f"{holdout['tracks']} tracks ({zones}), {100 * holdout['share']:.0f} % of the user's, "
        f"drawn once on {holdout['drawn']}."
    )


def _duplicates(found: Mapping[str, int]) -> str:
    if not found["recordings"]:
        return "None were found among the extracted tracks."
    return (
        f"{found['tracks']} tracks hold {found['recordings']} recordings; versions of one are on "
        "one side of every split."
    )
