"""``card.json``: what a stored model expects and promises, and where it came from."""

import dataclasses
import json
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zoneclf.errors import ModelError, SettingsError
from zoneclf.settings import TrainSettings
from zoneclf.store import TableSpec, spec_from
from zoneclf.tracks.contexts import context_of

# Goes up when an older zoneclf could no longer read a card correctly.
FORMAT = 2
CARD = "card.json"


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """What a stored model expects and promises.

    `taken` is the strategy that learnt it, which ``auto`` chooses; `plan` says how its members
    combine (`zoneclf.model.plan`), `calibration` how sure its probabilities are
    (`zoneclf.model.calibration`).

    `spec` is that of the features it learnt from; `extractors` the versions that made them;
    `sources` says rows per zone by source; `training` and `holdout` are hashes of which tracks
    were learnt from and kept out; `scores` is what was measured when it was trained, `comparison`
    what it was chosen from, `tuning` what a search for its settings found, `data` where its tracks
    and labels come from and what was left out.
    """

    name: str
    created: str
    zones: tuple[str, ...]
    spec: TableSpec
    extractors: dict[str, int]
    strategy: str
    settings: dict[str, Any]
    sources: dict[str, dict[str, int]]
    rule: str
    label_repair: str
    training: str
    holdout: str
    licence: str
    versions: dict[str, str]
    taken: str = ""
    plan: dict[str, Any] = field(default_factory=dict)
    calibration: dict[str, Any] = field(default_factory=dict)
    comparison: list[dict[str, Any]] = field(default_factory=list)
    scores: dict[str, Any] = field(default_factory=dict)
    tuning: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    sha256: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT


def read_card(folder: Path) -> ModelCard:
    """Read a model's card.

    Raises
    ------
    ModelError
        If it is missing, damaged or of another format.
    """
    path = folder / CARD
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        found = raw["format"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise ModelError(f"{path}: not a model card ({error}); is this a model folder?") from error
    if found != FORMAT:
        raise ModelError(f"{path}: format {found}, this zoneclf reads {FORMAT}; upgrade or retrain")
    try:
        card = ModelCard(**{**raw, "zones": tuple(raw["zones"]), "spec": spec_from(raw["spec"])})
        _require_kinds(card)
        return card
    except (TypeError, KeyError, ValueError) as error:
        raise ModelError(f"{path}: its fields are not those of format {found} ({error})") from error


def train_settings(card: ModelCard) -> TrainSettings:
    """Return the settings that a model was trained with.

    Raises
    ------
    ModelError
        If the card holds others than this zoneclf knows.
    """
    try:
        return TrainSettings(**card.settings)
    except (TypeError, SettingsError) as error:
        raise ModelError(
            f"model {card.name}: its settings are not known ({error}); train again"
        ) from error


def newest_model(folder: Path, *, timeline: bool = False) -> Path:
    """Return the folder of the model of whole tracks, or of contexts, that was made last.

    Raises
    ------
    ModelError
        If there is none.
    """
    found = models_in(folder, timeline=timeline)
    if not found:
        kind, option = (" for timelines", " --timeline") if timeline else ("", "")
        raise ModelError(f"{folder}: holds no model{kind}; run zoneclf train{option}")
    return max(found, key=lambda path: found[path])


def models_in(folder: Path, *, timeline: bool = False) -> dict[Path, str]:
    """Return when each model of whole tracks, or of contexts, was made, by its folder."""
    cards = {path.parent: read_card(path.parent) for path in folder.glob(f"*/{CARD}")}
    return {
        path: card.created
        for path, card in cards.items()
        if (context_of(card.spec) is not None) == timeline
    }


def _require_kinds(card: ModelCard) -> None:
    """Check that each field is text, a number or a mapping as announced."""
    for place in dataclasses.fields(card):
        value = getattr(card, place.name)
        kind = typing.get_origin(place.type) or place.type
        if not isinstance(value, typing.cast(type, kind)):
            raise TypeError(f"{place.name} is {type(value).__name__}")
