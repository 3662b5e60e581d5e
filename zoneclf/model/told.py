"""Where a predictor puts tracks in arousal and valence, if a part of it predicts them."""

import numpy as np
import pandas as pd

from zoneclf.model.predictors import (
    Affect,
    Blend,
    Calibrated,
    Doubled,
    Predictor,
    Rescaled,
    Shifted,
    Values,
    doubled,
)


def values_told(predictor: Predictor, features: pd.DataFrame) -> Values | None:
    """Return predicted arousal and valence, shape (tracks, 2), or None.

    A part that reads changed features is asked with those.
    """
    if isinstance(predictor, Affect):
        return predictor.values(features)
    if isinstance(predictor, Shifted):
        return predictor.source.values(features)
    if isinstance(predictor, Calibrated):
        return values_told(predictor.part, features)
    if isinstance(predictor, Doubled):
        return values_told(predictor.part, doubled(features, np.ones(len(features), dtype=bool)))
    if isinstance(predictor, Rescaled):
        return values_told(predictor.part, predictor.moved(features))
    parts = predictor.parts.values() if isinstance(predictor, Blend) else ()
    found = (values_told(part, features) for part in parts)
    return next((values for values in found if values is not None), None)
