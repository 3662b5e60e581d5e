"""A track's zones over time as a picture: probabilities stacked, the likeliest zone, its energy."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from zoneclf.labels.zones import Zone
from zoneclf.report.energy_curve import draw_drop, shown_name, time_axis
from zoneclf.tracks.drops import Curve, Drop

Values = npt.NDArray[np.float64]
# In grey prints a zone is told by its hatching and by the marker in the strip above.
_HATCHES = ("", "///", "xxx", "...", "\\\\\\", "ooo", "+++")
# So many markers of the likeliest zone, at most, fit side by side.
_MARKERS = 48


@dataclass(frozen=True)
class Course:
    """Zones over the time of a track.

    `at_s`, shape (contexts,), is the middle of each context; `probabilities` has shape
    (contexts, zones); `rms`, shape (frames,), is the energy at `rms_s`; times are in seconds.
    """

    at_s: Values
    probabilities: Values
    rms_s: Values
    rms: Curve
    drops: Sequence[Drop]


def timeline_figure(
    name: str, course: Course, zones: Sequence[Zone], *, context_s: float, model: str
) -> Figure:
    """Return the picture of one track, judged over contexts of `context_s` seconds."""
    figure = Figure(figsize=(11, 5.4), layout="constrained")
    strip, shares, energy = figure.subplots(
        3, 1, sharex=True, gridspec_kw={"height_ratios": [0.35, 3, 1]}
    )
    _draw_strip(strip, course, zones)
    _draw_shares(shares, course, zones)
    energy.plot(course.rms_s, course.rms, color="0.35", linewidth=0.7)
    energy.set_ylabel("RMS energy")
    energy.set_ylim(0, 1.06 * max(float(course.rms.max()), 1e-6))
    energy.spines[["top", "right"]].set_visible(False)
    for number, drop in enumerate(course.drops, 1):
        draw_drop(strip, number, drop)
        for axes in (shares, energy):
            axes.axvline(drop.time_s, color="black", linewidth=1.6, linestyle="--")
    end_s = max(float(course.rms_s[-1]), float(course.at_s[-1]))
    energy.set_xlim(0, end_s + float(course.rms_s[0]))
    time_axis(energy, end_s)
    figure.legend(*shares.get_legend_handles_labels(), loc="outside lower right", ncols=len(zones))
    count = {0: "no drop", 1: "1 drop"}.get(len(course.drops), f"{len(course.drops)} drops")
    said = f"{count}; each point is the middle of a context of {context_s:g} s; model {model}"
    figure.suptitle(f"{shown_name(name)}\n{shown_name(said)}", fontsize=11)
    return figure


def _draw_strip(axes: Axes, course: Course, zones: Sequence[Zone]) -> None:
    """Draw a marker of the likeliest zone every now and then."""
    chosen = np.linspace(0, len(course.at_s) - 1, min(_MARKERS, len(course.at_s)))
    places = np.unique(chosen.round().astype(np.intp))
    likeliest = course.probabilities[places].argmax(axis=1)
    for code, zone in enumerate(zones):
        at_s = course.at_s[places[likeliest == code]]
        axes.plot(
            at_s,
            np.zeros(len(at_s)),
            marker=zone.marker,
            color=zone.colour,
            markeredgecolor="black",
            markersize=7,
            linestyle="",
            clip_on=False,
            in_layout=False,  # a zone that is never likeliest would be laid out at no place
        )
    axes.set_ylim(-1, 1)
    axes.set_yticks([0], ["likeliest"])
    axes.tick_params(length=0, labelbottom=False)
    axes.spines[:].set_visible(False)


def _draw_shares(axes: Axes, course: Course, zones: Sequence[Zone]) -> None:
    edges = np.cumsum(course.probabilities, axis=1)
    below = np.zeros(len(course.at_s))
    for code, zone in enumerate(zones):
        axes.fill_between(
            *_reaching(course.at_s, below, edges[:, code]),
            facecolor=zone.colour,
            edgecolor="white",
            hatch=_HATCHES[code % len(_HATCHES)],
            linewidth=0.6,
            label=zone.name,
        )
        below = edges[:, code]
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_ylabel("probability")
    axes.spines[["top", "right"]].set_visible(False)


def _reaching(at_s: Values, low: Values, high: Values) -> tuple[Values, Values, Values]:
    """Return an area; a lone context, of a short track, is made a second wide to be seen."""
    if len(at_s) > 1:
        return at_s, low, high
    return at_s[0] + np.array([-0.5, 0.5]), low.repeat(2), high.repeat(2)
