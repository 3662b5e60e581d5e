"""The arousal/valence plane as a self-contained page whose points can be hovered and hidden."""

import pandas as pd
import plotly.graph_objects as go

from zoneclf.labels.zones import SCALE, ZoneMap
from zoneclf.report.affect_map import AffectMap, Cell, cells_of

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
        shapes=[_rectangle(drawn.zones, cell) for cell in cells_of(drawn.zones)],
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
