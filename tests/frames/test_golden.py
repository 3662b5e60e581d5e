"""Numbers may not move silently: the rows of one sound, stored per version of the extractor.

``pytest --write-golden`` writes a file that does not exist; to change values, raise `version`.
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from zoneclf.frames.extractor import extract
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor

GOLDEN = Path(__file__).parents[1] / "golden"
DURATION_S = 2.6


def lines_of(table: dict[str, list[float]]) -> str:
    """Return JSON with one column per line."""
    lines = (f"{json.dumps(name)}: {json.dumps(values)}" for name, values in table.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def test_values_are_those_of_this_version(chirp: Callable, pytestconfig: pytest.Config) -> None:
    extractor = NativeExtractor(FrameGrid())
    path = GOLDEN / f"{extractor.name}-v{extractor.version}.json"
    rows = extract(extractor, [chirp(DURATION_S)], {}).rows
    if pytestconfig.getoption("--write-golden") and not path.exists():
        columns = [[float(f"{value:.7g}") for value in column] for column in rows.T]
        path.parent.mkdir(exist_ok=True)
        path.write_text(lines_of(dict(zip(extractor.features, columns, strict=True))))
    golden = json.loads(path.read_text())
    assert list(extractor.features) == list(golden)
    for column, (name, values) in zip(rows.T, golden.items(), strict=True):
        # The mean of a delta is small against what it was averaged from.
        atol = 1e-6 * max(map(abs, values)) + 1e-7
        np.testing.assert_allclose(column, values, rtol=1e-4, atol=atol, err_msg=name)
