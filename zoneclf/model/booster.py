"""Boosted trees through XGBoost's native interface, because zones may be missing.

`XGBClassifier` refuses a fold or a source that lacks a zone; `xgboost.train` with a fixed
``num_class`` does not, and the order of classes never changes.
"""

import os
from typing import Any

# Idle worker threads that spin slow a fit of 0.1 s to 40 s on a busy machine.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import numpy.typing as npt
import pandas as pd
import xgboost as xgb

from zoneclf.settings import TrainSettings

Values = npt.NDArray[np.float64]
# A zone to which a track belongs less than this is not learnt from.
_SMALLEST_SHARE = 0.01
# Into so many parts a feature is binned where numbers are learnt: XGBoost's 256 were no better on
# DEAM's songs beyond the spread of their scores, in nearly twice the time (benchmarks/zones.md).
_VALUE_BINS = 64


def zone_booster(
    features: pd.DataFrame,
    targets: Values,
    *,
    settings: TrainSettings,
    weight: Values,
    start: xgb.Booster | None = None,
    margin: Values | None = None,
) -> xgb.Booster:
    """Return trees fitted to zones.

    Parameters
    ----------
    features
        Shape (tracks, features); names are kept in the booster.
    targets
        Probability of each zone, shape (tracks, zones).  A track that may be of several zones is
        learnt from once for each, weighted by its share.
    settings
        Rounds, rates and seed.
    weight
        Shape (tracks,).
    start
        Trees to go on from.
    margin
        Scores to start from, shape (tracks, zones).
    """
    rows, codes = np.nonzero(targets > _SMALLEST_SHARE)
    data = xgb.DMatrix(
        features.iloc[rows],
        label=codes,
        weight=weight[rows] * targets[rows, codes],
        base_margin=None if margin is None else margin[rows],
        nthread=settings.threads,
    )
    special = {"objective": "multi:softprob", "num_class": targets.shape[1]}
    chosen = special | parameters(settings)
    return xgb.train(chosen, data, num_boost_round=settings.rounds, xgb_model=start)


def value_booster(
    features: pd.DataFrame, target: Values, *, settings: TrainSettings, weight: Values
) -> xgb.Booster:
    """Return trees fitted to numbers such as arousal, shape (tracks,), by squared error."""
    data = xgb.DMatrix(features, label=target, weight=weight, nthread=settings.threads)
    special = {"objective": "reg:squarederror", "max_bin": _VALUE_BINS}
    return xgb.train(special | parameters(settings), data, num_boost_round=settings.rounds)


def predict(booster: xgb.Booster, features: pd.DataFrame) -> npt.NDArray[np.float32]:
    """Return the booster's output; columns are checked by name, never taken by place."""
    names = list(booster.feature_names or ())
    return np.asarray(booster.predict(xgb.DMatrix(features[names], nthread=1)), dtype=np.float32)


def raw_scores(booster: xgb.Booster, features: pd.DataFrame, margin: Values) -> Values:
    """Return scores before the softmax, shape (tracks, zones), starting from `margin`."""
    names = list(booster.feature_names or ())
    data = xgb.DMatrix(features[names], base_margin=margin, nthread=1)
    return np.asarray(booster.predict(data, output_margin=True), dtype=np.float64)


def parameters(settings: TrainSettings) -> dict[str, Any]:
    """Return XGBoost's names for our settings."""
    return {
        "tree_method": "hist",
        "eta": settings.eta,
        "max_depth": settings.max_depth,
        "min_child_weight": settings.min_child_weight,
        "subsample": settings.subsample,
        "colsample_bytree": settings.colsample,
        "lambda": settings.l2,
        "seed": settings.seed,
        "nthread": settings.threads,
    }
