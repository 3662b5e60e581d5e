"""Tables of means per song, such as those that circulate of DEAM."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zoneclf.errors import TableError
from zoneclf.tracks.song_table import read_song_table
from zoneclf.tracks.track_table import ABOUT, TrackTable

ZCR, MFCC = "pcm_zcr_sma_amean", "pcm_fftMag_mfcc_sma[1]_amean"
TEXT = f"song_id,title,{ZCR},{MFCC}\n2,a,0.25,-3.5\n10,b,0.5,4\n"


def read(path: Path, content: str | bytes = TEXT, **options: object) -> TrackTable:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_song_table(path, **{"id_column": "song_id", "renamed": {}, **options})


@pytest.mark.parametrize("separator", [",", "\t", ";"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_known_columns_become_means(tmp_path: Path, separator: str, mark: str) -> None:
    table = read(tmp_path / "songs.csv", mark + TEXT.replace(",", separator))
    features = ("pcm_zcr_sma_amean_mean", "pcm_fftMag_mfcc_sma(1)_amean_mean")
    assert table.spec.features == features
    assert tuple(table.rows.columns) == (*ABOUT, *features)
    np.testing.assert_allclose(table.rows[list(features)], [[0.25, -3.5], [0.5, 4]])
    assert list(table.rows["name"]) == ["2", "10"]
    assert table.rows["track_id"].is_unique
    assert set(table.rows["status"]) == {"ok"}


def test_parquet_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "songs.parquet"
    pd.DataFrame({"song_id": [2, 3], ZCR: [0.1, 0.2]}).to_parquet(path)
    table = read_song_table(path, id_column="song_id", renamed={})
    np.testing.assert_allclose(table.rows[f"{ZCR}_mean"], [0.1, 0.2])


def test_other_names_are_mapped(tmp_path: Path) -> None:
    table = read(
        tmp_path / "a.csv", "id,zcr\n1,0.5\n", id_column="id", renamed={"zcr": "pcm_zcr_sma_amean"}
    )
    assert table.spec.features == ("pcm_zcr_sma_amean_mean",)


def test_a_separator_at_the_end_of_each_row_shifts_nothing(tmp_path: Path) -> None:
    trailing = TEXT.replace("-3.5", "-3.5,").replace("0.5,4", "0.5,4,")
    pd.testing.assert_frame_equal(
        read(tmp_path / "a.csv", trailing).rows, read(tmp_path / "a.csv").rows
    )


def test_voicing_deltas_are_left_out(tmp_path: Path) -> None:
    table = read(
        tmp_path / "a.csv", f"song_id,{ZCR},F0final_sma_de_amean,F0final_sma_amean\n1,1,2,3\n"
    )
    assert table.spec.features == ("pcm_zcr_sma_amean_mean", "F0final_sma_amean_mean")


def test_the_rows_are_not_for_commercial_use(tmp_path: Path) -> None:
    assert read(tmp_path / "a.csv").note.licence == "non-commercial"


BAD = {
    "no column 'song_id'": TEXT.replace("song_id", "track"),
    "song_id 2 stands twice": TEXT.replace("10", "2"),
    "a row has no song_id": TEXT.replace("10", ""),
    "no column has an openSMILE name": "song_id,tempo\n1,120\n",
    f"column '{ZCR}' holds values that are not numbers": TEXT.replace("0.25", "loud"),
    "rows have more fields than the header names": f"song_id,{ZCR}\n1,0.5,9\n2,0.5,9\n",
    "cannot be read as a table": b"\xff\xfe\x00\xd8 song_id",
}


@pytest.mark.parametrize(("message", "content"), BAD.items(), ids=BAD.keys())
def test_a_damaged_table_is_refused(tmp_path: Path, message: str, content: str | bytes) -> None:
    with pytest.raises(TableError, match=rf"songs\.csv: {message}"):
        read(tmp_path / "songs.csv", content)


@pytest.mark.parametrize("value", ["", "nan", "inf"])
def test_missing_and_infinite_values_are_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(TableError, match="holds values that are not numbers"):
        read(tmp_path / "a.csv", TEXT.replace("0.25", value))


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="cannot be read as a table"):
        read(tmp_path / "a.csv", b"")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="cannot be read as a table"):
        read_song_table(tmp_path / "gone.csv", id_column="song_id", renamed={})


def test_two_columns_of_one_meaning_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="two columns stand for the same feature"):
        read(tmp_path / "a.csv", TEXT, renamed={"title": ZCR})


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "id_column", "features"),
    [("deam_features_74.csv", "track_id", 74), ("specteral_data.csv", "song_id", 124)],
)
def test_the_song_tables_that_circulate_are_read(
    real_data: Path, name: str, id_column: str, features: int
) -> None:
    path = real_data / "deam" / "song_level" / name
    table = read_song_table(path, id_column=id_column, renamed={})
    assert table.rows.shape == (1802, len(ABOUT) + features)
    assert len(table.spec.features) == features


@pytest.mark.real_data
def test_both_song_tables_tell_the_same_of_a_song(real_data: Path) -> None:
    folder = real_data / "deam" / "song_level"
    narrow = read_song_table(folder / "deam_features_74.csv", id_column="track_id", renamed={})
    wide = read_song_table(folder / "specteral_data.csv", id_column="song_id", renamed={})
    ours = narrow.rows.set_index("name")["pcm_RMSenergy_sma_amean_mean"]
    theirs = wide.rows.set_index("name")["pcm_RMSenergy_sma_amean_mean"]
    assert ours.index.symmetric_difference(theirs.index).empty
    np.testing.assert_allclose(ours.sort_index(), theirs.sort_index(), rtol=1e-5)
