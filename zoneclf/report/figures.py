"""Pictures of a report, as PNG bytes: readable in grey, zones by colour and by marker or name."""

import io
import warnings
from collections.abc import Sequence

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from zoneclf.report.scores import Scores

# A zone or a source may be called "$".
mpl.rcParams["text.parse_math"] = False

_SHOWN_FEATURES = 20
BLUE = "#2F5D8C"


def confusion_figure(scores: Scores, zones: Sequence[str], title: str) -> Figure:
    """Return the confusion matrix: counts, and the share of each true zone as shade."""
    counts = np.array(scores.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(1.6 + 1.25 * len(zones), 1.4 + 1.05 * len(zones)), layout="tight")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(counts.shape):
        shade = "white" if shares[row, column] > 0.55 else "black"
        text = f"{counts[row, column]}\n{shares[row, column]:.0%}"
        axes.text(column, row, text, ha="center", va="center", color=shade, fontsize=11)
    axes.set_xticks(range(len(zones)), zones)
    axes.set_yticks(range(len(zones)), zones)
    axes.set_xlabel("predicted zone")
    axes.set_ylabel("true zone")
    axes.set_title(title, fontsize=10)
    return figure


def importance_figure(table: pd.DataFrame) -> Figure:
    """Return bars of the features with the largest gain share."""
    top = table.head(_SHOWN_FEATURES).iloc[::-1]
    figure = Figure(figsize=(8.2, 0.8 + 0.27 * len(top)), layout="tight")
    axes = figure.subplots()
    axes.barh(top["feature"], 100 * top["gain_share"], color=BLUE)
    axes.set_xlabel("share of the trees' total gain, %")
    axes.set_title(f"the {len(top)} features of {len(table)} that the trees use most", fontsize=10)
    axes.tick_params(axis="y", labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def sources_figure(by_source: dict[str, Scores], goal: float) -> Figure:
    """Return accuracy by source with 95 % intervals and the target."""
    names = list(by_source)
    values = np.array([by_source[name].accuracy for name in names])
    ends = np.array([by_source[name].accuracy_ci95 for name in names])
    figure = Figure(figsize=(7.2, 1.3 + 0.5 * len(names)), layout="tight")
    axes = figure.subplots()
    spans = np.abs(ends - values[:, None]).T
    axes.errorbar(values, range(len(names)), xerr=spans, fmt="o", color=BLUE, capsize=4)
    axes.axvline(goal, color="0.4", linestyle="--", linewidth=1)
    axes.text(goal, -0.45, f" target {goal:.0%}", fontsize=8, color="0.3", va="bottom")
    axes.set_yticks(range(len(names)), [f"{name}\nn = {by_source[name].n}" for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(mpl.ticker.PercentFormatter(1.0))
    axes.set_xlabel("accuracy with 95 % interval (Wilson)")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def png(figure: Figure, *, about: str = "") -> bytes:
    """Return the figure as PNG, 150 dots per inch; `about` is stored in its first bytes."""
    stream = io.BytesIO()
    note = {"Source": about} if about else {}
    with warnings.catch_warnings():
        # A name may hold letters that the font lacks; they are drawn as boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(stream, format="png", dpi=150, metadata={"Software": None, **note})
    return stream.getvalue()
