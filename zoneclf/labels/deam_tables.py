"""DEAM's CSV files as tables: padded names, ragged rows, values that must be numbers."""

from pathlib import Path

import numpy as np
import pandas as pd

from zoneclf.errors import LabelError


def require_even_lines(path: Path) -> None:
    """Refuse lines longer than the header, as decimals with a comma make them.

    Raises
    ------
    LabelError
        If a line is.
    """
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, 1):
        if line.count(",") > lines[0].count(","):
            raise LabelError(
                f"{path}:{number}: has more fields than the header; write decimals with a point"
            )


def numbers(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return values as numbers, indexed by whole song ids.

    Raises
    ------
    LabelError
        If a value or an id is no number.
    """
    try:
        return table.set_axis(table.index.astype(np.int64)).astype(float)
    except (ValueError, TypeError) as error:
        raise LabelError(f"{path}: holds what is no number ({error}); correct it") from error


def read_csv(path: Path) -> pd.DataFrame:
    """Read a file whose names are padded and whose rows may run out to the right.

    Raises
    ------
    LabelError
        If it cannot be read as CSV.
    """
    try:
        with path.open(encoding="utf-8", errors="replace") as stream:
            width = len(stream.readline().rstrip("\n").split(","))
        table = pd.read_csv(
            path,
            skipinitialspace=True,
            encoding="utf-8",
            encoding_errors="replace",
            usecols=range(width),
            on_bad_lines="skip",
            engine="c",
        )
    except (OSError, ValueError) as error:
        raise LabelError(f"{path}: cannot be read as CSV ({error})") from error
    return table.rename(columns=lambda name: str(name).strip())
