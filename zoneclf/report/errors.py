"""The tracks a model got wrong, most confident mistakes first, and a CSV that opens safely."""

from typing import Any

import numpy as np
import pandas as pd

from zoneclf.report.evaluation import Evaluation
from zoneclf.report.zone_sets import words_of

# A spreadsheet runs a cell that begins so as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def prediction_rows(evaluation: Evaluation) -> pd.DataFrame:
    """Return one row per track: what it is, its zone, the predicted zone, probabilities, its set.

    `set` names the zones that the model does not rule out; it is empty where that is not known.
    """
    table, found = evaluation.table, evaluation.repeats[0]
    guesses = found.argmax(axis=1)
    names = np.array(table.zones)
    rows = table.about[["track_id", "path", "name", "source"]].copy()
    rows["zone"] = names[table.codes]
    rows["predicted"] = names[guesses]
    rows["confidence"] = found.max(axis=1)
    for place, zone in enumerate(table.zones):
        rows[f"p_{zone}"] = found[:, place]
    kept = evaluation.kept
    rows["set"] = "" if kept is None else words_of(kept, table.zones)
    rows["zones_apart"] = np.abs(table.codes - guesses)
    return rows


def mistakes(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the wrong ones of `prediction_rows`, most zones apart and most confident first."""
    wrong = rows[rows["zone"] != rows["predicted"]]
    return wrong.sort_values(["zones_apart", "confidence"], ascending=False, ignore_index=True)


def cell(value: Any) -> Any:
    """Return a CSV cell's value, with an apostrophe before text that a spreadsheet would run."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def spreadsheet_safe(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with `cell` applied everywhere."""
    safe: pd.DataFrame = table.map(cell)
    return safe
