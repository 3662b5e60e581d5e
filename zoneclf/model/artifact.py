"""The model folder: members as JSON and a card that says what they expect and promise.

Look before you load: card, format, hashes, tree structure, names, then XGBoost.  `probabilities`
is the only way to predict, so columns can never be permuted.  Never a pickle.
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xgboost as xgb

from zoneclf.errors import ModelError, OutputError, TableError
from zoneclf.model.card import CARD, ModelCard, read_card
from zoneclf.model.members import Member, Trees, dense_from
from zoneclf.model.plan import members_of, plan_of, predictor_from
from zoneclf.model.predictors import Predictor, Probabilities, Values
from zoneclf.model.reference import REFERENCE, Reference, reference_from
from zoneclf.model.told import values_told
from zoneclf.model.trees_check import require_sound_trees
from zoneclf.store import TableSpec
from zoneclf.writing import make_folder, write_text

_DENSE = ('{"kind": "network"', '{"kind": "kernels"')
_ROUNDING = 1e-3
# What is raised where members and card were not made for each other, or were edited.
_UNFIT = (
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    TableError,
    xgb.core.XGBoostError,
)


@dataclass(frozen=True)
class ZoneModel:
    """A predictor and the card that gives its columns and classes their names.

    `reference` says where a track lies among those it learnt from; None for a model without.
    """

    predictor: Predictor
    card: ModelCard
    reference: Reference | None = None

    def probabilities(self, features: pd.DataFrame) -> Probabilities:
        """Return shape (tracks, zones), in the order of ``card.zones``; columns in any order.

        Raises
        ------
        TableError
            If a column the model was trained on is missing.
        """
        return self.predictor.probabilities(self._asked(features))

    def values(self, features: pd.DataFrame) -> Values | None:
        """Return predicted arousal and valence, shape (tracks, 2); None if it predicts none.

        Raises
        ------
        TableError
            As `probabilities`.
        """
        return values_told(self.predictor, self._asked(features))

    def _asked(self, features: pd.DataFrame) -> pd.DataFrame:
        missing = [name for name in self.card.spec.features if name not in features.columns]
        if missing:
            raise TableError(
                f"{len(missing)} features of model {self.card.name} are missing, first "
                f"{missing[0]!r}; extract with the method it was trained on"
            )
        return features[list(self.card.spec.features)]

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


def save_model(
    predictor: Predictor, card: ModelCard, folder: Path, *, reference: Reference | None = None
) -> ModelCard:
    """Write members, reference and ``card.json`` to a new folder; return the full card.

    Raises
    ------
    OutputError
        If the folder exists or cannot be written.
    """
    if folder.exists():
        raise OutputError(f"{folder}: is already there; choose another --name")
    make_folder(folder)
    texts = {f"{name}.json": one.text() for name, one in members_of(predictor).items()}
    if reference is not None:
        texts[REFERENCE] = reference.text()
    hashes = {}
    for name, text in texts.items():
        write_text(text, folder / name)
        hashes[name] = _sha256(folder / name)
    full = dataclasses.replace(card, plan=plan_of(predictor), sha256=hashes)
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
    members: dict[str, Member] = {}
    reference = None
    for name, digest in card.sha256.items():
        path = folder / name
        if path.parent != folder or not path.is_file() or _sha256(path) != digest:
            raise ModelError(
                f"{path}: missing, or not the file {CARD} was written for; restore or train again"
            )
        if name == REFERENCE:
            reference = _load_reference(path, card)
        else:
            members[path.stem] = _load_member(path)
    try:
        model = ZoneModel(predictor_from(card.plan, members), card, reference)
    except _UNFIT as error:
        raise ModelError(f"{folder}: its files do not fit {CARD} ({error}); train again") from error
    _require_answer(model, folder)
    return model


def _require_answer(model: ZoneModel, folder: Path) -> None:
    """Ask for one track: members may ask for other columns, or know other zones."""
    blank = pd.DataFrame(1.0, index=[0], columns=list(model.card.spec.features))
    try:
        with np.errstate(all="ignore"):
            found = model.probabilities(blank)
        fits = found.shape == (1, len(model.card.zones))
        sound = fits and abs(float(found.sum()) - 1) < _ROUNDING and float(found.min()) >= 0
    except _UNFIT as error:
        raise ModelError(f"{folder}: its files do not fit {CARD}; train again") from error
    if not sound:
        raise ModelError(f"{folder}: its files and {CARD} have different zones; train again")


def _load_reference(path: Path, card: ModelCard) -> Reference:
    """Return the quantiles, if they are of the card's features."""
    try:
        found = reference_from(path.read_text(encoding="utf-8"))
    except _UNFIT as error:
        raise ModelError(f"{path}: holds no quantiles ({error}); train again") from error
    if set(found.quantiles) != set(card.spec.features):
        raise ModelError(f"{path}: is of other features than {CARD}; train again")
    return found


def _load_member(path: Path) -> Member:
    """Return trees, if their structure is sound, a network or kernels."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if text.startswith(_DENSE):
        try:
            return dense_from(text)
        except _UNFIT as error:
            raise ModelError(f"{path}: is no member ({error}); train again") from error
    require_sound_trees(path)
    booster = xgb.Booster()
    try:
        booster.load_model(path)
    except xgb.core.XGBoostError as error:
        raise ModelError(f"{path}: XGBoost cannot read it; train again") from error
    return Trees(booster)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
