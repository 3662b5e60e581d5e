"""Arousal and valence predicted from track features, learnt from tracks annotated with both."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from zoneclf.labels.table import LabelledTable
from zoneclf.labels.zones import SCALE
from zoneclf.model.booster import predict, value_booster
from zoneclf.model.splits import folds
from zoneclf.settings import TrainSettings

Values = npt.NDArray[np.float64]
NAMES = ("arousal", "valence")


def annotated(table: LabelledTable) -> npt.NDArray[np.bool_]:
    """Return which tracks have arousal and valence, shape (tracks,)."""
    return np.asarray(table.about[list(NAMES)].notna().all(axis=1))


def fit_and_predict(
    train: LabelledTable, features: pd.DataFrame, settings: TrainSettings
) -> Values:
    """Return arousal and valence of tracks, shape (tracks, 2), learnt from annotated ones."""
    if not len(features):
        return np.empty((0, len(NAMES)))
    predicted = [
        predict(
            value_booster(train.features, train.about[name].to_numpy(float), settings=settings),
            features,
        )
        for name in NAMES
    ]
    return np.clip(np.stack(predicted, axis=1).astype(np.float64), *SCALE)


def out_of_fold(table: LabelledTable, settings: TrainSettings, count: int) -> Values:
    """Return arousal and valence of annotated tracks, each predicted by a model that lacks it.

    Shape (tracks, 2).
    """
    out = np.empty((len(table), len(NAMES)))
    for number, (train, held_out) in enumerate(
        folds(table.codes, table.group, count=count, seed=settings.seed)
    ):
        out[held_out] = fit_and_predict(
            table.take(train),
            table.features.iloc[held_out],
            replace(settings, seed=settings.seed + number),
        )
    return out
