"""Names of columns: DEAM's own, and those fit for XGBoost."""

from pathlib import Path

import pytest

from zoneclf.frames.columns import (
    DEAM_COLUMNS,
    FRAME_COLUMNS,
    LLDS,
    VOICING_COLUMNS,
    column_of,
    opensmile_of,
)


@pytest.mark.real_data
def test_names_and_their_order_are_those_of_deams_files(real_data: Path) -> None:
    names = (real_data / "deam" / "deam_260_columns.txt").read_text().split()
    assert list(DEAM_COLUMNS) == names


def test_as_many_columns_as_documented() -> None:
    assert (len(DEAM_COLUMNS), len(FRAME_COLUMNS), len(VOICING_COLUMNS)) == (260, 236, 12)
    assert len(FRAME_COLUMNS) == len(LLDS) * 4


@pytest.mark.parametrize("columns", [DEAM_COLUMNS, FRAME_COLUMNS, VOICING_COLUMNS])
def test_names_are_unique(columns: tuple[str, ...]) -> None:
    assert len(set(columns)) == len(columns)


@pytest.mark.parametrize("name", DEAM_COLUMNS)
def test_a_column_has_a_name_that_xgboost_takes_and_that_can_be_undone(name: str) -> None:
    assert not set("[]<") & set(column_of(name))
    assert opensmile_of(column_of(name)) == name


def test_all_of_deam_is_there_but_voicing_deltas() -> None:
    ours = {opensmile_of(column) for column in (*FRAME_COLUMNS, *VOICING_COLUMNS)}
    left_out = set(DEAM_COLUMNS) - ours
    assert ours < set(DEAM_COLUMNS)
    assert len(left_out) == 12
    assert all("_sma_de_" in name for name in left_out)
