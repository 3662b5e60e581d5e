"""One part of a report: what it adds to metrics.json, its files, and what the page shows of it.

A chapter named ``shift`` is shown by the template ``chapters/shift.html.j2``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Chapter:
    """One part of a report.

    `short` is the chapter in one sentence, for the top of the page; `metrics` goes into
    ``metrics.json`` under the chapter's name; `tables` and `pictures` (PNG) become files by these
    names; `page` is what the template is given, `pictures` beside it.
    """

    name: str
    short: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    page: Mapping[str, Any] = field(default_factory=dict)


def finite(value: Any) -> Any:
    """Return plain values for JSON: numbers that are none as null."""
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    return value


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table's rows as plain values for JSON, missing ones as null."""
    rows = table.to_dict("records")
    return [finite({str(name): _plain(row[name]) for name in row}) for row in rows]


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
