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
    writer = csv.writer(text, lineterminator="\n")
    names = list(rows[0]) if rows else []
    writer.writerow([cell(name) for name in names])
    writer.writerows([cell(row.get(name, "")) for name in names] for row in rows)
    return text.getvalue()
