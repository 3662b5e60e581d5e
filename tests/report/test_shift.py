"""Standardised difference of two sets of tracks."""

import pandas as pd
import pytest

from zoneclf.report.shift import standardised_difference


def test_the_difference_is_in_pooled_standard_deviations() -> None:
    first = pd.DataFrame({"a": [0.0, 2.0], "b": [1.0, 1.0]})
    second = pd.DataFrame({"a": [3.0, 5.0], "b": [1.0, 1.0]})
    found = standardised_difference(first, second)
    assert found["a"] == pytest.approx(3 / 2**0.5)
    assert "b" not in found  # without spread


def test_equal_sets_do_not_differ() -> None:
    table = pd.DataFrame({"a": [0.0, 2.0, 5.0]})
    assert standardised_difference(table, table)["a"] == 0
