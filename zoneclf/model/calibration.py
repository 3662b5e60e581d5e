"""How sure a model may be: temperature of its probabilities, and sets that hold the truth.

Both are fitted on out-of-fold predictions of the user's training tracks.  Sources: Guo et al., "On
calibration of modern neural networks", ICML 2017, temperature scaling; Vovk, Gammerman, Shafer,
"Algorithmic learning in a random world", 2005, conformal prediction by class (Mondrian).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from zoneclf.errors import ModelError
from zoneclf.model.predictors import Probabilities, tempered

Codes = npt.NDArray[np.int64]
_RANGE = (0.2, 10.0)
_SMALLEST = 1e-7
# Fewer tracks cannot tell a temperature from noise.
_FEWEST = 20
_PARTS = 5


def temperature_of(codes: Codes, probabilities: Probabilities) -> float:
    """Return the temperature with the lowest log loss; 1 for fewer than 20 tracks.

    Parameters
    ----------
    codes
        True zone codes, shape (tracks,).
    probabilities
        Of tracks that the model has not seen, shape (tracks, zones).
    """
    if len(codes) < _FEWEST:
        return 1.0
    places = np.arange(len(codes))

    def loss(log_temperature: float) -> float:
        found = tempered(probabilities, float(np.exp(log_temperature)))[places, codes]
        return float(-np.log(np.maximum(found.astype(np.float64), _SMALLEST)).mean())

    bounds = tuple(np.log(_RANGE))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))


def cross_tempered(
    codes: Codes, probabilities: Probabilities, groups: npt.NDArray[np.str_]
) -> Probabilities:
    """Return probabilities at temperatures that other groups' tracks gave, shape like theirs.

    So the scores after calibration owe nothing to the track that is judged.
    """
    _, places = np.unique(groups, return_inverse=True)
    order = np.random.default_rng(0).permutation(int(places.max(initial=0)) + 1)
    part = order[places] % _PARTS
    out = probabilities.copy()
    for number in range(_PARTS):
        mine = part == number
        out[mine] = tempered(
            probabilities[mine], temperature_of(codes[~mine], probabilities[~mine])
        )
    return out


@dataclass(frozen=True)
class ZoneSets:
    """Which zones cannot be ruled out: those whose probability is at least `least`.

    `coverage` is the share of each zone's tracks whose set is to hold the zone; `tracks` says how
    many of each zone the thresholds come from.
    """

    coverage: float
    least: Mapping[str, float]
    tracks: Mapping[str, int]

    def of(self, probabilities: Mapping[str, float]) -> tuple[str, ...]:
        """Return the zones that a track may be of, in order; the likeliest if none passes."""
        kept = tuple(zone for zone, share in probabilities.items() if share >= self.least[zone])
        return kept or (max(probabilities, key=lambda zone: probabilities[zone]),)

    def words(self, probabilities: Mapping[str, float]) -> str:
        """Return the set in words: ``GREEN or PURPLE``; ``listen`` where nothing is ruled out."""
        kept = self.of(probabilities)
        return "listen" if len(kept) == len(probabilities) else " or ".join(kept)

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "coverage": self.coverage,
            "least": dict(self.least),
            "tracks": dict(self.tracks),
        }


def zone_sets(
    codes: Codes, probabilities: Probabilities, zones: Sequence[str], *, coverage: float
) -> ZoneSets:
    """Return the sets' thresholds by zone.

    The threshold of a zone is the floor((n + 1) (1 - coverage))-th smallest probability that its
    own n tracks got; 0, which rules nothing out, where n is too small for that.
    """
    least, tracks = {}, {}
    for code, zone in enumerate(zones):
        found = np.sort(probabilities[codes == code, code].astype(np.float64))
        rank = int(np.floor((len(found) + 1) * (1 - coverage) + 1e-9))
        least[zone] = float(found[rank - 1]) if rank >= 1 else 0.0
        tracks[zone] = len(found)
    return ZoneSets(coverage, least, tracks)


def sets_from(raw: Mapping[str, Any]) -> ZoneSets:
    """Return the sets that a card holds.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it holds none.
    """
    least = {str(zone): float(value) for zone, value in raw["least"].items()}
    tracks = {str(zone): int(value) for zone, value in raw["tracks"].items()}
    return ZoneSets(float(raw["coverage"]), least, tracks)


def sets_of(calibration: Mapping[str, Any], zones: Sequence[str]) -> ZoneSets | None:
    """Return the sets of a card's calibration; None for a model that was never cross-validated.

    Raises
    ------
    ModelError
        If they are damaged or of other zones.
    """
    if not calibration.get("sets"):
        return None
    try:
        found = sets_from(calibration["sets"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(
            f"card.json: calibration.sets is damaged ({error}); train again"
        ) from error
    if set(found.least) != set(zones):
        raise ModelError("card.json: calibration.sets is of other zones; train again")
    return found
