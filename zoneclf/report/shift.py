"""How far the features of two sets of tracks lie apart, feature by feature.

Sources: Cohen, "Statistical power analysis", 1988, for the standardised difference; Kolmogorov
1933 and Smirnov 1939 for the largest gap between two distributions.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import ks_2samp, rankdata

from zoneclf.labels.table import LabelledTable

# What the first experiments compared, 100 tracks of each source: user's mean, DEAM's mean.
FIRST_EXPERIMENT = {"drop_count": (42.0, 6.0), "rms_energy": (0.245, 0.114)}
NAMED = (
    "duration_s",
    "drop_count",
    "drops_per_minute",
    "drop_strength",
    "drop_intensity",
    "rms_energy",
    "energy_variance",
    "low_energy",
    "brightness",
    "spectral_centroid",
    "zero_crossing_rate",
    "tempo",
)
_SURE = 0.05


def standardised_difference(first: pd.DataFrame, second: pd.DataFrame) -> "pd.Series[float]":
    """Return (mean of second - mean of first) / pooled standard deviation, by feature.

    Features without spread are left out.
    """
    pooled = np.sqrt((first.var() + second.var()) / 2)
    varied = pooled[pooled > 0].index
    apart: pd.Series[float] = (second[varied].mean() - first[varied].mean()) / pooled[varied]
    return apart


def own_rows(table: LabelledTable, own: frozenset[str]) -> npt.NDArray[np.bool_]:
    """Return which rows are of the user's sources, shape (tracks,)."""
    return np.asarray(np.isin(table.source, list(own)))


def feature_shift(others: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """Return how each feature of the user's tracks differs from that of the others.

    Parameters
    ----------
    others, own
        Shape (tracks, features), the same columns; missing values are left out.

    Returns
    -------
    pandas.DataFrame
        One row per feature, the largest shift first: `feature`; `ks`, the largest gap between
        the two distributions, 0 to 1; `difference`, standardised, NaN without spread; `auc`, the
        share of pairs in which the user's track has the larger value; `mean_own`, `mean_others`;
        `ratio_mean` and `ratio_median`, the user's over the others', NaN where signs differ or
        one is 0; `sure`, whether chance (5 % over all features together) is ruled out.  A feature
        that one side lacks altogether is left out.
    """
    kept = [n for n in own.columns if own[n].notna().any() and others[n].notna().any()]
    apart = standardised_difference(others[kept], own[kept])
    rows = [_row(str(name), others[name], own[name]) for name in kept]
    table = pd.DataFrame(rows, columns=["feature", "p", *_VALUES])
    table.insert(3, "difference", [float(apart.get(name, np.nan)) for name in kept])
    table["sure"] = table.pop("p") * len(kept) < _SURE
    size = table["difference"].abs()
    order = table.assign(size=size).sort_values(["ks", "size", "feature"], ascending=_ORDER)
    return order.drop(columns="size").reset_index(drop=True)


_VALUES = ("ks", "auc", "mean_own", "mean_others", "ratio_mean", "ratio_median")
_ORDER = [False, False, True]


def source_shift(table: LabelledTable, own: frozenset[str]) -> pd.DataFrame:
    """Return `feature_shift` of the user's sources against all others."""
    mine = own_rows(table, own)
    return feature_shift(table.features[~mine], table.features[mine])


def named_ratios(table: LabelledTable, own: frozenset[str]) -> pd.DataFrame:
    """Return the table of the first experiments: features by name, the user's against DEAM's.

    Columns are those of `feature_shift` and `first_ratio`, what was found then; rows come in the
    order of `NAMED`, without those that the table or a source lacks.
    """
    mine = own_rows(table, own)
    values = table.features.assign(duration_s=table.about["duration_s"].to_numpy(dtype=float))
    names = [name for name in NAMED if name in values.columns]
    found = feature_shift(values.loc[~mine, names], values.loc[mine, names]).set_index("feature")
    found = found.loc[[name for name in names if name in found.index]].reset_index()
    first = {name: ours / theirs for name, (ours, theirs) in FIRST_EXPERIMENT.items()}
    return found.assign(first_ratio=found["feature"].map(first).astype(float))


def larger_share(
    ours: npt.NDArray[np.floating[Any]], theirs: npt.NDArray[np.floating[Any]]
) -> float:
    """Return the share of pairs in which `ours` is the larger; ties count half.

    That is the area under the ROC curve (Mann and Whitney, Annals of Mathematical Statistics 18,
    1947; Hanley and McNeil, Radiology 143, 1982).
    """
    ranks = rankdata(np.concatenate([ours, theirs]))
    larger = ranks[: ours.size].sum() - ours.size * (ours.size + 1) / 2
    return float(larger / (ours.size * theirs.size))


def _row(name: str, others: "pd.Series[float]", own: "pd.Series[float]") -> dict[str, object]:
    ours, theirs = (part.dropna().to_numpy(dtype=np.float64) for part in (own, others))
    gap = ks_2samp(ours, theirs, method="asymp")
    return {
        "feature": name,
        "p": float(gap.pvalue),
        "ks": float(gap.statistic),
        "auc": larger_share(ours, theirs),
        "mean_own": float(ours.mean()),
        "mean_others": float(theirs.mean()),
        "ratio_mean": _ratio(float(ours.mean()), float(theirs.mean())),
        "ratio_median": _ratio(float(np.median(ours)), float(np.median(theirs))),
    }


def _ratio(ours: float, theirs: float) -> float:
    return ours / theirs if ours * theirs > 0 else float("nan")
