"""Probabilities that mean what they say: a scale and a shift of each genre's logits.

In: a network's logits for tracks it has not learnt from (split ``calib``), shape (tracks, genres),
and their targets.  A genre's probability becomes ``sigmoid(scale x logit + shift)``:

- ``platt`` fits both (Platt, 1999).  Losses that weight positives move every logit up by about the
  logarithm of the weight, which only a shift can undo; so this is the default.
- ``temperature`` fits the scale alone, one over the temperature (Guo et al., ICML 2017).

First one scale and shift are fitted for all genres together.  Then each genre's own minimise its
log loss, summed over tracks, plus ``5 x ((log scale - log global)^2 + (shift - global)^2)``: a
normal prior around the global ones that weighs about as much as ten of a genre's tracks, so a rare
genre stays near the global and a frequent one goes its own way.  A genre that no track has, or all,
has the global ones.  Fewer than 20 tracks cannot tell anything: logits are left as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

from zoneclf.deep.genre.ranking import Bools, Values

METHODS = ("platt", "temperature")
FEWEST_TRACKS = 20
BINS = 10
# Tracks of a genre that weigh as much as the global scale and shift.
PRIOR_TRACKS = 10.0
_LARGEST_LOG_SCALE, _LARGEST_SHIFT = np.log(20.0), 12.0
_SMALLEST = 1e-7


@dataclass(frozen=True)
class Calibration:
    """Scale and shift of each genre's logits, in the order of the labels, and the global ones.

    `tracks` says how many tracks of each genre they were fitted on.
    """

    method: str
    scales: tuple[float, ...]
    shifts: tuple[float, ...]
    overall: tuple[float, float]
    tracks: tuple[int, ...]

    def probabilities(self, logits: npt.NDArray[Any]) -> Values:
        """Return calibrated probabilities, shape (tracks, genres)."""
        moved = logits.astype(np.float64) * np.array(self.scales) + np.array(self.shifts)
        return np.asarray(expit(moved))

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "method": self.method,
            "scales": list(self.scales),
            "shifts": list(self.shifts),
            "global": list(self.overall),
            "tracks": list(self.tracks),
        }


def calibration_from(raw: Mapping[str, Any], genres: Sequence[str]) -> Calibration:
    """Return the calibration that `Calibration.as_json` wrote.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it is none, or is of another number of genres.
    """
    found = Calibration(
        method=str(raw["method"]),
        scales=tuple(float(value) for value in raw["scales"]),
        shifts=tuple(float(value) for value in raw["shifts"]),
        overall=(float(raw["global"][0]), float(raw["global"][1])),
        tracks=tuple(int(value) for value in raw["tracks"]),
    )
    if {len(found.scales), len(found.shifts), len(found.tracks)} != {len(genres)}:
        raise ValueError(f"{len(found.scales)} scales for {len(genres)} genres")
    if not np.isfinite([*found.scales, *found.shifts]).all() or min(found.scales) <= 0:
        raise ValueError("a scale is not above 0, or a value is not finite")
    return found


def uncalibrated(genres: int) -> Calibration:
    """Return the calibration that leaves logits as they are."""
    return Calibration("none", (1.0,) * genres, (0.0,) * genres, (1.0, 0.0), (0,) * genres)


def fit_calibration(
    logits: npt.NDArray[Any], targets: Bools, *, method: str = "platt"
) -> Calibration:
    """Return the calibration of these tracks; one that changes nothing for fewer than 20.

    Parameters
    ----------
    logits, targets
        Shape (tracks, genres), of tracks that neither trained nor tuned anything.
    """
    if method not in METHODS:
        raise ValueError(f"method {method!r}; it is one of {', '.join(METHODS)}")
    counts = targets.sum(axis=0)
    if len(logits) < FEWEST_TRACKS or not counts.any():
        return uncalibrated(targets.shape[1])
    values = logits.astype(np.float64)
    shifting = method == "platt"
    middle = _fitted(values.ravel(), targets.ravel(), (0.0, 0.0), shifting=shifting, weight=0.0)
    own = [
        _fitted(values[:, g], targets[:, g], middle, shifting=shifting, weight=PRIOR_TRACKS)
        if 0 < counts[g] < len(targets)
        else middle
        for g in range(targets.shape[1])
    ]
    return Calibration(
        method=method,
        scales=tuple(float(np.exp(log_scale)) for log_scale, _ in own),
        shifts=tuple(shift for _, shift in own),
        overall=(float(np.exp(middle[0])), middle[1]),
        tracks=tuple(int(count) for count in counts),
    )


def _fitted(
    logits: Values, targets: Bools, around: tuple[float, float], *, shifting: bool, weight: float
) -> tuple[float, float]:
    """Return log scale and shift with the lowest log loss plus the prior's pull."""
    signs = np.where(targets, 1.0, -1.0)
    centre = np.array(around)

    def loss(point: Values) -> tuple[float, Values]:
        scale = np.exp(point[0])
        against = -signs * (scale * logits + point[1])
        slope = -signs * expit(against)
        apart = point - centre
        total = np.logaddexp(0, against).sum() + weight / 2 * (apart**2).sum()
        gradient = np.array([(slope * logits).sum() * scale, slope.sum()])
        return float(total), gradient + weight * apart

    shift = (-_LARGEST_SHIFT, _LARGEST_SHIFT) if shifting else (around[1], around[1])
    bounds = [(-_LARGEST_LOG_SCALE, _LARGEST_LOG_SCALE), shift]
    found = minimize(loss, centre, jac=True, method="L-BFGS-B", bounds=bounds).x
    return float(found[0]), float(found[1])


def reliability(
    targets: Bools, probabilities: npt.NDArray[Any], *, bins: int = BINS
) -> list[dict[str, float | int]]:
    """Return, for each range of probability that holds any, what was said and what was so.

    All pairs of track and genre are put together: how many, mean probability, share that is true.
    """
    said, true = probabilities.ravel().astype(np.float64), targets.ravel()
    places = np.minimum((said * bins).astype(np.intp), bins - 1)
    counts = np.bincount(places, minlength=bins)
    sums = np.bincount(places, weights=said, minlength=bins)
    hits = np.bincount(places, weights=true, minlength=bins)
    return [
        {"count": int(n), "said": float(total / n), "true": float(hit / n)}
        for n, total, hit in zip(counts, sums, hits, strict=True)
        if n
    ]


def calibration_error(targets: Bools, probabilities: npt.NDArray[Any]) -> float:
    """Return the expected calibration error over all pairs of track and genre, ten bins."""
    rows = reliability(targets, probabilities)
    total = sum(row["count"] for row in rows)
    return float(sum(row["count"] * abs(row["said"] - row["true"]) for row in rows) / total)


def calibration_scores(targets: Bools, probabilities: npt.NDArray[Any]) -> dict[str, float]:
    """Return how far probabilities are from what is so.

    ``ece`` puts all pairs of track and genre together; ``ece_macro`` is the mean of the genres'
    own, of those that any track has; ``log_loss`` and ``brier`` are means over all pairs.
    """
    said = np.clip(probabilities.astype(np.float64), _SMALLEST, 1 - _SMALLEST)
    own = [
        calibration_error(targets[:, [g]], probabilities[:, [g]])
        for g in np.flatnonzero(targets.any(axis=0))
    ]
    return {
        "ece": calibration_error(targets, probabilities),
        "ece_macro": float(np.mean(own)) if own else 0.0,
        "log_loss": float(-np.log(np.where(targets, said, 1 - said)).mean()),
        "brier": float(((said - targets) ** 2).mean()),
    }
