"""A prepared set as it is loaded: its parts fit, damage and edits are refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zoneclf.deep.genre.prepared import PreparedSet, load_prepared
from zoneclf.deep.readers.listing import SPLITS
from zoneclf.deep.statistics import statistics_of
from zoneclf.errors import TableError
from zoneclf.store import Origin, TableNote, TableSpec, write_table


@pytest.fixture
def folder(prepared_set: PreparedSet, tmp_path: Path) -> Path:
    return Path(shutil.copytree(prepared_set.folder, tmp_path / "set"))


def test_its_parts_fit(prepared_set: PreparedSet) -> None:
    assert len(prepared_set) == 60
    assert prepared_set.targets.shape == (60, 12)
    places = np.concatenate([prepared_set.places(split) for split in SPLITS])
    assert sorted(places) == list(range(60))
    counts = prepared_set.targets.sum(axis=0)
    assert (np.diff(counts) <= 0).all()  # most frequent first
    assert (
        dict(zip(prepared_set.genres, counts, strict=True))
        == (prepared_set.card["filter"]["after"]["counts"])
    )
    for place in places[:5]:
        found = prepared_set.spectrogram(place)
        assert found.shape == (prepared_set.frame_counts[place], 64)
        assert found.dtype == np.float32
        assert prepared_set.path(place).is_file()


def test_no_group_is_split(prepared_set: PreparedSet) -> None:
    pairs = set(zip(prepared_set.groups, prepared_set.splits, strict=True))
    assert len(pairs) == len(set(prepared_set.groups))
    assert len(pairs) < 60


def test_statistics_are_those_of_the_training_split(prepared_set: PreparedSet) -> None:
    clips = [prepared_set.spectrogram(place) for place in prepared_set.places("train")]
    wanted = statistics_of(clips, sum(map(len, clips)))
    assert prepared_set.statistics == wanted
    assert len(wanted["bands"]["mean"]) == 64


def test_it_loads_from_another_place(folder: Path, prepared_set: PreparedSet) -> None:
    moved = load_prepared(folder)
    assert moved.sha256 == prepared_set.sha256
    np.testing.assert_array_equal(moved.spectrogram(7), prepared_set.spectrogram(7))


def test_an_unknown_split_is_a_bug(prepared_set: PreparedSet) -> None:
    with pytest.raises(ValueError, match="holdout"):
        prepared_set.places("holdout")


def test_a_folder_without_a_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="holds no prepared set; run"):
        load_prepared(tmp_path)


def test_an_edited_split_is_refused(folder: Path) -> None:
    table = pq.read_table(folder / "tracks.parquet")
    splits = ["train"] * 60
    place = table.schema.get_field_index("split")
    pq.write_table(table.set_column(place, "split", [splits]), folder / "tracks.parquet")
    with pytest.raises(TableError, match="do not belong together"):
        load_prepared(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema_version": 99}, "schema 99"),
        ({"genres": ["techno"]}, "do not belong together"),
        ({"genres": 5}, "damaged"),
        ({"spectrogram": {"mels": 64}}, "damaged"),
        ({"sha256": "0"}, "do not belong together"),
    ],
)
def test_an_edited_card_is_refused(folder: Path, change: dict[str, object], said: str) -> None:
    path = folder / "set.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(TableError, match=said):
        load_prepared(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000])
def test_a_damaged_card_is_refused(folder: Path, content: bytes) -> None:
    (folder / "set.json").write_bytes(content)
    with pytest.raises(TableError, match=r"set\.json"):
        load_prepared(folder)


@pytest.mark.parametrize("content", [b"", b"PAR1garbagePAR1"])
def test_damaged_tracks_are_refused(folder: Path, content: bytes) -> None:
    (folder / "tracks.parquet").write_bytes(content)
    with pytest.raises(TableError, match=r"tracks\.parquet"):
        load_prepared(folder)


def embed(prepared: PreparedSet, name: str, count: int | None = None) -> np.ndarray:
    values = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    order = np.random.default_rng(1).permutation(60)[:count]
    features = ("mert_0", "mert_1", "mert_2")
    columns = {"track_id": pa.array(prepared.track_ids[order].tolist())}
    columns |= {feature: values[order, place] for place, feature in enumerate(features)}
    spec = TableSpec(
        level="tracks",
        descriptors="mert/toy",
        window_s=1.0,
        hop_s=1.0,
        rate_hz=24_000,
        features=features,
    )
    note = TableNote(spec=spec, origins=(Origin(extractor="mert", extractor_version=1),))
    write_table(pa.table(columns), note, prepared.folder / f"embeddings-{name}.parquet")
    return values


def test_embeddings_come_in_the_order_of_the_tracks(folder: Path) -> None:
    prepared = load_prepared(folder)
    values = embed(prepared, "aa")
    np.testing.assert_array_equal(prepared.embeddings(), values)
    embed(prepared, "bb")
    with pytest.raises(TableError, match=r"several embeddings \(aa, bb\)"):
        prepared.embeddings()
    np.testing.assert_array_equal(prepared.embeddings("bb"), values)


def test_embeddings_that_are_missing_are_told(folder: Path) -> None:
    prepared = load_prepared(folder)
    with pytest.raises(TableError, match="zoneclf deep embed --set"):
        prepared.embeddings()
    embed(prepared, "aa", count=58)
    with pytest.raises(TableError, match="2 tracks have no embedding"):
        prepared.embeddings()
