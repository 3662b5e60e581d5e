"""Pictures of the shift between the user's tracks and the others: readable in grey."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from zoneclf.report.figures import BLUE

_SHOWN = 20
_PALE = "#B8CDE2"


def shift_figure(shift: pd.DataFrame, own: str, others: str) -> Figure:
    """Return bars of the features that differ most between the sources.

    Parameters
    ----------
    shift
        As from `zoneclf.report.shift.feature_shift`.
    own, others
        What to call the two sides.
    """
    top = shift.head(_SHOWN).iloc[::-1]
    places = np.arange(len(top))
    larger = top["auc"].to_numpy() >= 0.5
    figure = Figure(figsize=(8.6, 1.8 + 0.28 * len(top)), layout="constrained")
    axes = figure.subplots()
    axes.barh(places[larger], top["ks"][larger], color=BLUE)
    axes.barh(places[~larger], top["ks"][~larger], color=_PALE, edgecolor=BLUE, hatch="///")
    for place, (ks, difference) in enumerate(zip(top["ks"], top["difference"], strict=True)):
        axes.text(ks + 0.01, place, f"{difference:+.1f}", va="center", fontsize=8, color="0.25")
    axes.set_yticks(places, top["feature"])
    axes.set_ylim(-0.6, max(len(top), 1) - 0.4)
    axes.tick_params(axis="y", labelsize=8)
    axes.set_xlim(0, 1.1)
    axes.set_xticks(np.linspace(0, 1, 6))
    axes.set_xlabel(
        "largest gap between the two distributions (0 alike, 1 apart)\n"
        "at the bar: difference of the means in standard deviations"
    )
    count = int(shift["sure"].sum())
    axes.set_title(
        f"{own} against {others}: {count} of {len(shift)} features differ beyond chance",
        fontsize=10,
    )
    handles = [
        Patch(facecolor=BLUE, label=f"larger in {own}"),
        Patch(facecolor=_PALE, edgecolor=BLUE, hatch="///", label=f"larger in {others}"),
    ]
    figure.legend(handles=handles, loc="outside lower right", fontsize=8, frameon=False, ncols=2)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def matrix_figure(matrix: pd.DataFrame) -> Figure:
    """Return accuracy by source trained on (rows) and judged on (columns), with intervals.

    `matrix` is as from `zoneclf.report.transfer.source_matrix`.
    """
    trained, judged = list(matrix["trained_on"].unique()), list(matrix["judged_on"].unique())
    shades = matrix.pivot(index="trained_on", columns="judged_on", values="accuracy")
    shades = shades.loc[trained, judged]
    figure = Figure(figsize=(2.4 + 1.6 * len(judged), 1.5 + 0.8 * len(trained)), layout="tight")
    axes = figure.subplots()
    axes.imshow(shades.to_numpy(dtype=float), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for cell in matrix.to_dict("records"):
        text, shade = "not judged", "black"
        if not cell["remark"]:
            text = f"{cell['accuracy']:.0%}\n{cell['low']:.0%} to {cell['high']:.0%}"
            shade = "white" if cell["accuracy"] > 0.55 else "black"
        place = judged.index(cell["judged_on"]), trained.index(cell["trained_on"])
        axes.text(*place, text, ha="center", va="center", color=shade, fontsize=10)
    counts = matrix.groupby("judged_on")["n"].max()
    axes.set_xticks(range(len(judged)), [f"{name}\nn = {counts[name]}" for name in judged])
    axes.set_yticks(range(len(trained)), trained)
    axes.set_xlabel("judged on")
    axes.set_ylabel("trained on")
    axes.set_title("accuracy, 95 % interval", fontsize=10)
    return figure


def variants_figure(variants: pd.DataFrame) -> Figure:
    """Return how well the source is told, by variant, with intervals; 50 % is chance.

    `variants` is as from `zoneclf.report.source_classifier.tell_variants`.
    """
    auc = variants["auc"].to_numpy(dtype=float)
    ends = variants[["low", "high"]].to_numpy(dtype=float)
    places = np.arange(len(auc))
    figure = Figure(figsize=(7.6, 1.5 + 0.6 * len(auc)), layout="tight")
    axes = figure.subplots()
    axes.errorbar(auc, places, xerr=np.abs(ends - auc[:, None]).T, fmt="o", color=BLUE, capsize=4)
    axes.axvline(0.5, color="0.4", linestyle="--", linewidth=1)
    axes.text(0.5, len(auc) - 0.55, " chance", fontsize=8, color="0.3", va="bottom")
    names = zip(variants["variant"], variants["features"], variants["top"], strict=True)
    axes.set_yticks(
        places, [f"{name}, {count} features\nmost: {top}" for name, count, top in names]
    )
    axes.tick_params(axis="y", labelsize=8)
    axes.set_ylim(len(auc) - 0.5, -0.5)
    axes.set_xlim(min(0.4, float(ends.min()) - 0.02), 1.02)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlabel("pairs of tracks whose sources are told right (AUC), 95 % interval")
    axes.spines[["top", "right"]].set_visible(False)
    return figure
