"""What a strategy fits: members and the way they combine into zone probabilities.

A predictor is a small tree of parts.  Every part is a frozen dataclass whose fields are members,
other parts, or plain numbers; `zoneclf.model.plan` turns such a tree into JSON and back, so that
nothing is ever unpickled.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import softmax

from zoneclf.labels.regions import ZoneRegions
from zoneclf.labels.zones import SCALE
from zoneclf.model.booster import raw_scores
from zoneclf.model.members import Member, Trees
from zoneclf.tracks.loudness import without_level

Values = npt.NDArray[np.float64]
Probabilities = npt.NDArray[np.float32]
_SMALLEST = 1e-6
_LEAST = 0.003
# Columns that `Stacked` adds; "|" is in no feature's name.
ADDED = "source|"


class Predictor(Protocol):
    """A fitted model of zones."""

    kind: ClassVar[str]

    def probabilities(self, features: pd.DataFrame) -> Probabilities:
        """Return shape (tracks, zones), zones in order, each row summing to 1."""
        ...


@dataclass(frozen=True)
class Single:
    """One member whose outputs are the zones' probabilities."""

    kind: ClassVar[str] = "single"
    model: Member

    def probabilities(self, features: pd.DataFrame) -> Probabilities:
        """Return shape (tracks, zones)."""
        return self.model.outputs(features).astype(np.float32)


@dataclass(frozen=True)
class Blend:
    """The weighted mean of several predictors."""

    kind: ClassVar[str] = "blend"
    parts: Mapping[str, Predictor]
    weights: Mapping[str, float]

    def probabilities(self, features: pd.DataFrame) -> Probabilities:
        """Return shape (tracks, zones)."""
        total = sum(self.weights[name] for name in self.parts)
        whole = np.stack(
            [
                self.weights[name] / total * part.probabilities(features).astype(np.float64)
                for name, part in self.parts.items()
            ]
        )
        return np.asarray(whole.sum(axis=0), dtype=np.float32)


@dataclass(frozen=True)
class Affect:
    """Predicted arousal and valence, their error, and the zone rule integrated over it.

    `arousal` and `valence` are trees for one of them each, `both` networks for both; `weights`
    says how their predictions are averaged; `covariance` is that of their errors, shape (2, 2).
    """

    kind: ClassVar[str] = "affect"
    arousal: Member
    valence: Member
    both: Mapping[str, Member]
    weights: Mapping[str, float]
    covariance: tuple[tuple[float, ...], ...]
    regions: ZoneRegions

    def values(self, features: pd.DataFrame) -> Values:
        """Return predicted arousal and valence on the scale 1 to 9, shape (tracks, 2)."""
        axes = [member.outputs(features)[:, 0] for member in (self.arousal, self.valence)]
        summed = self.weights["trees"] * np.stack(axes, axis=1)
        for name, member in self.both.items():
            summed = summed + self.weights[name] * member.outputs(features)
        return np.asarray(np.clip(summed / sum(self.weights.values()), *SCALE))

    def probabilities(self, features: pd.DataFrame) -> Probabilities:
        """Return shape (tracks, zones)."""
        if not len(features):
            return np.empty((0, self.regions.zone_count), dtype=np.float32)
        spread = np.array(self.covariance)
        return self.regions.shares(self.values(features), spread).astype(np.float32)


@dataclass(frozen=True)
class Margin:
    """Trees that start from a source model's log-odds, shrunk by `shrink`."""

    kind: ClassVar[str] = "margin"
    source: Predictor
    model: Trees
    shrink: float

    def probabilities(self, features: pd.DataFrame) -> Probabilities:
        """Return shape (tracks, zones)."""
        start = self.shrink * log_odds(self.source.probabilities(features))
        scores = raw_scores(self.model.booster, features, start)
        return np.asarray(softmax(scores, axis=1), dtype=np.float32)


@dataclass(frozen=True)
class Shifted:
    """A source model's log-probabilities, moved by what a linear model of the user's tracks adds.

    Where the user's tracks say little the source's word stands.
    """

    kind: ClassVar[str] = "shifted"
    source: Affect
    model: Member

    def probabilities(self, features: pd.DataFrame) -> Probabilities:
        """Return shape (tracks, zones)."""
        start, told = told_by(self.source, features)
        return np.asarray(softmax(start + self.model.outputs(told), axis=1), dtype=np.float32)


