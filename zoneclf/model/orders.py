"""Shapley values of any predictor's features, estimated from random orders of them.

A track starts as the middle track of training; one feature after the other takes the track's own
value, and what the scores change by is that feature's.  Every order sums to the whole change, and
an order and its reverse together get pairs of features right.  Source: Strumbelj and Kononenko,
"Explaining prediction models and individual predictions with feature contributions", Knowledge and
Information Systems 41, 2014.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from zoneclf.model.predictors import Predictor, log_odds

Values = npt.NDArray[np.float64]
Rows = npt.NDArray[np.float32]
# So many rows are asked for at once.
_ROWS = 4096


def by_orders(
    predictor: Predictor,
    features: pd.DataFrame,
    middle: Mapping[str, float],
    *,
    orders: int,
    seed: int,
) -> tuple[Values, Values]:
    """Return what each feature adds, shape (tracks, features, zones), and what they add it to.

    Parameters
    ----------
    predictor
        Asked for (features + 1) rows per track and order.
    features
        Shape (tracks, features).
    middle
        The value of each feature that says nothing.
    orders
        How many orders, half of them the reverse of the other half; an odd number is raised.
    seed
        Draws them.
    """
    names = list(features.columns)
    start = np.array([middle[name] for name in names], dtype=np.float32)
    base = log_odds(predictor.probabilities(pd.DataFrame([start], columns=names)))
    rng, pairs = np.random.default_rng(seed), max(1, -(-orders // 2))
    values = np.zeros((len(features), len(names), base.shape[1]))
    for _ in range(pairs):
        order = rng.permutation(len(names))
        for way in (order, order[::-1]):
            values[:, way] += _along(predictor, features.iloc[:, way], start[way], names)
    return values / (2 * pairs), np.repeat(base, len(features), axis=0)


def _along(predictor: Predictor, tracks: pd.DataFrame, start: Rows, names: list[str]) -> Values:
    """Return how the scores change, feature by feature of `tracks`, shape as `by_orders`."""
    width, rows = len(start), tracks.to_numpy(np.float32)
    taken = np.tri(width + 1, width, -1, dtype=bool)
    at_once = max(1, _ROWS // (width + 1))
    pieces = []
    for first in range(0, len(rows), at_once):
        some = rows[first : first + at_once]
        between = np.where(taken[None], some[:, None], start[None, None]).reshape(-1, width)
        asked = pd.DataFrame(between, columns=tracks.columns)[names]
        scores = log_odds(predictor.probabilities(asked))
        pieces.append(np.diff(scores.reshape(len(some), width + 1, -1), axis=1))
    return np.concatenate(pieces)
