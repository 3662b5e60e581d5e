"""A set with arousal and valence: stored, loaded, refused where it was changed by hand."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zoneclf.deep.affect.affect_set import COURSES, NAMES, AffectSet, load_affect, save_affect
from zoneclf.deep.genre.prepared import PreparedSet, load_prepared
from zoneclf.deep.sets.loading import load_set
from zoneclf.deep.sets.storing import TEXTS
from zoneclf.deep.spectrograms import SpectrogramSettings
from zoneclf.errors import TableError

COUNT = 5


def course(seed: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    values = np.random.default_rng(seed).uniform(1, 9, size=(length, 2)).astype(np.float32)
    return 15 + np.arange(length) / 2, values


def save(folder: Path, **changes: Any) -> Path:
    rows: dict[str, list[Any]] = {name: [""] * COUNT for name in TEXTS}
    rows["track_id"] = [f"t{4 - n}" for n in range(COUNT)]
    rows["split"] = ["train", "valid", "test", "train", "unused"]
    rows["arousal"] = [1.0, 2.5, 5.0, 7.25, 9.0]
    rows["valence"] = [4.0, 4.5, 5.0, 5.5, 6.0]
    rows["arousal_se"] = [0.5] * COUNT
    rows["valence_se"] = [float("nan"), 0.5, 0.5, 0.5, 0.5]
    rows["start_s"] = [0.0, 10.0, 0.0, 0.0, 0.0]
    rows["end_s"] = [0.0, 55.0, 0.0, 0.0, 0.0]
    rows["frame_count"] = [9, 9, 9, 0, 9]
    rows |= changes
    folder.mkdir(exist_ok=True)
    card = {"spectrogram": SpectrogramSettings().as_json()}
    save_affect(folder, rows, card, {"t4": course(0, 60), "t1": course(1, 3)})
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save(tmp_path / "set")


def test_what_was_saved_is_loaded(folder: Path) -> None:
    found = load_affect(folder)
    assert found.names == NAMES == ("arousal", "valence")
    assert found.targets.dtype == np.float32
    assert found.targets.tolist() == [[1, 4], [2.5, 4.5], [5, 5], [7.25, 5.5], [9, 6]]
    assert np.isnan(found.errors[0, 1])
    assert found.stretch(1) == (10.0, 55.0)
    assert found.places("train").tolist() == [0]  # the other one has no sound
    assert found.used.tolist() == [True, True, True, False, False]
    for place, seed, length in ((0, 0, 60), (3, 1, 3)):
        times, values = found.course(place) or ((), ())
        np.testing.assert_array_equal(times, course(seed, length)[0])
        np.testing.assert_array_equal(values, course(seed, length)[1])
    assert found.course(1) is None


def test_any_set_is_loaded_as_what_it_is(folder: Path, prepared_set: PreparedSet) -> None:
    assert isinstance(load_set(folder), AffectSet)
    assert isinstance(load_set(prepared_set.folder), PreparedSet)


def test_kinds_are_not_mixed_up(folder: Path, prepared_set: PreparedSet, tmp_path: Path) -> None:
    with pytest.raises(TableError, match="is a set of the kind 'affect', not genre; name"):
        load_prepared(folder)
    with pytest.raises(TableError, match="is a set of the kind 'genre', not affect; name"):
        load_affect(prepared_set.folder)
    with pytest.raises(TableError, match="no prepared set; run `zoneclf deep affect prepare`"):
        load_affect(tmp_path)


def test_the_hash_is_of_all_that_is_learnt_from(folder: Path, tmp_path: Path) -> None:
    before = load_affect(folder).sha256
    assert load_affect(save(tmp_path / "same")).sha256 == before
    for number, changes in enumerate(
        (
            {"arousal": [1.0, 2.5, 5.0, 7.25, 8.9]},
            {"start_s": [0.0, 10.5, 0.0, 0.0, 0.0]},
            {"split": ["valid", "train", "test", "train", "unused"]},
        )
    ):
        assert load_affect(save(tmp_path / f"{number}", **changes)).sha256 != before


@pytest.mark.parametrize(
    ("name", "column", "value"),
    [("tracks.parquet", "valence", 8.0), (COURSES, "arousal", 8.0), (COURSES, "time_s", 1.0)],
)
def test_an_edited_table_is_refused(folder: Path, name: str, column: str, value: float) -> None:
    table = pq.read_table(folder / name)
    place = table.schema.get_field_index(column)
    edited = pa.array([value] * table.num_rows, table.schema.field(column).type)
    pq.write_table(table.set_column(place, column, edited), folder / name)
    with pytest.raises(TableError, match="do not belong together; run `zoneclf deep affect"):
        load_affect(folder)


@pytest.mark.parametrize("content", [None, b"", b"PAR1garbagePAR1"])
def test_courses_that_are_gone_or_damaged_are_refused(folder: Path, content: bytes | None) -> None:
    (folder / COURSES).unlink()
    if content is not None:
        (folder / COURSES).write_bytes(content)
    with pytest.raises(TableError, match=r"do not belong together|cannot be read"):
        load_affect(folder)


def test_other_targets_are_refused(folder: Path) -> None:
    card = json.loads((folder / "set.json").read_text())
    (folder / "set.json").write_text(json.dumps(card | {"names": ["valence", "arousal"]}))
    with pytest.raises(TableError, match="affect prepare"):
        load_affect(folder)
