"""Embeddings joined to the unified table: whole, of one spec, or an error that says what to do."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from zoneclf.errors import TableError
from zoneclf.labels.table import LabelledTable
from zoneclf.pipeline.embedding import stored_embeddings, with_embeddings
from zoneclf.pipeline.workspace import Workspace
from zoneclf.store import Origin, TableNote, TableSpec, write_table
from zoneclf.tracks.embeddings import KINDS, joined_spec, kind_of

SPEC = TableSpec(
    level="tracks",
    descriptors="mert/x/y@c0ffee/layerall/mean",
    window_s=5.0,
    hop_s=5.0,
    rate_hz=24_000,
    features=("mert_0000_mean", "mert_0001_mean"),
    parameters=(("mert_.chunk_s", 5.0), ("mert_.rate_hz", 24_000.0)),
)
BOTH = frozenset({"user", "deam"})


class Ear:
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    warn = say

    def progress(self, what: str, done: int, total: int, detail: str = "") -> None:
        pass


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


@pytest.fixture
def table(make_table: Callable[..., LabelledTable]) -> LabelledTable:
    """Twelve tracks, half of them of the user; the last has no label."""
    found = make_table(12, share_of_user=0.5)
    found.codes[-1] = -1
    return found


@pytest.fixture
def note(table: LabelledTable) -> TableNote:
    about = {"extractors": {"toy": 1}, "licence": "", "label_repair": "none"}
    origin = Origin(extractor="toy", extractor_version=1)
    return TableNote(
        spec=table.spec, origins=(origin,), notes={"sources": dict.fromkeys(BOTH, about)}
    )


def store(
    workspace: Workspace,
    table: LabelledTable,
    source: str,
    *,
    spec: TableSpec = SPEC,
    without: int = 0,
    silent: int = 0,
) -> None:
    """Write embeddings of a source, less the first `without`; of the next `silent` all are null."""
    ids = table.about["track_id"].to_numpy()[table.source == source][without:]
    values = np.stack([[hash_of(one), 1.0] for one in ids]).astype(np.float32)
    values[:silent] = np.nan
    columns = [pa.array(ids), *(pa.array(column, from_pandas=True) for column in values.T)]
    origin = Origin(extractor="mert", extractor_version=3, licence="non-commercial")
    write_table(
        pa.table(columns, names=["track_id", *spec.features]),
        TableNote(spec=spec, origins=(origin,)),
        workspace.neural(kind_of(spec) or KINDS["mert"], source),
    )


def hash_of(track_id: str) -> float:
    return float(int(track_id.partition("-")[2]) + 100)


def test_other_sets_need_none(workspace: Workspace, table: LabelledTable, note: TableNote) -> None:
    found = with_embeddings(workspace, table, note, features="shared", needed=BOTH, voice=Ear())
    assert found == (table, note)


def test_embeddings_alone(workspace: Workspace, table: LabelledTable, note: TableNote) -> None:
    store(workspace, table, "user")
    store(workspace, table, "deam")
    found, said = with_embeddings(workspace, table, note, features="mert", needed=BOTH, voice=Ear())
    assert found.spec == SPEC
    assert found.features["mert_0000_mean"].tolist() == [
        hash_of(one) for one in table.about["track_id"]
    ]
    assert said.origins == (
        Origin(extractor="mert", extractor_version=3, licence="non-commercial"),
    )
    assert said.notes["sources"]["user"] == {
        "extractors": {"mert": 3},
        "licence": "non-commercial",
        "label_repair": "none",
    }
    assert note.notes["sources"]["user"]["licence"] == ""


def test_beside_other_features(workspace: Workspace, table: LabelledTable, note: TableNote) -> None:
    store(workspace, table, "user")
    store(workspace, table, "deam")
    found, said = with_embeddings(
        workspace, table, note, features="shared+mert", needed=BOTH, voice=Ear()
    )
    assert found.spec == joined_spec(table.spec, SPEC)
    assert list(found.features) == list(found.spec.features)
    assert found.features["loud"].equals(table.features["loud"])
    assert found.features["mert_0000_mean"].iloc[3] == 103
    assert [origin.extractor for origin in said.origins] == ["toy", "mert"]
    assert said.notes["sources"]["deam"]["extractors"] == {"toy": 1, "mert": 3}


def test_what_networks_predict_is_joined_like_embeddings(
    workspace: Workspace, table: LabelledTable, note: TableNote
) -> None:
    spec = dataclasses.replace(
        SPEC,
        descriptors="genre/mel-cnn@c0ffee/platt",
        features=("genre_dub", "genre_jazz"),
        parameters=(("genre_.chunk_s", 5.0), ("genre_.rate_hz", 24_000.0)),
    )
    store(workspace, table, "user", spec=spec)
    wanted = frozenset({"user"})
    ear = Ear()
    found, _ = with_embeddings(
        workspace, table, note, features="shared+genre", needed=wanted, voice=ear
    )
    assert ear.said == ["deam: left out, it has no genre features (zoneclf deep genre predict)"]
    assert found.spec == joined_spec(table.spec, spec)
    assert len(stored_embeddings(workspace, found.spec)) == 6
    with pytest.raises(TableError, match=r"dataset/affect: holds no affect features"):
        with_embeddings(workspace, table, note, features="affect", needed=frozenset(), voice=Ear())


def test_a_needed_source_must_have_them(
    workspace: Workspace, table: LabelledTable, note: TableNote
) -> None:
    def join(needed: frozenset[str]) -> LabelledTable:
        return with_embeddings(workspace, table, note, features="mert", needed=needed, voice=ear)[0]

    ear = Ear()
    with pytest.raises(TableError, match=r"deam\.parquet: is not there; run zoneclf deep embed"):
        join(BOTH)
    store(workspace, table, "user")
    with pytest.raises(
        TableError, match=r"--source deam --model x/y --revision c0ffee --layer all"
    ):
        join(BOTH)
    assert set(join(frozenset({"user"})).source) == {"user"}
    assert ear.said == ["deam: left out, it has no mert features (zoneclf deep embed)"]


def test_tracks_that_lack_one(workspace: Workspace, table: LabelledTable, note: TableNote) -> None:
    def join(needed: frozenset[str]) -> LabelledTable:
        return with_embeddings(workspace, table, note, features="mert", needed=needed, voice=ear)[0]

    ear = Ear()
    store(workspace, table, "user", without=2)
    store(workspace, table, "deam", silent=1)
    with pytest.raises(TableError, match=r"lacks 2 of 6 tracks \(first /music/track 0\.mp3\); run"):
        join(BOTH)
    ear.said.clear()
    found = join(frozenset({"deam"}))
    assert ear.said == ["deam: 1 labelled tracks have no sound to describe, left out"]
    assert found.about["track_id"].tolist() == [
        f"0-{number:04}" for number in (2, 3, 4, 5, 7, 8, 9, 10, 11)
    ]


def test_embeddings_of_two_revisions_are_not_mixed(
    workspace: Workspace, table: LabelledTable, note: TableNote
) -> None:
    other = dataclasses.replace(SPEC, descriptors="mert/x/y@beef/layerall/mean")
    store(workspace, table, "user")
    store(workspace, table, "deam", spec=other)
    with pytest.raises(TableError, match=r"user\.parquet: was made otherwise than deam's \(desc"):
        with_embeddings(workspace, table, note, features="mert", needed=BOTH, voice=Ear())


def test_what_is_asked_about_must_be_of_the_models_spec(
    workspace: Workspace, table: LabelledTable
) -> None:
    assert not len(stored_embeddings(workspace, SPEC))
    store(workspace, table, "user", silent=1)
    other = dataclasses.replace(SPEC, descriptors="mert/x/y@beef/layerall/mean")
    store(workspace, table, "deam", spec=other)
    for spec in (SPEC, joined_spec(table.spec, SPEC)):
        found = stored_embeddings(workspace, spec)
        assert list(found.index) == [f"0-{number:04}" for number in range(1, 6)]
    assert len(stored_embeddings(workspace, other)) == 6
    names = ("wav2vec2_0000_mean", "wav2vec2_0001_mean")
    store(workspace, table, "deam", spec=dataclasses.replace(SPEC, features=names))
    assert list(stored_embeddings(workspace, SPEC).index) == list(found.index)
