"""The arousal/valence plane with the rule's regions, annotated tracks and the user's own.

Annotated tracks are shown where they were rated and where a model that has not seen them puts
them; the user's tracks where the model puts them, with their zone as marker and colour.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from zoneclf.labels.zones import SCALE, ZoneMap

Values = npt.NDArray[np.float64]
# Arousal range, valence range, zone code.
Cell = tuple[tuple[float, float], tuple[float, float], int]
# Matplotlib's markers in plotly's words.
_SYMBOLS = {
    "o": "circle",
    "s": "square",
    "^": "triangle-up",
    "D": "diamond",
    "v": "triangle-down",
    "P": "cross",
    "X": "x",
    "*": "star",
}
_STEP = 0.02
# Nearer than this to another zone's region a prediction is drawn as doubtful.
DOUBTFUL = 0.35


@dataclass(frozen=True)
class AffectMap:
    """What is drawn.

    `annotated` has columns arousal, valence, predicted_arousal, predicted_valence, zone, name;
    `own` the predicted ones, zone (None if unlabelled) and name; `r2` is by dimension.
    """

    zones: ZoneMap
    annotated: pd.DataFrame
    own: pd.DataFrame
    r2: dict[str, float]

    @property
    def title(self) -> str:
        """One line that says how good the predicted positions are."""
        found = ", ".join(f"{name} R² {value:.2f}" for name, value in self.r2.items())
        return f"{len(self.annotated)} annotated tracks, out-of-fold {found}; {len(self.own)} own"


def doubtful(zones: ZoneMap, arousal: Values, valence: Values) -> npt.NDArray[np.bool_]:
    """Return which points lie within `DOUBTFUL` of another zone's region, shape (points,)."""
    here = zones.codes(arousal, valence)
    unsure = np.zeros(len(here), dtype=bool)
    for angle in np.arange(8) * np.pi / 4:
        moved = [
            np.clip(values + DOUBTFUL * shift, *SCALE)
            for values, shift in ((arousal, np.sin(angle)), (valence, np.cos(angle)))
        ]
        unsure |= zones.codes(*moved) != here
    return unsure


def map_figure(drawn: AffectMap) -> Figure:
    """Return the picture: annotations on the left, predictions in the middle, own on the right."""
    figure = Figure(figsize=(16, 6.4), layout="constrained")
    panels = figure.subplots(1, 3, sharex=True, sharey=True)
    rated, found, own = drawn.annotated, drawn.annotated, drawn.own
    _panel(panels[0], drawn.zones, "rated: as annotated")
    _points(panels[0], drawn.zones, rated["valence"], rated["arousal"], rated["zone"])
    _panel(panels[1], drawn.zones, "predicted: by a model that has not seen them")
    columns = "predicted_valence", "predicted_arousal"
    _points(panels[1], drawn.zones, found[columns[0]], found[columns[1]], found["zone"])
    _panel(panels[2], drawn.zones, "your tracks: predicted place, your zone")
    _points(panels[2], drawn.zones, own[columns[0]], own[columns[1]], own["zone"], size=42)
    _rings(panels[2], drawn)
    panels[0].set_ylabel("arousal (1 calm - 9 excited)")
    below: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.1), "fontsize": 9}
    for panel in (panels[0], panels[2]):
        panel.legend(**below, ncols=5, frameon=False)
    figure.suptitle(drawn.title, fontsize=11)
    return figure


def map_page(drawn: AffectMap) -> str:
    """Return a self-contained HTML page in which points can be hovered and switched off."""
    page = go.Figure(layout=_page_layout(drawn))
    for zone in drawn.zones.zones:
        rated = drawn.annotated[drawn.annotated["zone"] == zone.name]
        _trace(
            page, rated, ("valence", "arousal"), (zone.colour, zone.marker, f"rated {zone.name}")
        )
        predicted = ("predicted_valence", "predicted_arousal")
        style = (zone.colour, zone.marker, f"predicted {zone.name}")
        _trace(page, rated, predicted, style, hidden=True)
        mine = drawn.own[drawn.own["zone"] == zone.name]
        _trace(page, mine, predicted, (zone.colour, zone.marker, f"own {zone.name}"), size=12)
    unlabelled = drawn.own[drawn.own["zone"].isna()]
    style = ("#555555", "X", "own, no label")
    _trace(page, unlabelled, ("predicted_valence", "predicted_arousal"), style, size=11)
    text: str = page.to_html(include_plotlyjs=True, full_html=True, config={"displaylogo": False})
    return text


def _page_layout(drawn: AffectMap) -> go.Layout:
    axis = {"range": list(SCALE), "zeroline": False, "showgrid": False}
    return go.Layout(
        title={"text": drawn.title, "font": {"size": 15}},
        xaxis={"title": "valence (1 negative - 9 positive)", "constrain": "domain", **axis},
        yaxis={"title": "arousal (1 calm - 9 excited)", "scaleanchor": "x", **axis},
        legend={"title": "click to show or hide"},
        plot_bgcolor="white",
        height=820,
        shapes=[_rectangle(drawn.zones, cell) for cell in _cells(drawn.zones)],
    )


