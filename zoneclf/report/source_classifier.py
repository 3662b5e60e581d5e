"""How well the source of a track can be told from its features, and from which.

Where a model can tell the source, it can learn the source instead of the music.  The source is
predicted out of fold by small trees; groups (artists) are never on both sides.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

# Idle worker threads that spin slow a fit of 0.1 s to 40 s on a busy machine.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import pandas as pd
import xgboost as xgb
from scipy.optimize import brentq

from zoneclf.labels.table import LabelledTable
from zoneclf.model.splits import folds
from zoneclf.report.shift import larger_share, own_rows

_Z95 = 1.959964  # normal quantile of 0.975
_SMALLEST = 1e-9
_FOLDS = 5
_ROUNDS = 60
_TREES = {
    "objective": "binary:logistic",
    "tree_method": "hist",
    "max_depth": 3,
    "eta": 0.2,
    "colsample_bytree": 0.5,
    "min_child_weight": 3.0,
    "max_bin": 64,
    "nthread": 1,
}


@dataclass(frozen=True)
class SourceTest:
    """How well the source is told: `auc`, 0.5 is chance, with its 95 % interval.

    `features` has columns feature and share (of the trees' total gain), largest first; `absent`
    names the features that a whole source lacks, which would give it away.
    """

    auc: float
    auc_ci95: tuple[float, float]
    own_count: int
    other_count: int
    features: pd.DataFrame
    absent: tuple[str, ...]


def tell_source(table: LabelledTable, own: frozenset[str], *, seed: int = 0) -> SourceTest:
    """Return how well the user's tracks are told from the others'.

    Raises
    ------
    TableError
        If there are too few tracks or artists for folds.
    """
    truth = own_rows(table, own)
    absent = _absent(table)
    values = table.features.drop(columns=list(absent))
    found = np.zeros(len(table))
    gain = dict.fromkeys(map(str, values.columns), 0.0)
    for train, held_out in folds(truth.astype(np.int64), table.group, count=_FOLDS, seed=seed):
        data = xgb.DMatrix(values.iloc[train], label=truth[train], nthread=1)
        trees = xgb.train({**_TREES, "seed": seed}, data, num_boost_round=_ROUNDS)
        found[held_out] = trees.predict(xgb.DMatrix(values.iloc[held_out], nthread=1))
        for name, amount in trees.get_score(importance_type="total_gain").items():
            gain[name] += float(amount)
    auc = larger_share(found[truth], found[~truth])
    sizes = [np.unique(table.group[rows]).size for rows in (truth, ~truth)]
    shares = pd.DataFrame({"feature": list(gain), "share": list(gain.values())})
    shares["share"] /= shares["share"].sum() or 1.0
    return SourceTest(
        auc,
        auc_interval(auc, sizes[0], sizes[1]),
        int(truth.sum()),
        int((~truth).sum()),
        shares.sort_values(["share", "feature"], ascending=[False, True], ignore_index=True),
        absent,
    )


def tell_variants(
    variants: Mapping[str, LabelledTable], own: frozenset[str], *, seed: int = 0
) -> pd.DataFrame:
    """Return how well the source is told once something is taken away, one row per variant.

    `variants` are tables of the same tracks by name, such as ``as extracted``, ``45 s each``,
    ``without level``.  Columns: variant, features (how many), auc, low, high, top (the feature
    that tells most).
    """
    rows = []
    for name, table in variants.items():
        found = tell_source(table, own, seed=seed)
        count = len(found.features)
        rows.append((name, count, found.auc, *found.auc_ci95, found.features["feature"].iloc[0]))
    return pd.DataFrame(rows, columns=["variant", "features", "auc", "low", "high", "top"])


def auc_interval(auc: float, own_count: int, other_count: int) -> tuple[float, float]:
    """Return the 95 % interval of an area under the ROC curve.

    It holds the areas that are less than 1.96 of their own standard errors away, so it has a
    width even at 0 and 1.  Tracks of one artist are no independent cases: count artists.
    Source: Newcombe, Statistics in Medicine 25 (2006) 559, method 5.
    """

    def excess(area: float) -> float:
        half = (own_count + other_count) / 2 - 1
        spread = 1 + half * (1 - area) / (2 - area) + half * area / (1 + area)
        variance = area * (1 - area) * spread / (own_count * other_count)
        return float((auc - area) ** 2 - _Z95**2 * variance)

    # At 0 and 1 themselves the standard error is 0.
    centre = min(max(auc, _SMALLEST), 1 - _SMALLEST)
    low = 0.0 if auc <= 0 else brentq(excess, 0.0, centre)
    high = 1.0 if auc >= 1 else brentq(excess, centre, 1.0)
    return float(low), float(high)


def _absent(table: LabelledTable) -> tuple[str, ...]:
    """Return the features of which some source has no value."""
    by_source = table.features.isna().groupby(table.source).all()
    return tuple(str(name) for name in by_source.columns[by_source.any()])
