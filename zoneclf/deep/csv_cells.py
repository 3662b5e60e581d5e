"""What stands in a cell of a CSV file that may be opened in a spreadsheet."""

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
