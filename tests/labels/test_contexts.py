"""Labels of contexts: their track's, or what dynamic annotations say of them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zoneclf.labels.contexts import (
    JUDGED,
    START,
    Courses,
    context_table,
    follow,
    read_courses,
)
from zoneclf.labels.source_labels import LABEL_COLUMNS
from zoneclf.labels.table import LabelledTable, from_rows
from zoneclf.labels.zones import load_zones
from zoneclf.pipeline.starting import shipped_config
from zoneclf.store import TableSpec
from zoneclf.tracks.contexts import CONTEXT, Contexts

ZONES = load_zones(shipped_config() / "zone_mapping.yaml")
SPEC = TableSpec(
    level="contexts",
    descriptors="toy/1",
    window_s=1.0,
    hop_s=0.5,
    rate_hz=44_100,
    features=("loud", "bright"),
    parameters=((CONTEXT, 10.0),),
)
TIMES_S = np.arange(15.0, 45.0, 0.5)


def tracks() -> LabelledTable:
    """A user's track without arousal and valence, and a DEAM song between GREEN and PURPLE."""
    rows = pd.DataFrame(
        {name: ["", ""] for name in LABEL_COLUMNS}
        | {"track_id": ["a", "b"], "name": ["tune", "7"], "source": ["user", "deam"]}
        | {"zone": ["YELLOW", "GREEN"], "group": ["artist:x", "deam:7"]}
        | {"arousal": [np.nan, 5.5], "valence": [np.nan, 6.0]}
    )
    return from_rows(rows.assign(loud=0.0, bright=0.0), ZONES.names, SPEC)


def cut(*starts_s: float) -> Contexts:
    values = np.arange(2 * len(starts_s), dtype=np.float32).reshape(-1, 2)
    return Contexts(np.array(starts_s), values)


def courses(arousal: np.ndarray) -> Courses:
    frames = [pd.DataFrame([v], index=[7], columns=TIMES_S) for v in (arousal, 0 * arousal)]
    return Courses(*frames)


def test_contexts_have_the_zone_and_the_group_of_their_track() -> None:
    cuts = {("user", "a"): cut(0, 5, 9), ("deam", "b"): cut(2, 4)}
    table = context_table(tracks(), cuts, SPEC)
    assert table.group.tolist() == ["artist:x"] * 3 + ["deam:7"] * 2
    assert [table.zones[code] for code in table.codes] == ["YELLOW"] * 3 + ["GREEN"] * 2
    assert table.about[START].tolist() == [0, 5, 9, 2, 4]
    np.testing.assert_array_equal(table.features.iloc[3:], cuts["deam", "b"].features)
    assert table.about.loc[table.about[JUDGED], "track_id"].tolist() == ["a", "b"]
    assert table.about[JUDGED].tolist() == [False, True, False, False, True]


def test_a_track_without_frames_has_no_context() -> None:
    table = context_table(tracks(), {("deam", "b"): cut(0)}, SPEC)
    assert table.about["track_id"].tolist() == ["b"]


def test_a_song_that_rises_gets_a_zone_of_its_own_where_it_is_loud() -> None:
    table = context_table(tracks(), {("user", "a"): cut(20), ("deam", "b"): cut(0, 16, 34)}, SPEC)
    rising = np.where(TIMES_S < 30, -0.25, 0.25)
    followed, count = follow(table, "deam", courses(rising), ZONES)
    assert count == 2
    # Before 15 s nothing is annotated: the song's own values and zone stand.
    assert followed.about["arousal"].tolist()[1:] == [5.5, 4.5, 6.5]
    assert [ZONES.names[code] for code in followed.codes] == ["YELLOW", "GREEN", "GREEN", "PURPLE"]
    assert np.isnan(followed.about["arousal"].iloc[0])
    assert followed.about["valence"].tolist()[1:] == [6.0] * 3
    assert table.about["arousal"].tolist()[1:] == [5.5] * 3


def test_values_stay_on_the_scale_and_gaps_do_not_count() -> None:
    table = context_table(tracks(), {("deam", "b"): cut(16, 34)}, SPEC)
    steep = np.where(TIMES_S < 40, -1.0, 1.0)
    steep[TIMES_S > 42] = np.nan
    followed, _ = follow(table, "deam", courses(steep), ZONES)
    known = steep[np.isfinite(steep)].mean()
    late = steep[(TIMES_S >= 34) & (TIMES_S <= 42)].mean()
    expected = np.clip([5.5 + 4 * (-1 - known), 5.5 + 4 * (late - known)], 1, 9)
    np.testing.assert_allclose(followed.about["arousal"], expected)


def test_a_song_that_nobody_followed_keeps_its_labels() -> None:
    table = context_table(tracks(), {("deam", "b"): cut(16)}, SPEC)
    other = courses(np.linspace(-1, 1, len(TIMES_S)))
    other = Courses(other.arousal.set_axis([8]), other.valence.set_axis([8]))
    followed, count = follow(table, "deam", other, ZONES)
    assert (count, followed.about["arousal"].tolist()) == (0, [5.5])


@pytest.mark.parametrize("names", [(), ("arousal",)])
def test_both_courses_or_none_are_read(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (tmp_path / f"{name}.csv").write_text("song_id,sample_15000ms\n7,0.1\n")
    assert read_courses(tmp_path) is None
