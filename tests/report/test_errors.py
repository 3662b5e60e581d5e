"""Mistakes in order, and CSV cells that no spreadsheet runs."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneclf.labels.table import LabelledTable
from zoneclf.report.errors import cell, mistakes, prediction_rows, spreadsheet_safe
from zoneclf.report.evaluation import on_holdout

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


@pytest.mark.parametrize(
    "text", ["=cmd()", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x")']
)
def test_formulas_become_text(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["Ondine - Over Water", "", "'=1", -3, 0.5, None, True])
def test_other_values_stay(value: object) -> None:
    assert cell(value) is value


@given(st.text(alphabet="=+-@\t\r' aé1"))
def test_no_cell_begins_like_a_formula_and_none_is_lost(text: str) -> None:
    found = cell(text)
    assert not found.startswith(DANGEROUS)
    assert found.removeprefix("'") == text.removeprefix("'")


def test_a_whole_table_is_made_safe() -> None:
    table = pd.DataFrame({"name": ["=cmd()", "plain"], "zone": ["+GREEN", "GREEN"], "p": [-0.5, 1]})
    safe = spreadsheet_safe(table)
    assert safe["name"].tolist() == ["'=cmd()", "plain"]
    assert safe["zone"].tolist() == ["'+GREEN", "GREEN"]
    assert safe["p"].tolist() == [-0.5, 1.0]


def test_mistakes_are_the_wrong_ones_worst_first(
    make_table: Callable[..., LabelledTable],
) -> None:
    table = make_table(6)  # zones 0 1 2 0 1 2
    shares = np.array(
        [
            [0.9, 0.05, 0.05],
            [0.6, 0.3, 0.1],
            [0.5, 0.3, 0.2],
            [0.1, 0.2, 0.7],
            [0.05, 0.9, 0.05],
            [0.05, 0.9, 0.05],
        ],
        dtype=np.float32,
    )
    rows = prediction_rows(on_holdout(table, shares))
    assert len(rows) == 6
    assert rows["predicted"].tolist()[:3] == ["YELLOW", "YELLOW", "YELLOW"]
    np.testing.assert_array_equal(rows[["p_YELLOW", "p_GREEN", "p_PURPLE"]], shares)
    wrong = mistakes(rows)
    assert wrong["name"].tolist() == ["track 3", "track 2", "track 5", "track 1"]
    assert wrong["zones_apart"].tolist() == [2, 2, 1, 1]
    assert (wrong["zone"] != wrong["predicted"]).all()
