"""The picture of a track's zones over time."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from zoneclf.labels.zones import load_zones
from zoneclf.pipeline.starting import shipped_config
from zoneclf.report.figures import png
from zoneclf.report.timeline_figure import Course, timeline_figure
from zoneclf.tracks.drops import Drop

ZONES = load_zones(shipped_config() / "zone_mapping.yaml").zones


def course(count: int, drops: tuple[Drop, ...] = ()) -> Course:
    shares = np.random.default_rng(0).dirichlet(np.ones(3), count)
    frames = count + 28
    rms_s = 0.5 + 0.5 * np.arange(frames)
    return Course(7.5 + 0.5 * np.arange(count), shares, rms_s, np.full(frames, 0.2), drops)


@pytest.mark.parametrize("count", [1, 2, 400])
def test_zones_are_told_by_colour_hatching_and_marker(count: int) -> None:
    figure = timeline_figure("a $ <b>", course(count), ZONES, context_s=15, model="m")
    strip, shares, _ = figure.axes
    colours = [to_rgb(area.get_facecolor()[0][:3]) for area in shares.collections]
    assert colours == [to_rgb(zone.colour) for zone in ZONES]
    assert len({area.get_hatch() for area in shares.collections}) == len(ZONES)
    assert [line.get_marker() for line in strip.lines] == [zone.marker for zone in ZONES]
    assert sum(len(line.get_xdata()) for line in strip.lines) == min(count, 48)
    assert png(figure).startswith(b"\x89PNG")


def test_shares_fill_the_height_and_drops_cross_every_part() -> None:
    drops = (Drop(30.0, 0.8, 1.5), Drop(62.5, 0.9, 1.5))
    figure = timeline_figure("name", course(300, drops), ZONES, context_s=15, model="m")
    strip, shares, energy = figure.axes
    top = shares.collections[-1].get_paths()[0].vertices[:, 1]
    assert top.max() == pytest.approx(1)
    for axes, others in ((strip, len(ZONES)), (shares, 0), (energy, 1)):
        marks = [line.get_xdata()[0] for line in axes.lines[others:]]
        assert marks == [30.0, 62.5]
    assert [text.get_text() for text in strip.texts] == ["1  0:30.0", "2  1:02.5"]
    assert "2 drops" in figure.get_suptitle()
    figure.canvas.draw()
    assert "1:00" in [label.get_text() for label in energy.get_xticklabels()]
