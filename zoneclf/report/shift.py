"""How far the features of two sets of tracks lie apart."""

import numpy as np
import pandas as pd


def standardised_difference(first: pd.DataFrame, second: pd.DataFrame) -> "pd.Series[float]":
    """Return (mean of second - mean of first) / pooled standard deviation, by feature.

    Cohen's d (Cohen, "Statistical power analysis", 1988); features without spread are left out.
    """
    pooled = np.sqrt((first.var() + second.var()) / 2)
    varied = pooled[pooled > 0].index
    apart: pd.Series[float] = (second[varied].mean() - first[varied].mean()) / pooled[varied]
    return apart
