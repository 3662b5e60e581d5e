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


def zone_booster(
    features: pd.DataFrame,
    codes: npt.NDArray[np.int64],
    *,
    zone_count: int,
    settings: TrainSettings,
    weight: Values | None = None,
) -> xgb.Booster:
    """Return trees fitted to zone codes.

    Parameters
    ----------
    features
        Shape (tracks, features); names are kept in the booster.
    codes
        Shape (tracks,), each below `zone_count`, which is passed on rather than counted.
    zone_count
        How many zones there are.
    settings
        Rounds, rates and seed.
    weight
        Shape (tracks,); None weighs all alike.
    """
    label = xgb.DMatrix(features, label=codes, weight=weight, nthread=settings.threads)
    special = {"objective": "multi:softprob", "num_class": zone_count}
    return xgb.train(special | parameters(settings), label, num_boost_round=settings.rounds)


def value_booster(
    features: pd.DataFrame, target: Values, *, settings: TrainSettings
) -> xgb.Booster:
    """Return trees fitted to numbers such as arousal, shape (tracks,), by squared error."""
    data = xgb.DMatrix(features, label=target, nthread=settings.threads)
    special = {"objective": "reg:squarederror"}
    return xgb.train(special | parameters(settings), data, num_boost_round=settings.rounds)


def predict(booster: xgb.Booster, features: pd.DataFrame) -> npt.NDArray[np.float32]:
    """Return the booster's output; columns are checked by name, never taken by place."""
    names = list(booster.feature_names or ())
    return np.asarray(booster.predict(xgb.DMatrix(features[names], nthread=1)), dtype=np.float32)


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
