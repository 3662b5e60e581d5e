"""What a model looks at: gain, permutation on held-out tracks and SHAP, by feature and family."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zoneclf.labels.table import LabelledTable
from zoneclf.model.contributions import WORDS, contributions
from zoneclf.model.predictors import Predictor, Probabilities
from zoneclf.model.task import Task
from zoneclf.model.validation import Fit, out_of_fold
from zoneclf.report.chapter import Chapter, records
from zoneclf.report.figures import BLUE, png
from zoneclf.report.permutation import HeldOut, permutation_by_family, permutation_by_feature
from zoneclf.tracks.families import FAMILIES, meaning_of

# Models that are asked in orders of their features are asked for so many tracks and orders.
_TRACKS, _ORDERS = 40, 2


@dataclass(frozen=True)
class _Kept:
    """A predictor that notes which tracks it was asked for."""

    kind: ClassVar[str] = "kept"
    predictor: Predictor
    table: LabelledTable
    pieces: list[HeldOut]

    def probabilities(self, features: pd.DataFrame) -> Probabilities:
        """Return shape (tracks, zones)."""
        self.pieces.append(HeldOut(self.predictor, self.table.take(features.index.to_numpy())))
        return self.predictor.probabilities(features)


def held_out_pieces(task: Task, fit: Fit, count: int) -> list[HeldOut]:
    """Return a predictor for each fold of the user's tracks, with the tracks it has not seen.

    Raises
    ------
    TableError
        If there are too few tracks for folds.
    """
    own = task.own_rows
    pieces: list[HeldOut] = []
    fits: dict[str, Fit] = {"it": lambda part: _Kept(fit(part), own, pieces)}
    out_of_fold(task, fits, task.is_own, count=count, repeats=1)
    return pieces


def explained(
    gain: pd.DataFrame,
    pieces: Sequence[HeldOut],
    predictor: Predictor,
    middle: Mapping[str, float],
) -> tuple[pd.DataFrame, Chapter]:
    """Return the table of features and the chapter on families.

    Parameters
    ----------
    gain
        As from `zoneclf.report.importance.gain_shares`.
    pieces
        Held-out tracks, shuffled for the permutation.
    predictor, middle
        The stored model and the middle track of training, for SHAP values of the same tracks; what
        the features of a family add is summed before its size is taken.
    """
    rows = pd.concat([piece.table.features for piece in pieces], ignore_index=True)
    some = np.sort(np.random.default_rng(0).permutation(len(rows))[:_TRACKS])
    found = contributions(predictor, rows.iloc[some], middle, orders=_ORDERS)
    shap = pd.DataFrame({"feature": found.features, "shap": _size(found.values)})
    table = gain.merge(permutation_by_feature(pieces), on="feature", how="left")
    table = table.merge(shap, on="feature", how="outer")
    table = (
        table.fillna({"gain_share": 0.0, "splits": 0})
        .astype({"splits": int})
        .sort_values(
            ["gain_share", "shap", "feature"], ascending=[False, False, True], ignore_index=True
        )
    )
    families = permutation_by_family(pieces)
    whose = np.array([meaning_of(name).family for name in found.features])
    sums = [found.values[:, whose == key].sum(axis=1) for key in families["family"]]
    families["shap"] = [float(np.abs(one).mean()) for one in sums]
    shares = gain.groupby([meaning_of(name).family for name in gain["feature"]])["gain_share"]
    families["gain_share"] = families["family"].map(shares.sum()).fillna(0.0)
    return table, _chapter(families, WORDS[found.method], sum(len(p.table) for p in pieces))


def _size(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the mean size of what each feature adds, shape (features,)."""
    return np.asarray(np.abs(values).mean(axis=(0, 2)))


def _chapter(families: pd.DataFrame, method: str, tracks: int) -> Chapter:
    rows, first = records(families), families.iloc[0]
    short = ""
    if first["permutation_low"] > 0:
        short = f"What it needs most to tell zones apart is {FAMILIES[first['family']]}."
    return Chapter(
        "explanation",
        short=short,
        metrics={"families": rows, "shap_method": method},
        tables={"family_importance": families},
        pictures={"family_importance": png(families_figure(families))},
        page={"rows": rows, "method": method, "tracks": tracks},
    )


def families_figure(families: pd.DataFrame) -> Figure:
    """Return permutation with its interval, SHAP and gain of every family, side by side."""
    shown = families.iloc[::-1]
    figure = Figure(figsize=(10.2, 1.5 + 0.36 * len(shown)), layout="tight")
    left, middle, right = figure.subplots(1, 3, sharey=True)
    value = shown["permutation"]
    spans = [value - shown["permutation_low"], shown["permutation_high"] - value]
    left.errorbar(value, shown["words"], xerr=spans, fmt="o", color=BLUE, capsize=3)
    left.axvline(0, color="0.4", linestyle="--", linewidth=1)
    _name(left, "permutation: log loss rises by\n(held-out tracks, 95 % interval)")
    middle.barh(shown["words"], shown["shap"], color=BLUE)
    _name(middle, "SHAP: mean size of what\nit adds to a zone's score")
    right.barh(shown["words"], 100 * shown["gain_share"], color="0.6")
    _name(right, "share of the trees'\ntotal gain, %")
    return figure


def _name(axes: Axes, label: str) -> None:
    axes.set_xlabel(label, fontsize=9)
    axes.tick_params(labelsize=9)
    axes.spines[["top", "right"]].set_visible(False)
