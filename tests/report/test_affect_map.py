"""The arousal/valence map: the rule's regions, tracks in them, nothing that a browser would run."""

import io
import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.image import imread

from zoneclf.labels.zones import SCALE, Bound, Zone, ZoneMap, ZoneRule, load_zones
from zoneclf.pipeline.starting import shipped_config
from zoneclf.report.affect_map import DOUBTFUL, AffectMap, cells_of, doubtful, map_figure
from zoneclf.report.affect_page import map_page
from zoneclf.report.figures import png

ZONES = load_zones(shipped_config() / "zone_mapping.yaml")
FIVE = ZoneMap(
    tuple(Zone(f"${n}$", "", f"#{n}0{n}0{n}0", marker) for n, marker in enumerate("os^Dv")),
    tuple(ZoneRule(f"${n}$", arousal=(Bound("<", 2.5 + n),)) for n in range(4)),
    "$4$",
)
HOSTILE = "</script><img src=x onerror=alert(1)>"
on_scale = st.floats(*SCALE)


def points(zones: ZoneMap, n: int, *, name: str = "track", seed: int = 0) -> pd.DataFrame:
    """Return annotated tracks and where they were predicted."""
    rng = np.random.default_rng(seed)
    values = rng.uniform(*SCALE, size=(n, 2))
    table = pd.DataFrame(values, columns=["arousal", "valence"])
    table["predicted_arousal"] = np.clip(values[:, 0] + rng.normal(size=n), *SCALE)
    table["predicted_valence"] = np.clip(values[:, 1] + rng.normal(size=n), *SCALE)
    table["zone"] = [zones.names[code] for code in zones.codes(*values.T)]
    return table.assign(name=name)


def drawn(zones: ZoneMap = ZONES, own: int = 12, name: str = "track") -> AffectMap:
    mine = points(zones, own, name=name, seed=1)
    mine["zone"] = mine["zone"].where(np.arange(own) % 3 != 0, None)
    return AffectMap(zones, points(zones, 40, name=name), mine, {"arousal": 0.66, "valence": 0.4})


@given(arousal=on_scale, valence=on_scale)
def test_the_cells_cover_the_plane_with_the_rules_zones(arousal: float, valence: float) -> None:
    here = int(ZONES.codes(np.array([arousal]), np.array([valence]))[0])
    holding = [
        code
        for (low, high), (left, right), code in cells_of(ZONES)
        if low <= arousal <= high and left <= valence <= right
    ]
    assert here in holding


def test_points_near_a_border_are_doubtful_and_others_are_not() -> None:
    near, far = DOUBTFUL * 0.9, DOUBTFUL * 1.1
    arousal = np.array([4 - near, 4 + near, 4 - far, 4 + far, 8.0, 8.0])
    valence = np.array([5.0, 5.0, 5.0, 5.0, 4.5 + near, 4.5 + far])
    assert doubtful(ZONES, arousal, valence).tolist() == [True, True, False, False, True, False]


def test_the_edge_of_the_scale_is_no_border() -> None:
    corners = np.array([1.0, 1.0, 9.0, 9.0]), np.array([1.0, 9.0, 1.0, 9.0])
    assert not doubtful(ZONES, *corners).any()


@pytest.mark.parametrize(
    "case",
    [drawn, lambda: drawn(own=0), lambda: drawn(FIVE)],
    ids=["both", "no own tracks", "five zones"],
)
def test_the_picture_can_be_read(case: Callable[[], AffectMap]) -> None:
    pixels = imread(io.BytesIO(png(map_figure(case()))))
    assert pixels.shape[1] > 1.5 * pixels.shape[0] > 300
    assert pixels.std() > 0.05


def test_colour_and_shape_both_tell_the_zone() -> None:
    panel = map_figure(drawn()).axes[0]
    colours = {tuple(points.get_facecolor()[0][:3]) for points in panel.collections[-3:]}
    shapes = {len(points.get_paths()[0].vertices) for points in panel.collections[-3:]}
    assert len(colours) == len(shapes) == 3


def test_the_title_says_how_good_the_places_are() -> None:
    assert drawn().title == (
        "40 annotated tracks, out-of-fold arousal R² 0.66, valence R² 0.40; 12 own"
    )


def test_the_page_holds_everything_and_fetches_nothing() -> None:
    page = map_page(drawn())
    assert "Plotly.newPlot" in page
    assert not re.findall(r"<(?:script|link|img)[^>]*(?:src|href)=", page)
    for zone in ZONES.names:
        assert f"rated {zone}" in page
        assert f"own {zone}" in page
    assert "own, no label" in page


def test_names_in_the_page_are_text() -> None:
    ours, hostile = map_page(drawn()), map_page(drawn(name=HOSTILE))
    assert "<img src=x" not in hostile
    assert hostile.count("</script>") == ours.count("</script>")


def test_any_number_of_zones_has_its_page() -> None:
    page = map_page(drawn(FIVE))
    assert all(f"rated ${number}$" in page for number in range(5))
