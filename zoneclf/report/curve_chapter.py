"""The chapter on what more labels would bring: the learning curve as table, picture and words."""

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zoneclf.report.chapter import Chapter, records
from zoneclf.report.figures import BLUE, png

_STYLES = (("o", "-", BLUE), ("s", "--", "0.45"))


def curve_chapter(curve: pd.DataFrame) -> Chapter:
    """Return the chapter; `curve` is as from `zoneclf.report.learning_curve.learning_curve`."""
    rows = records(curve)
    return Chapter(
        "learning_curve",
        short=_short(curve),
        metrics={"rows": rows},
        tables={"learning_curve": curve},
        pictures={"learning_curve": png(curve_figure(curve))},
        page={"rows": rows, "verdict": _short(curve)},
    )


def no_curve(reason: str) -> Chapter:
    """Return the chapter where too few tracks are labelled."""
    return Chapter("learning_curve", page={"rows": [], "verdict": f"Not drawn: {reason}."})


def curve_figure(curve: pd.DataFrame) -> Figure:
    """Return log loss and accuracy by number of labels, with 95 % intervals."""
    figure = Figure(figsize=(9.6, 3.8), layout="tight")
    left, right = figure.subplots(1, 2)
    _draw(left, curve, "log_loss")
    _draw(right, curve, "accuracy")
    left.set_ylabel("log loss (lower is better)")
    right.set_ylabel("accuracy")
    right.yaxis.set_major_formatter(mpl.ticker.PercentFormatter(1.0))
    left.legend(frameon=False, fontsize=9)
    return figure


def _draw(axes: Axes, curve: pd.DataFrame, score: str) -> None:
    sizes = sorted(curve["labels"].unique())
    # Side by side, so that one bar does not hide the other.
    shifts = (1.0, (sizes[-1] / sizes[0]) ** 0.012)
    for (name, rows), (marker, line, colour), shift in zip(
        curve.groupby("strategy", sort=False), _STYLES, shifts, strict=False
    ):
        value = rows[score]
        # A resampled interval may lie beside the value it is of.
        low, high = value - rows[f"{score}_low"], rows[f"{score}_high"] - value
        spans = [low.clip(lower=0), high.clip(lower=0)]
        axes.errorbar(
            shift * rows["labels"], value, yerr=spans,
            fmt=marker + line, color=colour, capsize=3, label=str(name),
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
    axes.set_xlabel("your labelled tracks learnt from")
    axes.spines[["top", "right"]].set_visible(False)


def _short(curve: pd.DataFrame) -> str:
    """Return in words whether the last labels helped, by the interval."""
    last = curve[curve["strategy"] == curve["strategy"].iloc[0]]
    if len(last) < 2 or last["change"].isna().iloc[-1]:
        return ""
    before, after = last["labels"].iloc[-2:]
    change, low, high = last[["change", "change_low", "change_high"]].iloc[-1]
    said = f"log loss {change:+.2f}, 95 % interval {low:+.2f} to {high:+.2f}"
    if high < 0:
        return f"More labels help: {after} instead of {before} made it better ({said})."
    if low > 0:
        return f"More labels did not help: {after} instead of {before} made it worse ({said})."
    return f"Whether more labels help is not decided: {after} instead of {before} gave {said}."
