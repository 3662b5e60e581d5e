"""Pictures of one run, or of several side by side: readable in grey, before hollow, after filled.

Every function takes evaluations of the same genres and returns a figure with a panel for each.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zoneclf.deep.genre.calibration import reliability
from zoneclf.deep.genre.counting import BAND
from zoneclf.deep.genre.evaluation import Evaluation
from zoneclf.deep.genre.ranking import Bools, Values
from zoneclf.deep.pictures import BLUE, GREY, LIGHT, panels_of, png, short

# Ratios beyond are drawn at the edge.
_WIDEST = 32.0
# Pairs of track and genre that make a share worth a full dot.
_MANY = 20
Evaluations = Sequence[Evaluation]


def labels_figure(evaluations: Evaluations) -> Figure:
    """Return how many tracks have, and are said to have, so many genres."""
    figure, panels = panels_of(len(evaluations), (3.9, 2.9))
    most = max(
        int(marks.sum(axis=1).max())
        for one in evaluations
        for marks in (one.scored.targets, one.decided, one.untuned_decided)
    )
    counts = np.arange(min(most, 12) + 1)
    names = [str(count) for count in counts]
    if most > 12:
        names[-1] = "12+"
    for one, (axes,) in zip(evaluations, panels, strict=True):
        bars: list[tuple[str, Bools, dict[str, Any]]] = [
            ("true", one.scored.targets, {"color": LIGHT, "edgecolor": "black", "hatch": "///"}),
            ("untuned, at 0.5", one.untuned_decided, {"color": "white", "edgecolor": "black"}),
            ("with its rule", one.decided, {"color": BLUE, "edgecolor": BLUE}),
        ]
        for place, (label, marks, style) in enumerate(bars):
            numbers = np.minimum(marks.sum(axis=1), counts[-1])
            shares = np.bincount(numbers, minlength=counts.size) / len(numbers)
            axes.bar(counts + 0.27 * (place - 1), 100 * shares, 0.25, label=label, **style)
        means = [f"{marks.sum(axis=1).mean():.1f}" for _, marks, _ in bars]
        told = f"mean {means[0]} true, {means[1]} untuned, {means[2]} with its rule"
        axes.set_title(f"{short(one.name)}\n{told}", fontsize=9)
        axes.set_xticks(counts, names)
        axes.set_xlabel("genres per track", fontsize=9)
    panels[0][0].set_ylabel("tracks, %", fontsize=9)
    panels[-1][0].legend(frameon=False, fontsize=8)
    return figure


def balance_figure(evaluations: Evaluations) -> Figure:
    """Return predicted over true tracks of each genre, before and after tuning."""
    genres = evaluations[0].genres
    figure, panels = panels_of(len(evaluations), (3.9, 1.1 + 0.22 * len(genres)), sharey=True)
    truth = evaluations[0].scored.targets.sum(axis=0)
    order = np.argsort(-truth, kind="stable")
    heights = np.arange(len(genres))
    for one, (axes,) in zip(evaluations, panels, strict=True):
        axes.axvspan(*BAND, color=LIGHT, zorder=0)
        axes.axvline(1, color="0.4", linewidth=1, zorder=1)
        ratios = [_ratios(one, marks)[order] for marks in (one.untuned_decided, one.decided)]
        axes.hlines(heights, ratios[0], ratios[1], color="0.7", linewidth=1, zorder=1)
        axes.plot(ratios[0], heights, "o", color="black", mfc="white", label="untuned, at 0.5")
        axes.plot(ratios[1], heights, "o", color=BLUE, label="with its rule")
        axes.set_xscale("log", base=2)
        axes.set_xlim(1 / _WIDEST / 1.3, _WIDEST * 1.3)
        axes.set_xticks([1 / _WIDEST, 1 / 8, 1 / 2, 1, 2, 8, _WIDEST])
        axes.set_xticklabels(["never", "1/8", "1/2", "1", "2", "8", "32+"], fontsize=8)
        axes.set_title(short(one.name), fontsize=10)
        axes.set_xlabel("too seldom    predicted / true    too often", fontsize=8.5)
    first = panels[0][0]
    first.set_yticks(heights, [f"{short(genres[g])} ({truth[g]})" for g in order], fontsize=8.5)
    first.set_ylim(len(genres) - 0.5, -0.5)
    handles, labels = first.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, frameon=False, fontsize=9)
    return figure


def _ratios(one: Evaluation, marks: Bools) -> Values:
    """Return predicted over true tracks of each genre, within the picture; NaN where none is."""
    true = one.scored.targets.sum(axis=0)
    ratios = np.where(true > 0, marks.sum(axis=0) / np.maximum(true, 1), np.nan)
    return np.clip(ratios, 1 / _WIDEST, _WIDEST)


def reliability_figure(evaluations: Evaluations) -> Figure:
    """Return what share is true of what was said with each probability, before and after."""
    figure, panels = panels_of(len(evaluations), (3.9, 3.4))
    for one, (axes,) in zip(evaluations, panels, strict=True):
        axes.plot([0, 1], [0, 1], color="0.6", linewidth=1)
        _reliable(axes, one, one.raw, before=True)
        calibrated = one.calibration.method != "none"
        if calibrated:
            _reliable(axes, one, one.probabilities, before=False)
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        errors = [f"{100 * one.certainty[when]['ece']:.1f}" for when in ("before", "after")]
        told = f"{errors[0]} points off" + (f" before, {errors[1]} after" if calibrated else "")
        axes.set_title(f"{short(one.name)}\n{told}", fontsize=9)
        axes.set_xlabel("probability said", fontsize=9)
    first = panels[0][0]
    first.set_ylabel("share that is true", fontsize=9)
    first.legend(frameon=False, fontsize=8, loc="upper left")
    first.text(0.98, 0.05, "below the line:\nsaid too high", ha="right", fontsize=8, color=GREY)
    return figure


def _reliable(axes: Axes, one: Evaluation, probabilities: Values, *, before: bool) -> None:
    """Draw the line; ranges that hold few pairs have a small dot."""
    rows = reliability(one.scored.targets, probabilities)
    colour = "black" if before else BLUE
    axes.plot(
        [row["said"] for row in rows],
        [row["true"] for row in rows],
        "o--" if before else "o-",
        color=colour,
        markersize=2,
        linewidth=1.1,
    )
    many = [row for row in rows if row["count"] >= _MANY]
    axes.plot(
        [row["said"] for row in many],
        [row["true"] for row in many],
        "o",
        color=colour,
        markerfacecolor="white" if before else colour,
        label="before calibration" if before else "after calibration",
    )


def drawn(
    functions: Mapping[str, Callable[[Evaluations], Figure | None]], evaluations: Evaluations
) -> dict[str, bytes]:
    """Return the pictures that can be drawn, by name."""
    figures = {name: function(evaluations) for name, function in functions.items()}
    return {name: png(figure) for name, figure in figures.items() if figure is not None}
