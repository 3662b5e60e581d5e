"""The labelled table: sources joined by what they share, refused where they were made apart."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zoneclf.errors import LabelError, TableError
from zoneclf.labels.deam import DeamAnnotations
from zoneclf.labels.library import LabelRow
from zoneclf.labels.source_labels import SourceLabels, label_deam, label_library
from zoneclf.labels.table import load_unified, save_unified, unify
from zoneclf.labels.zones import load_zones
from zoneclf.pipeline.starting import shipped_config
from zoneclf.store import Origin, TableNote, TableSpec, write_table
from zoneclf.tracks.track_table import ABOUT, TrackTable

OK = frozenset({"ok"})
ZONES = load_zones(shipped_config() / "zone_mapping.yaml")
SPEC = TableSpec(
    level="tracks",
    descriptors="toy/1",
    window_s=1.0,
    hop_s=0.5,
    rate_hz=44_100,
    features=("loud", "bright"),
)


def tracks(
    names: list[str],
    *,
    statuses: dict[str, str] | None = None,
    copies: dict[str, str] | None = None,
    spec: TableSpec = SPEC,
    version: int = 1,
    extractor: str = "toy",
) -> TrackTable:
    """Return a track table; a track's id is its name's, unreadable ones have none."""
    said = {name: (statuses or {}).get(name, "ok") for name in names}
    about = {
        "track_id": ["" if said[name] == "missing" else f"id-{name}" for name in names],
        "path": [f"/music/{name}.mp3" for name in names],
        "name": names,
        "copies": [(copies or {}).get(name, "") for name in names],
        "status": [said[name] for name in names],
        "duration_s": [60.0 * place for place, _ in enumerate(names)],
    }
    rows = pd.DataFrame({name: about.get(name, [""] * len(names)) for name in ABOUT})
    for place, feature in enumerate(spec.features):
        rows[feature] = np.arange(len(names), dtype=np.float32) + 10 * place
    origin = Origin(extractor=extractor, extractor_version=version)
    return TrackTable(rows, TableNote(spec=spec, origins=(origin,)))


def label(line: int, name: str, zone: str | None, artist: str = "") -> LabelRow:
    return LabelRow(line, Path(f"/music/{name}.mp3"), zone, artist=artist)


def annotations(values: dict[int, tuple[float, float]], artists: dict[int, str]) -> DeamAnnotations:
    songs = pd.DataFrame.from_dict(values, "index", columns=["arousal_mean", "valence_mean"])
    return DeamAnnotations(songs, artists, (), ("said so",), "repaired")


def both() -> dict[str, tuple[TrackTable, SourceLabels]]:
    """Return a user's source and DEAM, which has a column more."""
    user = tracks(["a", "b", "c"])
    labels = [
        label(2, "a", "GREEN", "Ondine"),
        label(3, "b", "PURPLE", "ondine"),
        label(4, "c", None),
    ]
    wider = dataclasses.replace(SPEC, features=("voiced", "bright", "loud"))
    deam = tracks(["7", "8"], spec=wider, extractor="deam-csv")
    found = annotations({7: (2.0, 5.0), 8: (7.0, 6.0)}, {8: "Sable"})
    return {
        "deam": (deam, label_deam(deam, found, ZONES, source="deam", allowed=OK)),
        "user": (user, label_library(user, labels, "user", allowed=OK)),
    }


def test_sources_are_joined_over_the_features_they_share() -> None:
    table, note = unify(both(), ZONES)
    assert table.spec.features == ("bright", "loud")
    assert table.source.tolist() == ["deam", "deam", "user", "user", "user"]
    assert table.codes.tolist() == [0, 2, 1, 2, -1]
    assert table.zones == ZONES.names
    assert table.features["loud"].tolist() == [20.0, 21.0, 0.0, 1.0, 2.0]
    assert table.features["bright"].tolist() == [10.0, 11.0, 10.0, 11.0, 12.0]
    assert table.about["arousal"].tolist()[:2] == [2.0, 7.0]
    assert table.about["arousal"].isna().tolist() == [False, False, True, True, True]
    assert {origin.extractor for origin in note.origins} == {"toy", "deam-csv"}
    assert note.notes["sources"]["deam"]["label_repair"] == "repaired"


