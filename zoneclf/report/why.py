"""Why a model puts a track into its zone, in one or two sentences.

What each feature adds to the zone's score is summed by family.  Of a family one feature is told,
which adds much, is easily understood, and is unusual in this track, and where the track lies with
it among those that the model learnt from.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from zoneclf.errors import ModelError
from zoneclf.model.artifact import ZoneModel
from zoneclf.model.contributions import WORDS, Contributions, contributions
from zoneclf.model.reference import REFERENCE, Reference
from zoneclf.tracks.families import FAMILIES, meaning_of

Values = npt.NDArray[np.float64]
_REASONS, _OBJECTIONS = 3, 2
# Of all that is added and taken away; less is not worth a word.
_LEAST = 0.05
_SHARES = {0.99: "99 of 100", 0.95: "19 of 20", 0.9: "9 of 10", 0.75: "3 of 4"}
# What a feature in the middle is worth to be told, against an unusual one.
_COMMON = 0.3
_UNITS = {
    "tempo": "{:.0f} BPM",
    "drops_per_minute": "{:.1f} a minute",
    "drop_count": "{:.0f}",
}


@dataclass(frozen=True)
class Reason:
    """What a family adds to a zone's score, and the feature that is told of it.

    `says` is where the track lies with that feature; empty where no track tells.
    """

    family: str
    adds: float
    feature: str
    value: float | None
    says: str

    @property
    def words(self) -> str:
        """The reason as a part of a sentence."""
        return self.says or FAMILIES[self.family]


@dataclass(frozen=True)
class Why:
    """Reasons for a track's zone and against it, the weightiest first.

    `among` says in words which tracks it is compared with.
    """

    zone: str
    probability: float
    reasons: tuple[Reason, ...]
    objections: tuple[Reason, ...]
    among: str
    method: str

    @property
    def sentence(self) -> str:
        """The reasons in words."""
        said = f"{self.zone} {self.probability:.2f}"
        if self.reasons:
            said += f", because{self.among} {'; '.join(one.words for one in self.reasons)}"
        if self.objections:
            said += f". Against it: {'; '.join(one.words for one in self.objections)}"
        if not self.reasons and not self.objections:
            said += ": no feature of the track speaks for or against it"
        return f"{said}."

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "sentence": self.sentence,
            "for": [asdict(one) for one in self.reasons],
            "against": [asdict(one) for one in self.objections],
            "method": self.method,
        }


def reference_for(model: ZoneModel) -> Reference:
    """Return what a model's tracks are compared with.

    Raises
    ------
    ModelError
        If it was stored without.
    """
    if model.reference is None:
        raise ModelError(
            f"model {model.card.name}: holds no {REFERENCE} to compare tracks with; train again to "
            "have predictions explained"
        )
    return model.reference


def why(model: ZoneModel, features: pd.DataFrame, reference: Reference) -> list[Why]:
    """Return why each track gets the zone that it gets."""
    columns = features[list(model.card.spec.features)]
    found = contributions(model.predictor, columns, reference.middle)
    shares = model.probabilities(columns)
    whose = " and ".join(reference.sources)
    among = f", against the {reference.tracks} {whose} tracks it learnt from,"
    told = []
    for place, row in enumerate(shares):
        zone = int(row.argmax())
        track = columns.iloc[place].astype(float)
        ranked = _reasons(found, found.values[place, :, zone], track, reference)
        least = _LEAST * sum(abs(one.adds) for one in ranked)
        kept = [one for one in ranked if abs(one.adds) > least]
        told.append(
            Why(
                model.card.zones[zone],
                float(row[zone]),
                tuple(one for one in kept if one.adds > 0)[:_REASONS],
                tuple(one for one in reversed(kept) if one.adds < 0)[:_OBJECTIONS],
                among,
                WORDS[found.method],
            )
        )
    return told


def _reasons(
    found: Contributions, adds: Values, track: pd.Series, reference: Reference
) -> list[Reason]:
    """Return every family's reason, what speaks most for the zone first."""
    meanings = [meaning_of(name) for name in found.features]
    families = np.array([meaning.family for meaning in meanings])
    worth = np.array([_worth(name, track, reference) for name in found.features])
    reasons = []
    for family in dict.fromkeys(families.tolist()):
        whole = float(adds[families == family].sum())
        mine = np.where(families == family, np.sign(whole) * adds * worth, -np.inf)
        feature = found.features[int(mine.argmax())]
        value = float(track[feature]) if feature in track else None
        says = place_of(feature, value, reference)
        reasons.append(Reason(family, round(whole, 4), feature, value, says))
    return sorted(reasons, key=lambda one: (-one.adds, one.family))


def _worth(feature: str, track: pd.Series, reference: Reference) -> float:
    """Return how fit a feature is to be told: plain ones and unusual values more, up to 1."""
    plain = 0.5 ** meaning_of(feature).turns
    if feature not in track or feature not in reference.quantiles:
        return plain
    below = reference.share_below(feature, float(track[feature]))
    unusual = max(below, reference.share_above(feature, float(track[feature])))
    return plain * (1.0 if unusual >= min(_SHARES) else _COMMON)


def place_of(feature: str, value: float | None, reference: Reference) -> str:
    """Return where a track lies with a feature, in words."""
    if feature not in reference.quantiles or value is None:
        return ""
    words = meaning_of(feature).words
    if not np.isfinite(value):
        return f"the {words} is not known"
    amount = f" ({_UNITS[feature].format(value)})" if feature in _UNITS else ""
    below, above = reference.share_below(feature, value), reference.share_above(feature, value)
    way, share = ("higher", below) if below >= above else ("lower", above)
    for least, said in _SHARES.items():
        if share >= least:
            return f"the {words} is {way} than in {said}{amount}"
    return f"the {words} is near the middle{amount}"
