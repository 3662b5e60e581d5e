"""Predictions stretched to the spread that is true: variance matching, fitted on validation tracks.

A line per dimension brings mean and standard deviation of the predicted to those of the true.  It
changes neither order nor correlation.  With correlation r and nothing else wrong, concordance
rises from 2 r^2 / (1 + r^2) to r, while R2 falls from r^2 to 2 r - 1, which is (1 - r)^2 less: the
price of saying extremes aloud.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zoneclf.deep.affect.affect_set import HIGHEST, LOWEST, NAMES
from zoneclf.deep.affect.agreement import Floats
from zoneclf.deep.strict import MisfitError, build
from zoneclf.errors import ModelError

METHOD = "variance-matching"
# Predictions with less of the true spread say nothing that could be stretched.
_LEAST_SHARE = 0.01


@dataclass(frozen=True, kw_only=True)
class Rescale:
    """A line per dimension, `scale` times the predicted plus `shift`, fitted on so many tracks."""

    scale: tuple[float, ...]
    shift: tuple[float, ...]
    split: str
    tracks: int
    method: str = METHOD

    def __post_init__(self) -> None:
        if self.method != METHOD:
            raise MisfitError(f"method is {self.method!r}, known here is {METHOD}")
        if len(self.scale) != len(NAMES) or len(self.shift) != len(NAMES):
            raise MisfitError(f"scale and shift must have {len(NAMES)} numbers each")
        if not all(0 < one <= 1e6 for one in self.scale):
            raise MisfitError(f"scale is {list(self.scale)}; it must be above 0")

    def __call__(self, predicted: Floats) -> npt.NDArray[np.float32]:
        """Return the stretched values, shape (tracks, 2), within the scale 1 to 9."""
        stretched = predicted * np.array(self.scale) + np.array(self.shift)
        return bounded(stretched)

    def as_json(self) -> dict[str, Any]:
        """Return plain values, fit for a card."""
        return {**vars(self), "scale": list(self.scale), "shift": list(self.shift)}


def bounded(values: Floats) -> npt.NDArray[np.float32]:
    """Return values kept within the scale 1 to 9."""
    return np.clip(values, LOWEST, HIGHEST).astype(np.float32)


def fit_rescale(true: Floats, predicted: Floats, split: str) -> Rescale | None:
    """Return the rescaling that these tracks of `split` ask for, shape (tracks, 2) each.

    None where the predicted, or the true, hardly differ, so that there is nothing to match.
    """
    spread_t, spread_p = true.std(axis=0), predicted.std(axis=0)
    if not (spread_p > _LEAST_SHARE * spread_t).all() or not spread_t.all():
        return None
    scale = spread_t / spread_p
    shift = true.mean(axis=0) - scale * predicted.mean(axis=0)
    return Rescale(
        scale=tuple(float(one) for one in scale),
        shift=tuple(float(one) for one in shift),
        split=split,
        tracks=len(true),
    )


def rescale_from(raw: Mapping[str, Any] | None, where: str) -> Rescale | None:
    """Return what a card says of rescaling; None where it says nothing.

    Raises
    ------
    ModelError
        If what it says is damaged.
    """
    if raw is None:
        return None
    try:
        return build(Rescale, raw, "calibration")
    except MisfitError as error:
        raise ModelError(f"{where}: {error}; restore it or train again") from None