def _rectangle(zones: ZoneMap, cell: "Cell") -> go.layout.Shape:
    (low, high), (left, right), code = cell
    return go.layout.Shape(
        type="rect",
        x0=left,
        x1=right,
        y0=low,
        y1=high,
        line_width=0,
        layer="below",
        fillcolor=zones.zones[code].colour,
        opacity=0.16,
    )


def _cells(zones: ZoneMap) -> list["Cell"]:
    """Return the rectangles between thresholds: arousal range, valence range, zone code."""
    arousal, valence = zones.thresholds()
    cells = []
    for a0, a1 in pairwise(arousal):
        for v0, v1 in pairwise(valence):
            middle = zones.codes(np.array([(a0 + a1) / 2]), np.array([(v0 + v1) / 2]))
            cells.append(((a0, a1), (v0, v1), int(middle[0])))
    return cells


def _area(cell: Cell) -> float:
    (low, high), (left, right), _ = cell
    return (high - low) * (right - left)


def _trace(
    page: go.Figure,
    rows: pd.DataFrame,
    columns: tuple[str, str],
    style: tuple[str, str, str],
    *,
    size: int = 6,
    hidden: bool = False,
) -> None:
    colour, marker, name = style
    page.add_scatter(
        x=rows[columns[0]].round(3).tolist(),
        y=rows[columns[1]].round(3).tolist(),
        mode="markers",
        name=name,
        text=[str(text).replace("<", "&lt;") for text in rows["name"]],
        hovertemplate="%{text}<br>arousal %{y:.2f}, valence %{x:.2f}",
        visible="legendonly" if hidden else True,
        marker={
            "color": colour,
            "symbol": _SYMBOLS[marker],
            "size": size,
            "line": {"width": 1 if size > 8 else 0, "color": "black"},
            "opacity": 0.9 if size > 8 else 0.55,
        },
    )


def _panel(axes: Axes, zones: ZoneMap, title: str) -> None:
    arousal, valence, codes = _regions(zones, step=_STEP)
    colours = ListedColormap([zone.colour for zone in zones.zones])
    shades: dict[str, Any] = {
        "cmap": colours,
        "vmin": -0.5,
        "vmax": len(zones.zones) - 0.5,
        "alpha": 0.18,
    }
    axes.pcolormesh(valence, arousal, codes, shading="nearest", rasterized=True, **shades)
    levels = np.arange(len(zones.zones) - 1) + 0.5
    axes.contour(valence, arousal, codes, levels=levels, colors="0.5", linewidths=0.8)
    for code, zone in enumerate(zones.zones):
        (low, high), (left, right), _ = max(
            (cell for cell in _cells(zones) if cell[2] == code), key=_area
        )
        place = ((left + right) / 2, (low + high) / 2)
        axes.annotate(zone.name, place, ha="center", color="0.25", fontsize=10, alpha=0.8)
    axes.set_title(title, fontsize=11)
    axes.set_xlabel("valence (1 negative - 9 positive)")
    axes.set_aspect("equal")


def _points(
    axes: Axes,
    zones: ZoneMap,
    valence: "pd.Series[float]",
    arousal: "pd.Series[float]",
    names: "pd.Series[str]",
    *,
    size: int = 14,
) -> None:
    for zone in zones.zones:
        chosen = (names == zone.name).to_numpy()
        axes.scatter(
            valence[chosen],
            arousal[chosen],
            s=size,
            marker=zone.marker,
            color=zone.colour,
            edgecolors="black",
            linewidths=0.35,
            alpha=0.85,
            label=zone.name,
        )
    bare = names.isna().to_numpy()
    if bare.any():
        axes.scatter(
            valence[bare], arousal[bare], s=size, marker="X", color="0.4", label="no label"
        )


def _rings(axes: Axes, drawn: AffectMap) -> None:
    arousal, valence = (drawn.own[f"predicted_{n}"].to_numpy(float) for n in ("arousal", "valence"))
    unsure = doubtful(drawn.zones, arousal, valence)
    label = f"doubtful (within {DOUBTFUL} of a border)"
    ring: dict[str, Any] = {"facecolors": "none", "edgecolors": "0.2", "linewidths": 0.9}
    axes.scatter(valence[unsure], arousal[unsure], s=130, marker="o", label=label, **ring)


def _regions(zones: ZoneMap, *, step: float) -> tuple[Values, Values, npt.NDArray[np.int64]]:
    axis = np.arange(SCALE[0], SCALE[1] + step / 2, step)
    arousal, valence = np.meshgrid(axis, axis, indexing="ij")
    return axis, axis, zones.codes(arousal, valence)
