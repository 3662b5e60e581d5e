"""Arousal and valence predicted from track features, and zones from them by the rule.

Trees, smooth and rough kernels err differently, so they are averaged; a model that must not hold
training tracks has random Fourier features in place of the kernels.  How far the
average errs is measured on folds; the rule is then integrated over that error, which gives zones
their probabilities.  The numbers below were chosen among a handful on DEAM's 1802 songs
(`scripts/eval_deam.py`).
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from zoneclf.errors import TableError
from zoneclf.labels.regions import ZoneRegions
from zoneclf.labels.table import LabelledTable
from zoneclf.model.booster import value_booster
from zoneclf.model.dense import fourier, kernels
from zoneclf.model.members import Member, Trees
from zoneclf.model.predictors import Affect
from zoneclf.model.splits import folds
from zoneclf.model.weights import EMPHASIS
from zoneclf.settings import TrainSettings

Values = npt.NDArray[np.float64]
NAMES = ("arousal", "valence")
_TREES = TrainSettings(
    rounds=250,
    eta=0.045,
    max_depth=4,
    min_child_weight=5.0,
    subsample=0.7,
    colsample=0.2,
    l2=2.0,
)
_WITH_ROWS = {"trees": 0.3, "smooth": 0.3, "rough": 0.4}
_WITHOUT_ROWS = {"trees": 0.4, "fourier": 0.6}
_WAVES = 500
_FOLDS = 5
# So many annotated tracks, at least, tell how far the regressors err.
_FEWEST = 20
# A plane that is all one zone, where zones are not asked for.
_NOWHERE = ZoneRegions((), (), ((0,),), 1)


def annotated(table: LabelledTable) -> npt.NDArray[np.bool_]:
    """Return which tracks have arousal and valence, shape (tracks,)."""
    return np.asarray(table.about[list(NAMES)].notna().all(axis=1))


def fit_affect(table: LabelledTable, settings: TrainSettings, regions: ZoneRegions) -> Affect:
    """Return regressors of arousal and valence, their error, and the rule.

    Raises
    ------
    TableError
        If too few tracks have arousal and valence.
    """
    rated = table.take(annotated(table))
    if len(rated) < _FEWEST:
        raise TableError(
            f"{len(rated)} tracks have arousal and valence, {_FEWEST} are needed to learn them; "
            "extract DEAM, or use another --strategy"
        )
    apart = out_of_fold_values(rated, settings, _FOLDS) - _truth(rated)
    covariance = tuple(map(tuple, (apart.T @ apart / len(rated)).tolist()))
    return replace(_regressors(rated, settings, regions), covariance=covariance)


def out_of_fold_values(table: LabelledTable, settings: TrainSettings, count: int) -> Values:
    """Return arousal and valence of annotated tracks, each predicted by a model that lacks it.

    Shape (tracks, 2).
    """
    out = np.empty((len(table), len(NAMES)))
    anyone = np.zeros(len(table), np.int64)
    for number, (train, held_out) in enumerate(
        folds(anyone, table.group, count=count, seed=settings.seed)
    ):
        chosen = replace(settings, seed=settings.seed + number)
        out[held_out] = predicted_values(table.take(train), table.features.iloc[held_out], chosen)
    return out


def predicted_values(
    train: LabelledTable, features: pd.DataFrame, settings: TrainSettings
) -> Values:
    """Return arousal and valence of tracks, shape (tracks, 2), learnt from annotated ones."""
    if not len(features):
        return np.empty((0, len(NAMES)))
    return _regressors(train, settings, _NOWHERE).values(features)


def _regressors(table: LabelledTable, settings: TrainSettings, regions: ZoneRegions) -> Affect:
    """Return the regressors; how far they err is not known yet."""
    features, wanted, about = table.features, _truth(table), table.about
    weight = about[EMPHASIS].to_numpy(np.float64) if EMPHASIS in about else np.ones(len(table))
    slow = replace(_TREES, seed=settings.seed, threads=settings.threads)
    arousal, valence = (
        Trees(value_booster(features, wanted[:, axis], settings=slow, weight=weight))
        for axis in range(len(NAMES))
    )
    both = _kernels(features, wanted) if settings.keep_rows else _waves(features, wanted, settings)
    weights = _WITH_ROWS if settings.keep_rows else _WITHOUT_ROWS
    return Affect(arousal, valence, both, weights, ((1.0, 0.0), (0.0, 1.0)), regions)


def _kernels(features: pd.DataFrame, wanted: Values) -> dict[str, Member]:
    return {
        "smooth": kernels(features, wanted, power=0.15, gamma=0.1, exponent=2, penalty=0.1),
        "rough": kernels(features, wanted, power=0.25, gamma=0.15, exponent=1, penalty=0.05),
    }


def _waves(features: pd.DataFrame, wanted: Values, settings: TrainSettings) -> dict[str, Member]:
    count = min(_WAVES, 2 * len(features))
    found = fourier(
        features, wanted, power=0.15, gamma=0.1, penalty=0.1, count=count, seed=settings.seed
    )
    return {"fourier": found}


def _truth(table: LabelledTable) -> Values:
    return table.about[list(NAMES)].to_numpy(np.float64)
