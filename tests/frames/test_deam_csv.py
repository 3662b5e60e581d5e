"""DEAM's feature files, written here from synthesised sound, and read back."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zoneclf.errors import LabelError
from zoneclf.frames.columns import DEAM_COLUMNS, FRAME_COLUMNS, VOICING_COLUMNS, opensmile_of
from zoneclf.frames.deam_csv import COLUMNS, DeamCsvReader, feature_files, reader_for
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor
from zoneclf.frames.rows import rounded

SEGMENTS = {7: (2.0, 5.0), 1000: (1.0, 4.0)}
DURATION_S = 8.0


@pytest.fixture(scope="module")
def rows(chirp: Callable, rows_of: Callable) -> np.ndarray:
    """The 236 columns of a sound of 8 s, rounded as frames are."""
    return rounded(rows_of(NativeExtractor(FrameGrid()), chirp(DURATION_S)))


@pytest.fixture
def table(rows: np.ndarray) -> pd.DataFrame:
    """DEAM's 260 columns: the sound's, and numbers that tell the voicing columns apart."""
    names = {opensmile_of(name): rows[:, place] for place, name in enumerate(FRAME_COLUMNS)}
    filled = {
        name: names.get(name, np.full(len(rows), float(place)))
        for place, name in enumerate(DEAM_COLUMNS)
    }
    return pd.DataFrame({"frameTime": np.arange(len(rows)) * 0.5, **filled})


@pytest.fixture
def write(tmp_path: Path) -> Callable[[pd.DataFrame, int], Path]:
    """Write a feature file as DEAM does."""

    def save(table: pd.DataFrame, song: int) -> Path:
        path = tmp_path / "features" / f"{song}.csv"
        path.parent.mkdir(exist_ok=True)
        table.to_csv(path, sep=";", index=False)
        return path

    return save


def test_a_whole_song_comes_back_as_it_was_written(
    table: pd.DataFrame, rows: np.ndarray, write: Callable
) -> None:
    take = DeamCsvReader({}).read(write(table, 1001), "1001")
    assert take.frames is not None
    np.testing.assert_array_equal(take.frames.rows[:, : len(FRAME_COLUMNS)], rows)
    np.testing.assert_allclose(take.frames.start_s, np.arange(len(rows)) * 0.5)
    assert (take.facts.status, take.facts.frame_count) == ("ok", len(rows))
    assert take.facts.duration_s == pytest.approx(len(rows) * 0.5 + 0.5)


def test_voicing_columns_are_found_by_name(table: pd.DataFrame, write: Callable) -> None:
    shuffled = table[list(reversed(table.columns))]
    take = DeamCsvReader({}).read(write(shuffled, 1001), "1001")
    assert take.frames is not None
    expected = [DEAM_COLUMNS.index(opensmile_of(name)) for name in VOICING_COLUMNS]
    np.testing.assert_array_equal(take.frames.rows[0, len(FRAME_COLUMNS) :], expected)


@pytest.mark.parametrize("song", [7, 1000])
def test_songs_up_to_1000_are_cut_to_their_segment(
    table: pd.DataFrame, rows: np.ndarray, write: Callable, song: int
) -> None:
    take = DeamCsvReader(SEGMENTS).read(write(table, song), str(song))
    assert take.frames is not None
    start_s, end_s = SEGMENTS[song]
    assert take.frames.start_s[0] == start_s
    assert take.frames.start_s[-1] + 1.0 == end_s
    first = round(start_s / 0.5)
    np.testing.assert_allclose(
        take.frames.rows[:, : len(FRAME_COLUMNS)], rows[first : first + 5], rtol=1e-6
    )
    assert take.facts.duration_s == pytest.approx(3.0)


def test_a_song_without_a_segment_has_no_frames(table: pd.DataFrame, write: Callable) -> None:
    take = DeamCsvReader(SEGMENTS).read(write(table, 8), "8")
    assert (take.facts.status, take.frames) == ("bad_table", None)
    assert "song 8 has no segment" in take.facts.reason


def test_a_file_that_ends_before_the_segment_has_no_frames(
    table: pd.DataFrame, write: Callable
) -> None:
    take = DeamCsvReader(SEGMENTS).read(write(table.iloc[:4], 7), "7")
    assert (take.facts.status, take.frames) == ("bad_table", None)
    assert "no row lies inside" in take.facts.reason


def without_columns(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns=["pcm_zcr_sma_amean", "pcm_zcr_sma_stddev"])


def with_nan(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(pcm_zcr_sma_amean=np.nan)


def with_text(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(pcm_zcr_sma_amean="0,5")


def with_infinity(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(pcm_zcr_sma_amean=np.inf)


def with_gap(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(index=3)


def on_another_grid(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(frameTime=table["frameTime"] * 2)


def without_rows(table: pd.DataFrame) -> pd.DataFrame:
    return table.iloc[:0]


@pytest.mark.parametrize(
    ("damaged", "reason"),
    [
        (without_columns, "2 columns are missing, first pcm_zcr"),
        (with_nan, "not numbers"),
        (with_text, "not numbers"),
        (with_infinity, "not numbers"),
        (with_gap, "frameTime does not advance by 0.5 s"),
        (on_another_grid, "frameTime does not advance by 0.5 s"),
        (without_rows, "not numbers"),
    ],
)
def test_a_damaged_table_is_a_status_with_a_reason(
    table: pd.DataFrame, write: Callable, damaged: Callable, reason: str
) -> None:
    take = DeamCsvReader({}).read(write(damaged(table), 1001), "1001")
    assert (take.facts.status, take.frames) == ("bad_table", None)
    assert reason in take.facts.reason


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\0\0", b"a;b\n1;2;3\n1;2\n", b"plain text\n"])
def test_a_file_that_is_no_table_is_a_status(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "1001.csv"
    path.write_bytes(content)
    assert DeamCsvReader({}).read(path, "1001").facts.status == "bad_table"


def test_a_file_that_is_gone_is_a_status(tmp_path: Path) -> None:
    assert DeamCsvReader({}).read(tmp_path / "1001.csv", "1001").facts.status == "bad_table"


def test_feature_files_are_named_by_number(table: pd.DataFrame, write: Callable) -> None:
    path = write(table, 1001)
    (path.parent / "notes.csv").touch()
    (path.parents[1] / "12.csv").touch()
    assert feature_files(path.parents[1]) == [path]


def test_a_folder_without_feature_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match=r"no features/<song id>\.csv below it"):
        reader_for(tmp_path)


def test_segments_are_required_only_where_songs_are_cut(
    table: pd.DataFrame, write: Callable, tmp_path: Path
) -> None:
    write(table, 1001)
    assert reader_for(tmp_path).segments == {}
    write(table, 2)
    with pytest.raises(LabelError, match=r"songs_info_2013\.csv is not below it"):
        reader_for(tmp_path)


def test_the_rows_are_opensmiles_and_so_not_for_commercial_use() -> None:
    reader = DeamCsvReader({})
    assert reader.origin.licence == "non-commercial"
    assert reader.spec.features == COLUMNS


@pytest.mark.real_data
def test_a_file_of_deam_has_the_columns_that_are_read(real_data: Path) -> None:
    names = (real_data / "deam" / "deam_260_columns.txt").read_text().split()
    assert {opensmile_of(column) for column in COLUMNS} < set(names)
