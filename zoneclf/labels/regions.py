"""A zone rule as cells of the arousal/valence plane, and how much of an uncertain point each has.

Every threshold of the rule cuts the plane; between two neighbours on both axes the zone is one.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from zoneclf.labels.zones import SCALE, ZoneMap

Values = npt.NDArray[np.float64]
# Points by which each stretch of arousal is stood for; 8 are right to 1e-3 at a correlation of .9.
_POINTS = 8
_SMALLEST = 1e-12


@dataclass(frozen=True)
class ZoneRegions:
    """Where a rule changes along arousal and valence, and the zone code of every cell.

    `codes` has a row for each stretch of arousal and a column for each stretch of valence, one
    more than there are edges: the outermost reach to infinity, so an estimate off the scale counts
    as its end.
    """

    arousal_edges: tuple[float, ...]
    valence_edges: tuple[float, ...]
    codes: tuple[tuple[int, ...], ...]
    zone_count: int

    def shares(self, mean: Values, covariance: Values) -> Values:
        """Return the probability of each zone for normally distributed points.

        Parameters
        ----------
        mean
            Arousal and valence, shape (tracks, 2).
        covariance
            Shape (2, 2), or (tracks, 2, 2).

        Returns
        -------
        numpy.ndarray
            Shape (tracks, zones), rows summing to 1.
        """
        spread = np.broadcast_to(covariance, (len(mean), 2, 2))
        deviation = np.sqrt(np.maximum(spread[:, 0, 0], _SMALLEST))
        slope = spread[:, 0, 1] / deviation**2
        rest = np.sqrt(np.maximum(spread[:, 1, 1] - slope**2 * deviation**2, _SMALLEST))
        below = _below(self.arousal_edges, mean[:, 0], deviation)
        shares = np.zeros((len(mean), self.zone_count))
        for row, codes in enumerate(self.codes):
            width = below[:, row + 1] - below[:, row]
            for point in range(_POINTS):
                level = below[:, row] + width * (point + 0.5) / _POINTS
                away = ndtri(np.clip(level, _SMALLEST, 1 - _SMALLEST)) * deviation
                cells = np.diff(_below(self.valence_edges, mean[:, 1] + slope * away, rest), axis=1)
                for column, code in enumerate(codes):
                    shares[:, code] += cells[:, column] * width / _POINTS
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def regions_of(zones: ZoneMap) -> ZoneRegions:
    """Return the cells of a rule; what lies on an edge has no probability."""
    edges = [axis[1:-1] for axis in zones.thresholds()]
    arousal, valence = (_middles(axis) for axis in zones.thresholds())
    grid = np.meshgrid(arousal, valence, indexing="ij")
    codes = zones.codes(*grid)
    return ZoneRegions(
        edges[0], edges[1], tuple(tuple(map(int, row)) for row in codes), len(zones.names)
    )


def regions_from(raw: dict[str, Any]) -> ZoneRegions:
    """Return the cells that a model's card holds.

    Raises
    ------
    ValueError, KeyError, TypeError
        If they do not fit each other.
    """
    edges = [tuple(map(float, raw[name])) for name in ("arousal_edges", "valence_edges")]
    codes = tuple(tuple(map(int, row)) for row in raw["codes"])
    count = int(raw["zone_count"])
    shape = (len(edges[0]) + 1, len(edges[1]) + 1)
    ordered = all(list(axis) == sorted(set(axis)) for axis in edges)
    inside = all(0 <= code < count for row in codes for code in row)
    if (
        not ordered
        or not inside
        or (len(codes), {len(row) for row in codes})
        != (
            shape[0],
            {shape[1]},
        )
    ):
        raise ValueError("the rule's cells do not fit its edges")
    return ZoneRegions(edges[0], edges[1], codes, count)


def _below(edges: tuple[float, ...], mean: Values, deviation: Values) -> Values:
    """Return the probability below each edge, 0 first and 1 last, shape (tracks, edges + 2)."""
    inner = ndtr((np.array(edges)[None, :] - mean[:, None]) / deviation[:, None])
    ends = np.zeros((len(mean), 1))
    return np.concatenate([ends, inner, ends + 1], axis=1)


def _middles(axis: tuple[float, ...]) -> Values:
    assert (axis[0], axis[-1]) == SCALE
    points = np.array(axis)
    return np.asarray((points[1:] + points[:-1]) / 2)
