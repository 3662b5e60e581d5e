"""The model folder: boosters as JSON and a card that says what they expect and promise.

Look before you load: card, format, hashes, tree structure, names, then XGBoost.  `probabilities`
is the only way to predict, so columns can never be permuted.  Never a pickle.
"""

import dataclasses
import hashlib
import json
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import xgboost as xgb

from zoneclf.errors import ModelError, OutputError, SettingsError, TableError
from zoneclf.model.predictors import KINDS, Predictor, Probabilities
from zoneclf.model.trees_check import require_sound_trees
from zoneclf.settings import TrainSettings
from zoneclf.store import TableSpec, spec_from
from zoneclf.writing import make_folder, write_text

# Goes up when an older zoneclf could no longer read a card correctly.
FORMAT = 1
CARD = "card.json"


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """What a stored model expects and promises.

    `spec` is that of the features it learnt from; `extractors` the versions that made them;
    `sources` says rows per zone by source; `training` and `holdout` are hashes of which tracks
    were learnt from and kept out; `scores` is what was measured when it was trained.
    """

    name: str
    created: str
    zones: tuple[str, ...]
    spec: TableSpec
    extractors: dict[str, int]
    kind: str
    options: dict[str, Any]
    strategy: str
    settings: dict[str, Any]
    sources: dict[str, dict[str, int]]
    rule: str
    label_repair: str
    training: str
    holdout: str
    licence: str
    versions: dict[str, str]
    scores: dict[str, Any] = field(default_factory=dict)
    sha256: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT


@dataclass(frozen=True)
class ZoneModel:
    """A predictor and the card that gives its columns and classes their names."""

    predictor: Predictor
    card: ModelCard

    def probabilities(self, features: pd.DataFrame) -> Probabilities:
        """Return shape (tracks, zones), in the order of ``card.zones``; columns in any order.

        Raises
        ------
        TableError
            If a column the model was trained on is missing.
        """
        missing = [name for name in self.card.spec.features if name not in features.columns]
        if missing:
            raise TableError(
                f"{len(missing)} features of model {self.card.name} are missing, first "
                f"{missing[0]!r}; extract with the method it was trained on"
            )
        return self.predictor.probabilities(features[list(self.card.spec.features)])

    def require_spec(self, spec: TableSpec, extractors: dict[str, int]) -> None:
        """Check that features of this spec and these extractor versions are what it learnt from.

        Raises
        ------
        ModelError
            If they are not; with both specs and what to do.
        """
        card = self.card
        missing = [name for name in card.spec.features if name not in spec.features]
        apart = "" if missing else card.spec.difference(spec.select(card.spec.features))
        if missing:
            apart = f"{len(missing)} features, first {missing[0]}"
        for name, version in extractors.items():
            if card.extractors.get(name, version) != version:
                apart = f"extractor {name} {card.extractors[name]} against {version}"
        if apart:
            raise ModelError(
                f"model {card.name}: was trained on other features ({apart}); use the settings it "
                "was trained with, or train again"
            )


def save_model(predictor: Predictor, card: ModelCard, folder: Path) -> ModelCard:
    """Write boosters, ``card.json`` and ``MODEL_CARD.md`` to a new folder; return the full card.

    Raises
    ------
    OutputError
        If the folder exists or cannot be written.
    """
    if folder.exists():
        raise OutputError(f"{folder}: is already there; choose another --name")
    make_folder(folder)
    hashes = {}
    for name, booster in predictor.boosters.items():
        path = folder / f"{name}.json"
        write_text(booster.save_raw("json").decode(), path)
        hashes[path.name] = _sha256(path)
    full = dataclasses.replace(card, sha256=hashes)
    write_text(json.dumps(dataclasses.asdict(full), indent=2) + "\n", folder / CARD)
    return full


def load_model(folder: Path) -> ZoneModel:
    """Read a model folder.

    Raises
    ------
    ModelError
        If the folder is incomplete, of another format, or its files are not those the card was
        written for.
    """
    card = read_card(folder)
    boosters = {}
    for name, digest in card.sha256.items():
        path = folder / name
        if path.parent != folder or not path.is_file() or _sha256(path) != digest:
            raise ModelError(
                f"{path}: missing, or not the file {CARD} was written for; restore or train again"
            )
        require_sound_trees(path, len(card.spec.features))
        boosters[path.stem] = _load_booster(path, card)
    if card.kind not in KINDS or not boosters:
        raise ModelError(f"{folder}: kind {card.kind!r} is unknown; upgrade zoneclf")
    model = ZoneModel(KINDS[card.kind](boosters, card.options), card)
    _require_answer(model, folder)
    return model


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
    except (OSError, ValueError, TypeError, KeyError) as error:
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


def newest_model(folder: Path) -> Path:
    """Return the model folder that was made last.

    Raises
    ------
    ModelError
        If there is none.
    """
    found = [path.parent for path in folder.glob(f"*/{CARD}")]
    if not found:
        raise ModelError(f"{folder}: holds no model; run zoneclf train")
    return max(found, key=lambda path: read_card(path).created)


def _require_kinds(card: ModelCard) -> None:
    """Check that each field is text, a number or a mapping as announced."""
    for place in dataclasses.fields(card):
        value = getattr(card, place.name)
        kind = typing.get_origin(place.type) or place.type
        if not isinstance(value, typing.cast(type, kind)):
            raise TypeError(f"{place.name} is {type(value).__name__}")


def _require_answer(model: ZoneModel, folder: Path) -> None:
    """Ask for one track: members may be missing, or answer with another number of zones."""
    blank = pd.DataFrame(0.0, index=[0], columns=list(model.card.spec.features))
    try:
        found = model.probabilities(blank).shape
    except (KeyError, xgb.core.XGBoostError) as error:
        raise ModelError(f"{folder}: its files do not fit {CARD}; train again") from error
    if found != (1, len(model.card.zones)):
        raise ModelError(f"{folder}: the trees and {CARD} have different zones; train again")


def _load_booster(path: Path, card: ModelCard) -> xgb.Booster:
    booster = xgb.Booster()
    try:
        booster.load_model(path)
    except xgb.core.XGBoostError as error:
        raise ModelError(f"{path}: XGBoost cannot read it; train again") from error
    if tuple(booster.feature_names or ()) != card.spec.features:
        raise ModelError(f"{path}: the trees and the card name different features; train again")
    return booster


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
