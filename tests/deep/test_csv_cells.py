"""No cell of a CSV file is run by a spreadsheet."""

from typing import Any

import pytest

from zoneclf.deep.csv_cells import cell


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("@x", "'@x"),
        ("-x", "'-x"),
        ("two\nlines", "two lines"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("rock", "rock"),
        (-0.12345678, "-0.123457"),
        (3, 3),
        (None, None),
    ],
)
def test_cells(value: Any, shown: Any) -> None:
    assert cell(value) == shown
