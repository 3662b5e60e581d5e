"""Pictures of runs on the plane of valence and arousal: readable in grey, true hollow.

Every function takes runs judged on the same tracks and returns a figure.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Ellipse

from zoneclf.deep.affect.affect_set import HIGHEST, LOWEST, NAMES
from zoneclf.deep.affect.agreement import Floats, central_band
from zoneclf.deep.affect.evaluation import Judged
from zoneclf.deep.pictures import BLUE, GREY, LIGHT, panels_of, short

_EDGE = 0.15
_AROUSAL, _VALENCE = (NAMES.index(name) for name in ("arousal", "valence"))
# More lines from true to predicted would hide what they join.
_MOST_LINES = 120
# Runs side by side.
_ABREAST = 5


def plane_figure(runs: Sequence[Judged]) -> Figure:
    """Return true and predicted tracks on the plane, and each run's rescaled ones."""
    rows = 2 if any(one.rescaled is not None for one in runs) else 1
    figure, panels = _grid(len(runs), (3.9, 4.1), rows=rows)
    for number, (one, column) in enumerate(zip(runs, panels, strict=True)):
        _plane(column[0], one.true, one.predicted)
        column[0].set_title(f"{short(one.name)}\nas predicted", fontsize=9)
        for axes in column[1:]:
            if one.rescaled is None:
                axes.set_axis_off()
                continue
            _plane(axes, one.true, one.rescaled)
            axes.set_title("rescaled", fontsize=9)
        if number % _ABREAST == 0:
            for axes in column:
                axes.set_ylabel("arousal", fontsize=9)
    figure.legend(handles=_legend(), loc="outside upper center", ncols=4, frameon=False, fontsize=8)
    return figure


def _grid(runs: int, size: tuple[float, float], *, rows: int) -> tuple[Figure, list[list[Axes]]]:
    """Return a figure with `rows` panels for each run: abreast of one, in columns of several."""
    if runs == 1:
        figure, panels = panels_of(rows, size)
        return figure, [[axes for (axes,) in panels]]
    storeys = -(-runs // _ABREAST)
    figure, panels = panels_of(min(runs, _ABREAST), size, rows=rows * storeys)
    found = [
        panels[number % _ABREAST][number // _ABREAST * rows : (number // _ABREAST + 1) * rows]
        for number in range(runs)
    ]
    for column in panels[runs % _ABREAST or _ABREAST :]:
        for axes in column[-rows:]:
            axes.set_axis_off()
    return figure, found


def _plane(axes: Axes, true: Floats, predicted: Floats) -> None:
    """Draw both clouds, each with the ellipse of one standard deviation, and what joins them."""
    marks: dict[str, Any] = {"s": 14, "linewidths": 0.7}
    many = np.linspace(0, len(true) - 1, min(len(true), _MOST_LINES)).astype(int)
    for row in many:
        ends = (true[row], predicted[row])
        axes.plot(
            [end[_VALENCE] for end in ends],
            [end[_AROUSAL] for end in ends],
            color="0.8",
            linewidth=0.5,
            zorder=1,
        )
    axes.scatter(true[:, _VALENCE], true[:, _AROUSAL], facecolor="none", edgecolor=GREY, **marks)
    axes.scatter(predicted[:, _VALENCE], predicted[:, _AROUSAL], color=BLUE, alpha=0.5, **marks)
    _ellipse(axes, true, {"edgecolor": "black", "linestyle": "--"})
    _ellipse(axes, predicted, {"edgecolor": BLUE, "linestyle": "-"})
    middle = (LOWEST + HIGHEST) / 2
    for line in (axes.axhline, axes.axvline):
        line(middle, color=LIGHT, linewidth=0.8, zorder=0)
    ends = (LOWEST - _EDGE, HIGHEST + _EDGE)
    axes.set(xlim=ends, ylim=ends, aspect="equal")
    axes.set_xlabel("valence", fontsize=9)


def _ellipse(axes: Axes, values: Floats, style: dict[str, Any]) -> None:
    """Draw where a normal distribution of the same mean and spread has one standard deviation."""
    if len(values) < 2:
        return
    both = values[:, [_VALENCE, _AROUSAL]].astype(np.float64)
    sizes, directions = np.linalg.eigh(np.cov(both.T))
    width, height = 2 * np.sqrt(np.maximum(sizes, 0))
    angle = float(np.degrees(np.arctan2(directions[1, 0], directions[0, 0])))
    place = Ellipse(
        tuple(both.mean(axis=0)),
        width,
        height,
        angle=angle,
        facecolor="none",
        linewidth=2.2,
        zorder=4,
        **style,
    )
    axes.add_patch(place)


def _legend() -> list[Line2D]:
    dots: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": 5}
    return [
        Line2D([], [], mfc="none", mec=GREY, label="true", **dots),
        Line2D([], [], mfc=BLUE, mec=BLUE, label="predicted", **dots),
        Line2D([], [], color="black", linestyle="--", label="spread of the true"),
        Line2D([], [], color=BLUE, label="spread of the predicted"),
    ]


def lines_figure(runs: Sequence[Judged]) -> Figure:
    """Return predicted over true of each dimension, with the line through them and the band."""
    figure, panels = _grid(len(runs), (3.4, 3.1), rows=len(NAMES))
    for number, (one, column) in enumerate(zip(runs, panels, strict=True)):
        for place, (name, axes) in enumerate(zip(NAMES, column, strict=True)):
            _line(axes, one.true[:, place], one.predicted[:, place])
            above = f"{short(one.name)}\n" if place == 0 or len(runs) == 1 else ""
            axes.set_title(above + _told(one.scores[name]), fontsize=8.5)
            axes.set_xlabel(f"true {name}", fontsize=9)
            if number % _ABREAST == 0:
                axes.set_ylabel(f"predicted {name}", fontsize=9)
    panels[0][0].legend(frameon=False, fontsize=7.5, loc="upper left")
    return figure


def _told(scores: Mapping[str, Any]) -> str:
    titles = {"slope": "slope", "spread_ratio": "spread", "ccc": "CCC"}
    known = {key: title for key, title in titles.items() if scores[key] is not None}
    return ", ".join(f"{title} {scores[key]:.2f}" for key, title in known.items())


def _line(axes: Axes, true: Floats, predicted: Floats) -> None:
    low, high = central_band(true)
    axes.axhspan(low, high, color="0.93", zorder=0, label="half of the true lie here")
    ends = np.array([LOWEST, HIGHEST])
    axes.plot(ends, ends, color="black", linestyle="--", linewidth=1, label="right")
    axes.scatter(true, predicted, s=10, color=BLUE, alpha=0.6, linewidths=0)
    if np.ptp(true) > 0:
        reach = np.array([true.min(), true.max()], dtype=np.float64)
        slope, start = np.polyfit(true.astype(np.float64), predicted.astype(np.float64), 1)
        axes.plot(reach, start + slope * reach, color=BLUE, linewidth=1.8, label="as predicted")
    axes.set(xlim=(LOWEST - _EDGE, HIGHEST + _EDGE), ylim=(LOWEST - _EDGE, HIGHEST + _EDGE))
