"""``reference.json``: where a track lies among those a model learnt from, feature by feature.

A few quantiles of every feature are stored beside the model, so that `predict` can say "louder
than 9 of 10"; no track can be told from them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from zoneclf.labels.table import LabelledTable

REFERENCE = "reference.json"
_LEVELS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
_MIDDLE = 0.5


@dataclass(frozen=True)
class Reference:
    """Quantiles of features at `levels`, over `tracks` tracks of `sources`."""

    levels: tuple[float, ...]
    quantiles: Mapping[str, tuple[float, ...]]
    tracks: int
    sources: tuple[str, ...]

    @property
    def middle(self) -> dict[str, float]:
        """Each feature's median."""
        place = self.levels.index(_MIDDLE)
        return {name: values[place] for name, values in self.quantiles.items()}

    def share_below(self, feature: str, value: float) -> float:
        """Return the share of the tracks that are surely below the value, from 0 to 1."""
        below = np.asarray(self.quantiles[feature]) < value
        return self.levels[int(below.sum()) - 1] if below.any() else 0.0

    def share_above(self, feature: str, value: float) -> float:
        """Return the share of the tracks that are surely above the value, from 0 to 1."""
        above = np.asarray(self.quantiles[feature]) > value
        return 1 - self.levels[int(np.argmax(above))] if above.any() else 0.0

    def text(self) -> str:
        """Return it as JSON, one feature per line."""
        rows = [
            f"    {json.dumps(name)}: {json.dumps([float(f'{value:.5g}') for value in values])}"
            for name, values in self.quantiles.items()
        ]
        about = {"levels": self.levels, "tracks": self.tracks, "sources": self.sources}
        head = json.dumps(about, indent=2).removesuffix("\n}")
        return head + ',\n  "quantiles": {\n' + ",\n".join(rows) + "\n  }\n}\n"


def reference_of(table: LabelledTable, own: frozenset[str]) -> Reference:
    """Return the reference of the user's tracks in a training table; of all if there are none.

    A value that a track lacks (tempo) is passed over; a feature that all lack is 0.
    """
    mine = np.isin(table.source, list(own))
    used = table.take(mine) if mine.any() else table
    values = used.features.astype(np.float64)
    found = values.quantile(list(_LEVELS)).fillna(0.0)
    quantiles = {str(name): tuple(map(float, found[name])) for name in found}
    sources = tuple(map(str, np.unique(used.source)))
    return Reference(_LEVELS, quantiles, len(used), sources)


def reference_from(text: str) -> Reference:
    """Return the reference that a file holds.

    Raises
    ------
    ValueError, KeyError, TypeError, AttributeError
        If it holds none.
    """
    raw = json.loads(text)
    levels = tuple(map(float, raw["levels"]))
    quantiles = {str(name): tuple(map(float, row)) for name, row in raw["quantiles"].items()}
    table = np.array(list(quantiles.values()), dtype=np.float64).reshape(len(quantiles), -1)
    if _MIDDLE not in levels or not (np.diff(levels) > 0).all():
        raise ValueError("its levels do not rise")
    if not np.isfinite(table).all() or (np.diff(table, axis=1) < 0).any():
        raise ValueError("its quantiles do not rise")
    if any(len(row) != len(levels) for row in quantiles.values()):
        raise ValueError("it has other levels than quantiles")
    return Reference(levels, quantiles, int(raw["tracks"]), tuple(map(str, raw["sources"])))