@dataclass(frozen=True)
class Stacked:
    """A predictor that is also told what a source model says of a track."""

    kind: ClassVar[str] = "stacked"
    source: Predictor
    own: Predictor

    def probabilities(self, features: pd.DataFrame) -> Probabilities:
        """Return shape (tracks, zones)."""
        return self.own.probabilities(with_signals(self.source, features))


@dataclass(frozen=True)
class Rescaled:
    """A predictor over features in standard units of the user's tracks."""

    kind: ClassVar[str] = "rescaled"
    part: Predictor
    centre: tuple[float, ...]
    spread: tuple[float, ...]

    def probabilities(self, features: pd.DataFrame) -> Probabilities:
        """Return shape (tracks, zones); the columns are in the order of training."""
        return self.part.probabilities(self.moved(features))

    def moved(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return features in standard units."""
        moved = features.sub(list(self.centre), axis=1).div(list(self.spread), axis=1)
        return moved.astype(np.float32)


@dataclass(frozen=True)
class Levelless:
    """A predictor over features that no gain changes (`zoneclf.tracks.loudness`)."""

    kind: ClassVar[str] = "levelless"
    part: Predictor

    def probabilities(self, features: pd.DataFrame) -> Probabilities:
        """Return shape (tracks, zones)."""
        return self.part.probabilities(without_level(features))


@dataclass(frozen=True)
class Doubled:
    """A predictor over features that are there once for all and once for the user's tracks."""

    kind: ClassVar[str] = "doubled"
    part: Predictor

    def probabilities(self, features: pd.DataFrame) -> Probabilities:
        """Return shape (tracks, zones)."""
        return self.part.probabilities(doubled(features, np.ones(len(features), dtype=bool)))


@dataclass(frozen=True)
class Calibrated:
    """A predictor whose log-probabilities are divided by `temperature` (Guo et al., ICML 2017)."""

    kind: ClassVar[str] = "calibrated"
    part: Predictor
    temperature: float

    def probabilities(self, features: pd.DataFrame) -> Probabilities:
        """Return shape (tracks, zones)."""
        return tempered(self.part.probabilities(features), self.temperature)


_PARTS = (Single, Blend, Affect, Margin, Shifted, Stacked, Rescaled, Levelless, Doubled, Calibrated)
KINDS: dict[str, type] = {part.kind: part for part in _PARTS}


def log_odds(probabilities: npt.NDArray[np.floating]) -> Values:
    """Return log-probabilities without their mean over the zones, shape (tracks, zones)."""
    logs = np.log(np.maximum(probabilities.astype(np.float64), _SMALLEST))
    return np.asarray(logs - logs.mean(axis=1, keepdims=True))


def tempered(probabilities: npt.NDArray[np.floating], temperature: float) -> Probabilities:
    """Return probabilities sharpened or, above 1, softened; shape (tracks, zones)."""
    return np.asarray(softmax(log_odds(probabilities) / temperature, axis=1), dtype=np.float32)


def with_signals(source: Predictor, features: pd.DataFrame) -> pd.DataFrame:
    """Return features with a source model's log-odds of every zone beside them."""
    said = log_odds(source.probabilities(features))
    columns = {f"{ADDED}zone {place}": said[:, place] for place in range(said.shape[1])}
    added = pd.DataFrame(columns, index=features.index).astype(np.float32)
    return pd.concat([features, added], axis=1)


def told_by(source: Affect, features: pd.DataFrame) -> tuple[Values, pd.DataFrame]:
    """Return a source's log-probabilities and features with its arousal and valence beside them.

    No zone is left below `_LEAST`: a source that is sure is not that sure of another's zones.
    """
    values = source.values(features)
    shares = source.regions.shares(values, np.array(source.covariance))
    columns = {f"{ADDED}arousal": values[:, 0], f"{ADDED}valence": values[:, 1]}
    added = pd.DataFrame(columns, index=features.index).astype(np.float32)
    told = pd.concat([features, added], axis=1)
    return log_odds(np.maximum(shares, _LEAST)), told


def doubled(features: pd.DataFrame, own: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """Return features and a copy of each that is 0 for tracks that are not the user's.

    A model can then learn what all sources share and what holds for the user alone
    (Daume, "Frustratingly easy domain adaptation", ACL 2007).
    """
    mine = features.mul(own.astype(np.float32), axis=0).add_suffix("|own")
    return pd.concat([features, mine], axis=1)
