"""What each feature adds to a track's score of every zone; the parts sum to the score.

The score of a zone is its log-probability without the mean over the zones.  Three ways, by what
the model is made of:

- ``trees``: SHAP values by XGBoost's `pred_contribs` (Lundberg et al., "From local explanations to
  global understanding with explainable AI for trees", Nature Machine Intelligence 2, 2020), and
  weight times scaled value for linear models; exact.
- ``blend``: the same of a mean of probabilities, whose score is no sum; what the weighted mean of
  the parts' scores leaves is told apart as `rest`.
- ``orders``: for kernels, waves and the zone rule, Shapley values against the middle track of
  training: features change one by one from its value to the track's, in random orders and their
  reverse (Strumbelj and Kononenko, Knowledge and Information Systems 41, 2014).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xgboost as xgb

from zoneclf.model.members import Network, Trees
from zoneclf.model.orders import by_orders
from zoneclf.model.predictors import (
    Blend,
    Calibrated,
    Doubled,
    Margin,
    Predictor,
    Rescaled,
    Single,
    Stacked,
    doubled,
    log_odds,
    with_signals,
)

Values = npt.NDArray[np.float64]
# What `doubled` adds to the name of the copy that is the user's.
_OWN = "|own"
EXACT, MIXED, ORDERS = "trees", "blend", "orders"
WORDS = {
    EXACT: "SHAP values of the trees (linear models: weight times value), which sum to the score",
    MIXED: "SHAP values of the parts, averaged by their weights",
    ORDERS: "Shapley values from random orders of the features, against the middle track",
}


@dataclass(frozen=True)
class Contributions:
    """What adds up to the scores of tracks.

    `values` has shape (tracks, features, zones) for the columns `features`; `base`, shape (tracks,
    zones), is what no feature says, `rest` what they only say together in no sum.
    """

    features: tuple[str, ...]
    values: Values
    base: Values
    rest: Values
    method: str

    @property
    def scores(self) -> Values:
        """The sum of all, shape (tracks, zones)."""
        whole: Values = self.base + self.values.sum(axis=1) + self.rest
        return whole


def contributions(
    predictor: Predictor,
    features: pd.DataFrame,
    middle: Mapping[str, float],
    *,
    orders: int = 4,
    seed: int = 0,
) -> Contributions:
    """Return what each feature adds to the scores of tracks.

    Parameters
    ----------
    predictor
        Any; what is no sum of its features is told by `orders`.
    features
        Shape (tracks, features), one track at least.
    middle
        Each feature's value for the middle track of training, for ``orders``.
    orders, seed
        How many orders of the features are tried for each track, an even number, and what draws
        them.
    """
    parts = _additive(predictor, features)
    if parts is None:
        values, base = by_orders(predictor, features, middle, orders=orders, seed=seed)
        return Contributions(tuple(map(str, features)), values, base, np.zeros_like(base), ORDERS)
    parts = _centred(parts)
    rest = log_odds(predictor.probabilities(features)) - parts.scores
    return replace(parts, rest=rest) if parts.method == MIXED else parts


def _additive(part: Any, features: pd.DataFrame) -> Contributions | None:
    """Return what adds up, None where nothing does; all zones may share a part of the scores."""
    if isinstance(part, Single):
        return _of_member(part.model, features)
    if isinstance(part, Margin):
        return _of_margin(part, features)
    if isinstance(part, Blend):
        return _of_blend(part, features)
    if isinstance(part, Stacked):
        return _additive(part.own, with_signals(part.source, features))
    if isinstance(part, Rescaled):
        moved = features.sub(list(part.centre), axis=1).div(list(part.spread), axis=1)
        return _additive(part.part, moved.astype(np.float32))
    if isinstance(part, Calibrated):
        found = _additive(part.part, features)
        return found and _scaled(found, 1 / part.temperature)
    if isinstance(part, Doubled):
        every = np.ones(len(features), dtype=bool)
        found = _additive(part.part, doubled(features, every))
        return found and _folded(found)
    return None


def _of_margin(part: Margin, features: pd.DataFrame) -> Contributions | None:
    start = _additive(part.source, features)
    if start is None:
        return None
    grown = _of_trees(part.model, features, from_nothing=True)
    return _summed([_scaled(_centred(start), part.shrink), grown])


def _of_member(member: Any, features: pd.DataFrame) -> Contributions | None:
    if isinstance(member, Trees):
        return _of_trees(member, features)
    if not isinstance(member, Network) or len(member.layers) != 1:
        return None
    (layer,) = member.layers
    if layer.activation not in ("none", "softmax"):
        return None
    scaled = member.scale(features[list(member.features)].to_numpy(np.float64))
    values = scaled[:, :, None] * layer.weights.astype(np.float64)[None]
    base = np.tile(layer.bias.astype(np.float64), (len(features), 1))
    return Contributions(member.features, values, base, np.zeros_like(base), EXACT)


def _of_trees(
    member: Trees, features: pd.DataFrame, *, from_nothing: bool = False
) -> Contributions:
    """Return SHAP values; `from_nothing` leaves the trees' own start out of the base."""
    names = member.features
    data = xgb.DMatrix(features[list(names)], nthread=1)
    if from_nothing:
        zones = int(member.booster.predict(data, output_margin=True).shape[1])
        data.set_base_margin(np.zeros((len(features), zones)))
    found = member.booster.predict(data, pred_contribs=True, strict_shape=True)
    values = found.astype(np.float64).transpose(0, 2, 1)
    base = values[:, -1]
    return Contributions(names, values[:, :-1], base, np.zeros_like(base), EXACT)


def _of_blend(part: Blend, features: pd.DataFrame) -> Contributions | None:
    total = sum(part.weights[name] for name in part.parts)
    pieces = []
    for name, one in part.parts.items():
        found = _additive(one, features)
        if found is None:
            return None
        pieces.append(_scaled(_centred(found), part.weights[name] / total))
    whole = _summed(pieces)
    return replace(whole, method=EXACT if len(pieces) == 1 else MIXED)


def _folded(found: Contributions) -> Contributions:
    """Return what the two copies of each feature add together."""
    names = tuple(name.removesuffix(_OWN) for name in found.features)
    return _summed([replace(found, features=names)])


def _summed(pieces: list[Contributions]) -> Contributions:
    """Return the sum, over the union of the parts' features."""
    names = tuple(dict.fromkeys(name for piece in pieces for name in piece.features))
    place = {name: number for number, name in enumerate(names)}
    tracks, zones = pieces[0].base.shape
    values = np.zeros((len(names), tracks, zones))
    for piece in pieces:
        where = [place[name] for name in piece.features]
        np.add.at(values, where, piece.values.transpose(1, 0, 2))
    base = np.sum([piece.base for piece in pieces], axis=0)
    method = MIXED if any(piece.method == MIXED for piece in pieces) else EXACT
    return Contributions(names, values.transpose(1, 0, 2), base, np.zeros_like(base), method)


def _scaled(found: Contributions, factor: float) -> Contributions:
    return replace(found, values=found.values * factor, base=found.base * factor)


def _centred(found: Contributions) -> Contributions:
    """Return contributions without what all zones share, which no probability sees."""
    values = found.values - found.values.mean(axis=2, keepdims=True)
    return replace(found, values=values, base=found.base - found.base.mean(axis=1, keepdims=True))
