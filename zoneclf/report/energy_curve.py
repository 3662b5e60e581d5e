"""A track's energy over time as a picture: smoothed RMS, the thresholds, and the drops."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from zoneclf.frames.grid import FrameGrid
from zoneclf.report.figures import BLUE
from zoneclf.settings import DropSettings
from zoneclf.tracks.drops import Curve, Drop, energy_of

_LONGEST_TITLE = 90
_TICKS_S = (5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 3600.0, 7200.0)
_RED = "#B2182B"


def clock(time_s: float) -> str:
    """Return a time as minutes and seconds, ``1:02.5``."""
    minutes, tenths = divmod(round(10 * time_s), 600)
    return f"{minutes}:{tenths / 10:04.1f}"


def energy_figure(
    name: str,
    rms: Curve,
    *,
    grid: FrameGrid,
    settings: DropSettings,
    drops: Sequence[Drop],
    tempo: float,
) -> Figure:
    """Return the picture of one track from its RMS per frame, shape (frames,).

    `tempo` is in beats per minute, NaN if there is no pulse.
    """
    at_s = grid.starts(rms.size) + grid.window_s / 2
    energy = energy_of(rms, grid.hop_s, settings)
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    axes = figure.subplots()
    axes.plot(at_s, rms, color="0.75", linewidth=0.8, label=f"each {grid.window_s:g} s")
    label = f"smoothed over {settings.smooth_s:g} s"
    axes.plot(at_s, energy.curve, color=BLUE, linewidth=2, label=label)
    _draw_threshold(axes, energy.high, "peak: above", "bottom")
    _draw_threshold(axes, energy.low, "valley: below", "top")
    axes.set_xlim(0, at_s[-1] + grid.window_s / 2)
    axes.set_ylim(0, 1.06 * float(rms.max()))
    for number, drop in enumerate(drops, 1):
        draw_drop(axes, number, drop)
    time_axis(axes, at_s[-1])
    axes.set_ylabel("RMS energy, full scale 1")
    axes.spines[["top", "right"]].set_visible(False)
    said = f"drop: out of a valley within {settings.within_s:g} s, contrast {settings.contrast:g}"
    axes.plot([], [], " ", label=f"{said} or more")
    figure.legend(loc="outside lower right", ncols=3, fontsize=8, frameon=False)
    figure.suptitle(f"{shown_name(name)}\n{_summary(drops, tempo)}", fontsize=11)
    return figure


def time_axis(axes: Axes, duration_s: float) -> None:
    """Give an axis of time ticks in minutes and seconds."""
    # A round distance between ticks that leaves no more than a dozen.
    step_s = next((step for step in _TICKS_S if 12 * step >= duration_s), _TICKS_S[-1])
    axes.xaxis.set_major_locator(MultipleLocator(step_s))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: clock(value)[:-2]))
    axes.set_xlabel("time, minutes:seconds")


def _draw_threshold(axes: Axes, level: float, text: str, side: str) -> None:
    axes.axhline(level, color="0.35", linestyle="--", linewidth=1)
    axes.annotate(
        text,
        (1.0, level),
        xytext=(4, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        fontsize=8,
        color="0.25",
        va=side,
    )


def draw_drop(axes: Axes, number: int, drop: Drop) -> None:
    """Draw a line at the drop and, above the curve, its number and time."""
    axes.axvline(drop.time_s, color=_RED, linewidth=1.4)
    axes.annotate(
        f"{number}  {clock(drop.time_s)}",
        (drop.time_s, 1.0),
        xytext=(0, 3),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        rotation=35,
        fontsize=9,
        color=_RED,
        va="bottom",
    )


def _summary(drops: Sequence[Drop], tempo: float) -> str:
    count = {0: "no drop", 1: "1 drop"}.get(len(drops), f"{len(drops)} drops")
    return f"{count}, no steady tempo" if np.isnan(tempo) else f"{count}, {tempo:.1f} BPM"


def shown_name(name: str) -> str:
    """Return a name that fits above the picture, without characters that cannot be drawn."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in name)
    return plain if len(plain) <= _LONGEST_TITLE else f"{plain[: _LONGEST_TITLE - 3]}..."
