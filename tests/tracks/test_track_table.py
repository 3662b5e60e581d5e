"""The table of tracks: one row per content, readable or not."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zoneclf.errors import AudioError, TableError
from zoneclf.frames.batch import Found
from zoneclf.frames.extractor import Frames, frames_of, origin_of, spec_of
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor
from zoneclf.frames.takes import TrackFacts
from zoneclf.settings import DropSettings
from zoneclf.tracks.pooling import track_features, track_spec
from zoneclf.tracks.track_table import (
    ABOUT,
    GROUP_ROWS,
    Pooled,
    TrackTable,
    about,
    load_tracks,
    note_of,
    save_pooled,
    save_tracks,
)

EXTRACTOR = NativeExtractor(FrameGrid())
SPEC = spec_of(EXTRACTOR)
DROPS = DropSettings()
NOTE = note_of(SPEC, origin_of(EXTRACTOR), DROPS)


def facts(track_id: str, status: str = "ok") -> TrackFacts:
    return TrackFacts(track_id=track_id, status=status, reason="" if status == "ok" else "why")


def frames(seed: int) -> Frames:
    rows = np.random.default_rng(seed).random((6, len(SPEC.features)), dtype=np.float32)
    return frames_of(np.arange(6) * 0.5, rows, {"tempo": 100.0 + seed})


def missing(path: str) -> Found:
    return Found(Path(path), "", problem=AudioError("missing", "not there"))


def saved(rows: pd.DataFrame, pooled: Pooled, path: Path) -> pd.DataFrame:
    save_pooled(rows, pooled, NOTE, path)
    return load_tracks(path).rows


@pytest.fixture
def rows(tmp_path: Path) -> pd.DataFrame:
    """Two readable tracks, one silent, one missing, one copy."""
    found = [
        Found(Path("/m/b.mp3"), "id-b", 10, 100),
        Found(Path("/m/a.mp3"), "id-a", 20, 200),
        Found(Path("/n/copy of a.mp3"), "id-a", 20, 300),
        Found(Path("/m/c.mp3"), "id-c", 30, 300),
        missing("/m/gone.mp3"),
    ]
    known = {
        fact.track_id: fact for fact in (facts("id-a"), facts("id-b"), facts("id-c", "silent"))
    }
    pooled = Pooled([(known["id-a"], frames(1)), (known["id-b"], frames(2))], SPEC, DROPS)
    return saved(about(found, known), pooled, tmp_path / "user.parquet")


def test_each_content_has_one_row_and_copies_are_listed(rows: pd.DataFrame) -> None:
    assert list(rows["name"]) == ["a", "b", "c", "gone"]
    assert list(rows["track_id"]) == ["id-a", "id-b", "id-c", ""]
    assert rows["copies"][0] == "/n/copy of a.mp3"
    assert list(rows["copies"][1:]) == ["", "", ""]


def test_unreadable_files_keep_their_own_rows() -> None:
    rows = about([missing("/m/x.mp3"), missing("/m/y.mp3")], {})
    assert list(rows["path"]) == ["/m/x.mp3", "/m/y.mp3"]
    assert set(rows["status"]) == {"missing"}


def test_features_are_those_of_the_track_and_null_elsewhere(rows: pd.DataFrame) -> None:
    names = list(track_spec(SPEC, DROPS).features)
    expected = track_features(frames(1), SPEC, DROPS).astype(np.float32)
    np.testing.assert_array_equal(rows.loc[0, names].to_numpy(dtype=np.float32), expected)
    assert rows.loc[2:, names].isna().all(axis=None)
    assert rows.loc[:1, names].notna().all(axis=None)


def test_a_table_comes_back_as_it_was_written(rows: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "new" / "user.parquet"
    save_tracks(TrackTable(rows, NOTE), path)
    table = load_tracks(path)
    assert table.note == NOTE
    assert tuple(table.rows.columns) == (*ABOUT, *table.spec.features)
    pd.testing.assert_frame_equal(table.rows, rows[list(table.rows.columns)], check_dtype=False)


def test_a_table_without_tracks_can_be_kept(tmp_path: Path) -> None:
    empty = saved(about([], {}), Pooled([], SPEC, DROPS), tmp_path / "user.parquet")
    assert empty.shape == (0, len(ABOUT) + len(NOTE.spec.features))


@pytest.mark.parametrize("name", ["tab\there", "new\nline", "[x] é \U0001f3b5", "-rf", "a.b"])
def test_any_name_can_be_kept(tmp_path: Path, name: str) -> None:
    found = [Found(Path(f"/m/{name}.mp3"), "id")]
    rows = about(found, {"id": facts("id")})
    kept = saved(rows, Pooled([], SPEC, DROPS), tmp_path / "user.parquet")
    assert list(kept["name"]) == [name]


def test_a_name_that_is_not_utf8_can_be_kept_wherever_the_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [Found(Path(os.fsdecode(b"/m/caf\xe9.mp3")), "id")]
    names = []
    for folder in (tmp_path, Path("/")):
        monkeypatch.chdir(folder)
        rows = about(found, {"id": facts("id")})
        names += list(saved(rows, Pooled([], SPEC, DROPS), tmp_path / "user.parquet")["name"])
    assert names == ["caf%E9", "caf%E9"]


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "user.parquet"
    pd.DataFrame({"track_id": ["a"]}).to_parquet(path)
    with pytest.raises(TableError, match="not a zoneclf feature table"):
        load_tracks(path)


def test_tables_longer_than_a_group_keep_each_tracks_own_features(tmp_path: Path) -> None:
    count = GROUP_ROWS + 3
    known = {f"id-{place}": facts(f"id-{place}") for place in range(count)}
    found = [Found(Path(f"/m/{place:04}.mp3"), f"id-{place}") for place in reversed(range(count))]
    pooled = Pooled(((fact, frames(7)) for fact in known.values()), SPEC, DROPS)
    ends = {"id-0": frames(1), f"id-{count - 1}": frames(2)}
    others = Pooled(((known[name], ends.get(name, frames(7))) for name in known), SPEC, DROPS)
    names = list(track_spec(SPEC, DROPS).features)
    table = saved(about(found, known), others, tmp_path / "user.parquet")
    same = saved(about(found, known), pooled, tmp_path / "same.parquet")
    assert list(table["track_id"]) == list(known)
    differ = (table[names] != same[names]).any(axis=1)
    assert list(table["track_id"][differ]) == list(ends)
