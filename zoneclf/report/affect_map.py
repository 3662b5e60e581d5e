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
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from zoneclf.labels.zones import SCALE, ZoneMap

Values = npt.NDArray[np.float64]

# Arousal range, valence range, zone code.
Cell = tuple[tuple[float, float], tuple[float, float], int]

_STEP = 0.02

# More points than this are drawn small and pale, so that their density shows.
_MANY = 300

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
    handles, labels = panels[2].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=6, frameon=False)
    figure.suptitle(drawn.title, fontsize=11)
    return figure


def cells_of(zones: ZoneMap) -> list["Cell"]:
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
            (cell for cell in cells_of(zones) if cell[2] == code), key=_area
        )
        place = ((left + right) / 2, (low + high) / 2)
        plate = {"boxstyle": "round,pad=0.2", "facecolor": "white", "alpha": 0.65, "linewidth": 0}
        axes.annotate(zone.name, place, ha="center", fontsize=10, bbox=plate, zorder=5)
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
    size: int = 0,
) -> None:
    many = len(names) > _MANY
    size = size or (7 if many else 18)
    for zone in zones.zones:
        chosen = (names == zone.name).to_numpy()
        axes.scatter(
            valence[chosen],
            arousal[chosen],
            s=size,
            marker=zone.marker,
            color=zone.colour,
            edgecolors="black",
            linewidths=0.1 if many else 0.35,
            alpha=0.6 if many else 0.85,
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
