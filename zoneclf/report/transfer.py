"""Scores of training on one source and judging on another: what holds for both."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from zoneclf.errors import TableError
from zoneclf.labels.table import LabelledTable
from zoneclf.model.predictors import Probabilities
from zoneclf.model.splits import folds
from zoneclf.report.scores import score

# Learns from a table and returns what predicts: features, shape (tracks, features), in; zone
# probabilities, shape (tracks, zones), out.
Predict = Callable[[pd.DataFrame], Probabilities]
Fit = Callable[[LabelledTable], Predict]
ALL = "all"


def source_matrix(table: LabelledTable, fit: Fit, *, count: int, seed: int = 0) -> pd.DataFrame:
    """Return scores of training on each source, and on all, when judged on each.

    A source is judged by `count` folds: no model has seen the tracks, or other tracks of their
    groups (artists, copies), that it is judged on.  Every model is fitted to the same folds, so
    that the rows about one judged source can be compared.

    Parameters
    ----------
    table
        Labelled tracks of two sources or more.
    fit
        What to fit; it decides on weights and features itself.
    count
        Folds.
    seed
        Draws the folds.

    Returns
    -------
    pandas.DataFrame
        One row per pair: trained_on, judged_on, n, accuracy, low and high (95 %), f1_macro,
        log_loss, remark (why the scores are missing, else empty).
    """
    sources = [str(name) for name in np.unique(table.source)]
    learn = _once(table, fit)
    rows = []
    for judged in sources:
        for trained in (*sources, ALL):
            pair = {"trained_on": trained, "judged_on": judged}
            try:
                scored = _scored(table, learn, (trained, judged), count=count, seed=seed)
                rows.append({**pair, **scored, "remark": ""})
            except TableError as error:
                rows.append({**pair, "n": 0, "remark": str(error)})
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _once(table: LabelledTable, fit: Fit) -> Callable[[npt.NDArray[np.bool_]], Predict]:
    """Return what fits to some rows, once to the same: a source is one for many folds."""
    known: dict[bytes, Predict] = {}

    def learn(rows: npt.NDArray[np.bool_]) -> Predict:
        key = rows.tobytes()
        if key not in known:
            known[key] = fit(table.take(rows))
        return known[key]

    return learn


_COLUMNS = (
    "trained_on",
    "judged_on",
    "n",
    "accuracy",
    "low",
    "high",
    "f1_macro",
    "log_loss",
    "remark",
)


def _scored(
    table: LabelledTable,
    learn: Callable[[npt.NDArray[np.bool_]], Predict],
    pair: tuple[str, str],
    *,
    count: int,
    seed: int,
) -> dict[str, Any]:
    trained, judged = pair
    target = table.take(table.source == judged)
    learnt = np.full(len(table), True) if trained == ALL else table.source == trained
    out = np.zeros((len(target), len(table.zones)), dtype=np.float32)
    for _, held_out in folds(target.codes, target.group, count=count, seed=seed):
        strange = ~np.isin(table.group, np.unique(target.group[held_out]))
        predict = learn(learnt & strange)
        out[held_out] = predict(target.features.iloc[held_out])
    found = score(target.codes, out, table.zones)
    low, high = found.accuracy_ci95
    return {
        "n": found.n,
        "accuracy": found.accuracy,
        "low": low,
        "high": high,
        "f1_macro": found.f1_macro,
        "log_loss": found.log_loss,
    }
