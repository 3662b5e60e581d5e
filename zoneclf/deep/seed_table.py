"""Tables of runs side by side: a score of several seeds is their mean, with its spread."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")
# Column, its title, decimals, and what picks its value from a run.
Columns = Mapping[str, tuple[str, int, Callable[[T], float | None]]]


def means_of(runs: Sequence[T], columns: Columns[T]) -> dict[str, float | None]:
    """Return the mean of each column over runs that differ in their seed alone.

    Of several, ``<column>_sd`` is their standard deviation.  None where nothing is defined.
    """
    row: dict[str, float | None] = {}
    for name, (_, _, pick) in columns.items():
        values = [value for one in runs if (value := pick(one)) is not None]
        row[name] = float(np.mean(values)) if values else None
        if len(runs) > 1:
            row[f"{name}_sd"] = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return row


def as_markdown(rows: Sequence[Mapping[str, Any]], first: str, columns: Columns[Any]) -> str:
    """Return rows as a table in Markdown; the column `first` names them."""
    titles = [first, *(title for title, _, _ in columns.values())]
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    for row in rows:
        cells = [_text(row, name, digits) for name, (_, digits, _) in columns.items()]
        lines.append("| " + " | ".join([str(row[first]), *cells]) + " |")
    return "\n".join(lines) + "\n"


def _text(row: Mapping[str, Any], name: str, digits: int) -> str:
    if row[name] is None:
        return ""
    spread = row.get(f"{name}_sd")
    return f"{row[name]:.{digits}f}" + (f" ± {spread:.{digits}f}" if spread is not None else "")
