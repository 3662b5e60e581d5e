"""Specs and tables of embeddings, as the core reads them."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from zoneclf.errors import SettingsError, TableError
from zoneclf.store import Origin, TableNote, TableSpec, write_table
from zoneclf.tracks.embeddings import (
    KINDS,
    command_for,
    embedded_part,
    has_embeddings,
    has_others,
    joined_spec,
    read_embeddings,
)
from zoneclf.tracks.families import meaning_of
from zoneclf.tracks.sets import DEAM236, features_of, neural_kind, require_set

COMMIT = "a" * 40
MERT = TableSpec(
    level="tracks",
    descriptors=f"mert/m-a-p/MERT-v1-95M@{COMMIT}/layer7/mean",
    window_s=5.0,
    hop_s=5.0,
    rate_hz=24_000,
    features=("mert_0000_mean", "mert_0001_mean"),
    parameters=(("mert_.chunk_s", 5.0), ("mert_.rate_hz", 24_000.0)),
)
FRAMES = TableSpec(
    level="tracks",
    descriptors="frames/1",
    window_s=1.0,
    hop_s=0.5,
    rate_hz=44_100,
    features=("tempo", "drop_count"),
    parameters=(("drop_.contrast", 0.5),),
)


def test_what_is_joined_can_be_told_apart_again() -> None:
    both = joined_spec(FRAMES, MERT)
    assert both.features == (*FRAMES.features, *MERT.features)
    assert embedded_part(both) == MERT
    assert embedded_part(MERT) == MERT
    assert embedded_part(both.select(["tempo", "mert_0001_mean"])).features == ("mert_0001_mean",)
    assert (has_embeddings(both), has_others(both)) == (True, True)
    assert (has_embeddings(MERT), has_others(MERT)) == (True, False)
    assert (has_embeddings(FRAMES), has_others(FRAMES)) == (False, True)


def test_another_revision_is_another_spec() -> None:
    import dataclasses

    other = dataclasses.replace(MERT, descriptors=MERT.descriptors.replace("aaa", "bbb"))
    assert "descriptors" in joined_spec(FRAMES, MERT).difference(joined_spec(FRAMES, other))


def test_the_command_that_makes_them() -> None:
    expected = (
        f"zoneclf deep embed PATH... --model m-a-p/MERT-v1-95M --revision {COMMIT} --layer 7 "
        "--pooling mean --chunk 5"
    )
    assert command_for(joined_spec(FRAMES, MERT), "PATH...") == expected
    import dataclasses

    local = dataclasses.replace(MERT, descriptors="mert-remote/my mert@sha256-12/layerall/mean-std")
    found = command_for(local, "--source user")
    assert found.startswith("zoneclf deep embed --source user --model FOLDER --revision sha256-12 ")
    assert found.endswith(
        "--layer all --pooling mean-std --chunk 5 --trust-remote-code (FOLDER: that of my mert)"
    )


@pytest.mark.parametrize("name", ["mert", "deam236+mert", "common22+mert", "shared+mert"])
def test_sets_with_embeddings(name: str) -> None:
    assert require_set(name) == name
    assert neural_kind(name) == KINDS["mert"]
    with pytest.raises(SettingsError, match="run zoneclf deep embed"):
        features_of(name, DEAM236)


@pytest.mark.parametrize("name", ["+mert", "mert+", "mert+deam236", "mert+mert", "mertx", ""])
def test_names_that_are_no_set(name: str) -> None:
    with pytest.raises(SettingsError, match="must be one of"):
        require_set(name)


def test_columns_of_sets() -> None:
    present = (*DEAM236, "extra", "drop_count", *MERT.features)
    assert features_of("mert", present) == MERT.features
    assert features_of("deam236+mert", present) == (*DEAM236, *MERT.features)
    assert features_of("shared+mert", present) == (*DEAM236, "extra", *MERT.features)
    assert features_of("shared", present) == (*DEAM236, "extra")
    assert neural_kind("deam236") is None


def test_they_are_a_family_of_their_own() -> None:
    assert meaning_of("mert_0016_mean").words == "dimension 16 of MERT's embedding"
    assert meaning_of("mert_0016_std").family == "mert"
    assert meaning_of("genre_dub techno").words == "probability of the genre dub techno"
    assert meaning_of("affect_valence_mean").words == "valence by a neural network"
    assert meaning_of("affect_arousal_sd").family == "affect"
    assert meaning_of("wav2vec2_0016_mean").words == "dimension 16 of wav2vec 2.0's embedding"
    for kind in KINDS.values():
        assert meaning_of(f"{kind.prefix}0001_mean").family in (kind.name, "other")


GENRE = TableSpec(
    level="tracks",
    descriptors="genre/mel-cnn@0123456789abcdef/platt",
    window_s=30.0,
    hop_s=30.0,
    rate_hz=22_050,
    features=("genre_dub", "genre_jazz"),
    parameters=(("genre_.chunk_s", 30.0), ("genre_.rate_hz", 22_050.0)),
)


def test_predictions_of_a_network_are_features_like_embeddings(tmp_path: Path) -> None:
    assert embedded_part(joined_spec(FRAMES, GENRE)) == GENRE
    said = command_for(GENRE, "--source user")
    assert said.startswith("zoneclf deep genre predict RUN --source user (RUN: the one whose")
    assert "0123456789abcdef" in said
    present = (*DEAM236, *GENRE.features)
    assert features_of("deam236+genre", present) == present
    assert features_of("genre", present) == GENRE.features
    assert features_of("shared", present) == DEAM236
    with pytest.raises(SettingsError, match="no affect features; run zoneclf deep affect predict"):
        features_of("deam236+affect", present)
    path = write(tmp_path / "a.parquet", np.ones((1, 2), np.float32), GENRE)
    assert list(read_embeddings(path, KINDS["genre"])[0]) == list(GENRE.features)
    with pytest.raises(TableError, match="is no table of affect features"):
        read_embeddings(path, KINDS["affect"])


def write(path: Path, values: np.ndarray, spec: TableSpec = MERT) -> Path:
    ids = [f"t{row}" for row in range(len(values))]
    columns = [pa.array(ids), *(pa.array(column, from_pandas=True) for column in values.T)]
    table = pa.table(columns, names=["track_id", *spec.features])
    note = TableNote(spec=spec, origins=(Origin(extractor="mert", extractor_version=1),))
    write_table(table, note, path)
    return path


def test_reading_a_table(tmp_path: Path) -> None:
    values = np.array([[1, 2], [np.nan, np.nan]], np.float32)
    found, note = read_embeddings(write(tmp_path / "a.parquet", values), KINDS["mert"])
    assert note.spec == MERT
    assert list(found.index) == ["t0", "t1"]
    assert list(found.dropna().index) == ["t0"]
    with pytest.raises(TableError, match="not finite"):
        read_embeddings(
            write(tmp_path / "b.parquet", np.array([[1, np.inf]], np.float32)), KINDS["mert"]
        )
    with pytest.raises(TableError, match="not finite"):
        read_embeddings(
            write(tmp_path / "b.parquet", np.array([[1, np.nan]], np.float32)), KINDS["mert"]
        )
    with pytest.raises(TableError, match="is no table of mert features"):
        read_embeddings(
            write(tmp_path / "c.parquet", np.ones((1, 2), np.float32), FRAMES), KINDS["mert"]
        )
