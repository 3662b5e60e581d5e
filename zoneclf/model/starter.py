"""The model that comes with zoneclf: an answer before anything is labelled.

It predicts arousal and valence from means over a whole track's frames and lets a zone rule make
zones of them.  `scripts/train_starter.py` makes it from DEAM; its folder lies in the package.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from zoneclf.errors import ModelError
from zoneclf.frames.columns import FRAME_COLUMNS
from zoneclf.labels.regions import regions_of
from zoneclf.labels.zones import ZoneMap
from zoneclf.model.artifact import ZoneModel, load_model
from zoneclf.model.predictors import Affect

STARTER = "starter"
_FOLDER = Path(__file__).parents[1] / STARTER
# A mean of deltas is the last value less the first over the length: it tells how long a track is
# and where it was cut, not how it sounds.
_COLUMNS = frozenset(
    f"{name}_mean" for name in FRAME_COLUMNS if not ("_sma_de" in name and name.endswith("_amean"))
)


def starter_columns(present: Iterable[str]) -> tuple[str, ...]:
    """Return those of a table's columns that the starter may learn from, in the table's order.

    Means over frames of what the extractor `frames` gives too, but for means of deltas.
    """
    return tuple(name for name in present if name in _COLUMNS)


def load_starter() -> ZoneModel:
    """Return the model that comes with zoneclf.

    Raises
    ------
    ModelError
        If its folder is not whole.
    """
    model = load_model(_FOLDER)
    if not isinstance(model.predictor, Affect):
        raise ModelError(f"{_FOLDER}: is no model of arousal and valence; install zoneclf again")
    return model


def under_rule(model: ZoneModel, zones: ZoneMap) -> ZoneModel:
    """Return the starter with the zones of a rule; what was measured holds for its own alone."""
    if (model.card.zones, model.card.rule) == (zones.names, zones.digest):
        return model
    predictor = affect_under(model, zones)
    card = replace(model.card, zones=zones.names, rule=zones.digest, calibration={}, scores={})
    return replace(model, predictor=predictor, card=card)


def affect_under(model: ZoneModel, zones: ZoneMap) -> Affect:
    """Return the starter's regressors of arousal and valence with a rule."""
    assert isinstance(model.predictor, Affect)
    return replace(model.predictor, regions=regions_of(zones))