def test_tracks_of_one_artist_are_one_group_and_others_stand_alone() -> None:
    table, _ = unify(both(), ZONES)
    assert table.group.tolist() == [
        "deam:7",
        "artist:sable",
        "artist:ondine",
        "artist:ondine",
        "track:id-c",
    ]


def test_a_table_is_read_as_it_was_saved(tmp_path: Path) -> None:
    table, note = unify(both(), ZONES)
    path = tmp_path / "unified.parquet"
    save_unified(table, note, path)
    again, said = load_unified(path)
    assert said == note
    assert (again.zones, again.spec) == (table.zones, table.spec)
    for name in ("codes", "source", "group"):
        np.testing.assert_array_equal(getattr(again, name), getattr(table, name))
    pd.testing.assert_frame_equal(again.features, table.features)
    assert again.about["zone"].isna().tolist() == [False, False, False, False, True]


def test_another_table_is_not_taken_for_a_unified_one(tmp_path: Path) -> None:
    path = tmp_path / "tracks.parquet"
    write_table(pa.table({"loud": [1.0], "bright": [2.0]}), tracks(["a"]).note, path)
    with pytest.raises(TableError, match="not a unified table; write it with `zoneclf label`"):
        load_unified(path)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"hop_s": 0.25}, r"hop_s 0\.25 against 0\.5"),
        ({"window_s": 2.0}, "window_s"),
        ({"descriptors": "toy/2"}, "descriptors"),
        ({"parameters": (("loud.smooth_s", 3.0),)}, "parameters"),
    ],
)
def test_sources_made_with_other_settings_are_refused(
    change: dict[str, object], complaint: str
) -> None:
    parts = both()
    other = tracks(["7", "8"], spec=dataclasses.replace(SPEC, **change))
    parts["deam"] = (other, parts["deam"][1])
    with pytest.raises(TableError, match=f"deam and user were made differently .*{complaint}"):
        unify(parts, ZONES)


def test_a_parameter_of_a_column_that_is_not_shared_does_not_matter() -> None:
    parts = both()
    wider = dataclasses.replace(
        SPEC, features=(*SPEC.features, "drop_count"), parameters=(("drop.smooth_s", 3.0),)
    )
    parts["deam"] = (tracks(["7", "8"], spec=wider), parts["deam"][1])
    assert unify(parts, ZONES)[0].spec == SPEC


def test_two_versions_of_an_extractor_are_refused() -> None:
    parts = both()
    parts["deam"] = (tracks(["7", "8"], version=2), parts["deam"][1])
    with pytest.raises(TableError, match=r"extractor toy in two versions.*--force --source user"):
        unify(parts, ZONES)


def test_sources_without_a_common_feature_are_refused() -> None:
    parts = both()
    other = dataclasses.replace(SPEC, features=("voiced",))
    parts["deam"] = (tracks(["7", "8"], spec=other), parts["deam"][1])
    with pytest.raises(TableError, match="deam, user share no feature"):
        unify(parts, ZONES)


def test_what_is_left_out_is_counted_by_reason() -> None:
    table = tracks(["a", "b", "c", "d"], statuses={"b": "truncated", "d": "missing"})
    rows = [
        label(2, "a", "GREEN"),
        label(3, "b", "GREEN"),
        label(4, "gone", "GREEN"),
        label(5, "d", "GREEN"),
    ]
    found = label_library(table, rows, "user", allowed=OK)
    assert found.rows["name"].tolist() == ["a", "c"]
    assert found.dropped == {"status truncated": 1, "status missing": 1, "not extracted": 1}
    lenient = label_library(table, rows, "user", allowed=OK | {"truncated"})
    assert lenient.rows["name"].tolist() == ["a", "b", "c"]


@pytest.mark.parametrize(
    "rows",
    [
        [label(2, "a", "GREEN"), label(3, "b", "PURPLE"), label(4, "a", "PURPLE")],
        # The same sound under another name.
        [label(2, "a", "GREEN"), label(3, "b", "PURPLE"), label(4, "copy of a", "YELLOW")],
    ],
)
def test_a_track_with_two_zones_is_left_out_and_listed(rows: list[LabelRow]) -> None:
    table = tracks(["a", "b"], copies={"a": "/music/copy of a.mp3"})
    found = label_library(table, rows, "user", allowed=OK)
    assert found.rows["name"].tolist() == ["b"]
    assert found.dropped == {"contradictory labels": 1}
    (remark,) = found.remarks
    assert remark.startswith("contradictory labels, track left out: a.mp3")
    assert f"(line 2 GREEN, line 4 {rows[2].zone})" in remark


