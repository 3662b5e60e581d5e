"""What a strategy fits: boosters and the way they combine into zone probabilities.

Every predictor is boosters by name, plain options, and a kind; a model folder stores exactly
these, so that nothing is ever unpickled.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
import xgboost as xgb

from zoneclf.model.booster import predict

Probabilities = npt.NDArray[np.float32]


class Predictor(Protocol):
    """A fitted model of zones."""

    kind: ClassVar[str]

    @property
    def boosters(self) -> Mapping[str, xgb.Booster]:
        """The members; each is stored as ``<name>.json``."""
        ...

    @property
    def options(self) -> Mapping[str, Any]:
        """What else is needed to predict: numbers, texts, lists."""
        ...

    def probabilities(self, features: pd.DataFrame) -> Probabilities:
        """Return shape (tracks, zones), zones in order, each row summing to 1."""
        ...


@dataclass(frozen=True)
class TreePredictor:
    """One booster whose classes are the zones."""

    kind: ClassVar[str] = "trees"
    boosters: Mapping[str, xgb.Booster]
    options: Mapping[str, Any] = field(default_factory=dict)

    def probabilities(self, features: pd.DataFrame) -> Probabilities:
        """Return shape (tracks, zones)."""
        return predict(self.boosters["model"], features)


Kind = Callable[[Mapping[str, xgb.Booster], Mapping[str, Any]], Predictor]
KINDS: dict[str, Kind] = {TreePredictor.kind: TreePredictor}
