"""The picture of a track's energy."""

import numpy as np
import pytest

from zoneclf.frames.grid import FrameGrid
from zoneclf.report.energy_curve import clock, energy_figure
from zoneclf.report.figures import png
from zoneclf.settings import DropSettings
from zoneclf.tracks.drops import Drop


@pytest.mark.parametrize(
    ("time_s", "text"),
    [(0.0, "0:00.0"), (9.96, "0:10.0"), (59.97, "1:00.0"), (83.25, "1:23.2"), (3600.0, "60:00.0")],
)
def test_a_clock_rounds_to_tenths_and_carries(time_s: float, text: str) -> None:
    assert clock(time_s) == text


@pytest.mark.parametrize("tempo", [128.0, float("nan")])
@pytest.mark.parametrize("count", [1, 2, 8, 8000])
def test_every_length_and_name_can_be_drawn(count: int, tempo: float) -> None:
    rms = np.linspace(0.1, 0.2, count)
    drops = [Drop(0.5 * count / 2, 0.8, 1.4)]
    figure = energy_figure(
        "東京 $x$ \x1b[2J", rms, grid=FrameGrid(), settings=DropSettings(), drops=drops, tempo=tempo
    )
    (axes,) = figure.axes
    written = [text.get_text() for text in axes.texts]
    assert [text for text in written if text.startswith("1  ")] == [f"1  {clock(count / 4)}"]
    assert {"peak: above", "valley: below"} <= set(written)
    (legend,) = figure.legends
    shown = legend.get_texts()[-1].get_text()
    assert shown == "drop: out of a valley within 8 s, contrast 0.5 or more"
    title = figure.get_suptitle()
    assert "$x$ ?[2J\n1 drop" in title
    assert b"track-7" in png(figure, about="track-7")[:1024]