def test_a_line_without_a_zone_does_not_take_one_away() -> None:
    table = tracks(["a", "b"])
    rows = [
        label(2, "a", "GREEN"),
        label(3, "a", None),
        label(4, "b", None),
        label(5, "b", "PURPLE"),
    ]
    found = label_library(table, rows, "user", allowed=OK)
    assert found.rows["zone"].tolist() == ["GREEN", "PURPLE"]
    assert not found.dropped
    assert all(remark.endswith("already") for remark in found.remarks)


def test_songs_without_an_annotation_are_left_out() -> None:
    table = tracks(["7", "8", "eight"])
    found = label_deam(table, annotations({7: (2, 5)}, {}), ZONES, source="deam", allowed=OK)
    assert found.rows["name"].tolist() == ["7"]
    assert found.dropped == {"no annotation": 2}


def test_nothing_left_to_label_is_an_error() -> None:
    table = tracks(["a"], statuses={"a": "undecodable"})
    with pytest.raises(LabelError, match="user: no track is left to label"):
        label_library(table, [], "user", allowed=OK)


Pick = Callable[[np.ndarray], np.ndarray]


@pytest.mark.parametrize("pick", [np.flatnonzero, np.asarray], ids=["numbers", "truth"])
def test_rows_are_taken_with_all_that_belongs_to_them(pick: Pick) -> None:
    table, _ = unify(both(), ZONES)
    part = table.take(pick(table.source == "user"))
    assert len(part) == 3
    assert part.about["name"].tolist() == ["a", "b", "c"]
    assert part.codes.tolist() == [1, 2, -1]
    assert part.features["loud"].tolist() == [0.0, 1.0, 2.0]
    assert table.with_features(["loud"]).spec.features == ("loud",)
    with pytest.raises(TableError, match="1 features are missing, first 'tempo'"):
        table.with_features(["loud", "tempo"])


def test_lines_that_name_no_file_or_a_track_again_are_listed_by_number() -> None:
    table = tracks(["a", "b", "c"])
    table.rows.loc[table.rows["name"] == "c", "status"] = "missing"
    rows = [
        label(2, "a", "GREEN"),
        label(3, "b", "PURPLE"),
        label(4, "a", "GREEN"),
        label(5, "c", "GREEN"),
    ]
    found = label_library(table, rows, "user", allowed=OK)
    assert found.remarks == (
        "line 4: a.mp3 is on line 2 already",
        "line 5: /music/c.mp3 is not there",
    )
    assert found.rows["name"].tolist() == ["a", "b"]


def test_a_label_file_of_which_nothing_was_extracted_is_refused() -> None:
    with pytest.raises(LabelError, match=r"none of the 2 tracks .* run zoneclf extract"):
        label_library(
            tracks(["a"]), [label(2, "x", "GREEN"), label(3, "y", None)], "user", allowed=OK
        )


def test_lengths_are_kept_and_unknown_ones_are_missing(tmp_path: Path) -> None:
    table, note = unify(both(), ZONES)
    # The helper gives 0, 60, 120 s; a table of means, which knows no lengths, says 0.
    expected = [np.nan, 60.0, np.nan, 60.0, 120.0]
    np.testing.assert_array_equal(table.about["duration_s"], expected)
    save_unified(table, note, tmp_path / "unified.parquet")
    again, _ = load_unified(tmp_path / "unified.parquet")
    np.testing.assert_array_equal(again.about["duration_s"], expected)


def test_a_unified_table_from_before_lengths_were_kept_is_read(tmp_path: Path) -> None:
    table, note = unify(both(), ZONES)
    path = tmp_path / "unified.parquet"
    save_unified(table, note, path)
    write_table(pq.read_table(path).drop_columns("duration_s"), note, path)
    again, _ = load_unified(path)
    assert again.about["duration_s"].isna().all()
    assert again.about["track_id"].tolist() == table.about["track_id"].tolist()
