"""What stands in a cell of a CSV file that may be opened in a spreadsheet."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from zoneclf.console import printable

# What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(value: Any) -> Any:
    """Return a value as one line: a text that would be run gets an apostrophe, floats 6 digits."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if not isinstance(value, str):
        return value
    shown = printable(value).replace("\n", " ")
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as CSV with a header; texts that a spreadsheet would run get an apostrophe."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: cell(value) for name, value in row.items()})
    return text.getvalue()
