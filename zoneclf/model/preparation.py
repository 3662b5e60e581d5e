"""From the unified table to what a strategy may learn from: chosen, labelled, finite."""

import numpy as np

from zoneclf.errors import TableError
from zoneclf.labels.table import LabelledTable
from zoneclf.tracks.sets import features_of


def prepare(table: LabelledTable, feature_set: str) -> tuple[LabelledTable, tuple[str, ...]]:
    """Return the table with the columns of a feature set, and remarks on what was left out.

    A column that a whole source lacks (tempo, where the source came as CSV) would tell the source
    apart and is left out with a remark.

    Raises
    ------
    SettingsError
        If the table lacks columns of the set.
    TableError
        If a value is infinite, or missing for some tracks of a source only (tempo excepted).
    """
    chosen = table.with_features(features_of(feature_set, table.spec.features))
    remarks = []
    for source in np.unique(chosen.source):
        values = chosen.features[chosen.source == source]
        absent = values.columns[values.isna().all()]
        if len(absent):
            remarks.append(f"no {source} track has {', '.join(absent)}: not learnt from")
            chosen = chosen.with_features([n for n in chosen.spec.features if n not in set(absent)])
    _require_finite(chosen)
    return chosen, tuple(remarks)


def _require_finite(table: LabelledTable) -> None:
    values = table.features.drop(columns="tempo", errors="ignore")
    wrong = ~np.isfinite(values.to_numpy(dtype=np.float64))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        name = table.about["path"].iloc[row]
        raise TableError(
            f"{name}: feature {values.columns[column]} is not a number ({int(wrong.sum())} such "
            "values); extract the track again"
        )
