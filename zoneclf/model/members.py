"""What a model folder can hold: trees, and networks of few layers, both as JSON.

A network is a map of every feature to normal scores (or to standard units) and then layers:
a linear model has one, random Fourier features two.  Nothing is ever pickled.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
import xgboost as xgb
from scipy.special import softmax

from zoneclf.model.booster import predict

Values = npt.NDArray[np.float64]


class Member(Protocol):
    """A fitted estimator."""

    kind: ClassVar[str]

    @property
    def features(self) -> tuple[str, ...]:
        """The columns it asks for, by name."""
        ...

    def outputs(self, features: pd.DataFrame) -> Values:
        """Return shape (tracks, outputs): zone probabilities, or one number per track."""
        ...

    def text(self) -> str:
        """Return it as JSON."""
        ...


@dataclass(frozen=True)
class Trees:
    """Boosted trees."""

    kind: ClassVar[str] = "trees"
    booster: xgb.Booster

    @property
    def features(self) -> tuple[str, ...]:
        """The columns it asks for."""
        return tuple(self.booster.feature_names or ())

    def outputs(self, features: pd.DataFrame) -> Values:
        """Return shape (tracks, outputs)."""
        return predict(self.booster, features).reshape(len(features), -1).astype(np.float64)

    def text(self) -> str:
        """Return XGBoost's own JSON."""
        return str(self.booster.save_raw("json").decode())


ACTIVATIONS: dict[str, Callable[[Values], Values]] = {
    "none": lambda values: values,
    "cosine": np.cos,
    "relu": lambda values: np.maximum(values, 0.0),
    "softmax": lambda values: np.asarray(softmax(values, axis=1)),
}


@dataclass(frozen=True)
class Layer:
    """``activation(inputs @ weights + bias)``; `weights` has shape (inputs, outputs)."""

    weights: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    activation: str = "none"

    def __call__(self, inputs: Values) -> Values:
        """Return shape (tracks, outputs)."""
        return ACTIVATIONS[self.activation](inputs @ self.weights + self.bias)


@dataclass(frozen=True)
class Scale:
    """How features become numbers of like size.

    `levels` are normal scores, shape (knots,), and `knots` the values of each feature that get
    them, shape (knots, features); between them it is linear, beyond them constant, so that an
    outlier counts as the most extreme track of training.  A value that many tracks share has many
    levels and gets the middle of the first and the last.
    """

    levels: npt.NDArray[np.float32]
    knots: npt.NDArray[np.float32]

    def __call__(self, features: Values) -> Values:
        """Return shape (tracks, features)."""
        levels, scaled = self.levels.astype(np.float64), np.empty(features.shape)
        for place, knots in enumerate(self.knots.T.astype(np.float64)):
            column = features[:, place]
            last = np.interp(column, knots, levels)
            first = np.interp(-column, -knots[::-1], levels[::-1])
            scaled[:, place] = (first + last) / 2
        return scaled


@dataclass(frozen=True)
class Network:
    """Features by name, their scale, layers."""

    kind: ClassVar[str] = "network"
    features: tuple[str, ...]
    scale: Scale
    layers: tuple[Layer, ...]

    def outputs(self, features: pd.DataFrame) -> Values:
        """Return shape (tracks, outputs)."""
        values = self.scale(features[list(self.features)].to_numpy(np.float64))
        for layer in self.layers:
            values = layer(values)
        return values

    def text(self) -> str:
        """Return it as JSON; numbers are the base64 of little-endian float32."""
        scale = {"levels": _packed(self.scale.levels), "knots": _packed(self.scale.knots)}
        layers = [
            {
                "weights": _packed(layer.weights),
                "bias": _packed(layer.bias),
                "activation": layer.activation,
            }
            for layer in self.layers
        ]
        whole = {"kind": self.kind, "features": self.features, "scale": scale, "layers": layers}
        return json.dumps(whole) + "\n"


def network_from(text: str) -> Network:
    """Return the network that `Network.text` wrote.

    Raises
    ------
    ValueError, KeyError, TypeError
        If it is not one: shapes that do not follow each other, numbers that are not finite.
    """
    raw = json.loads(text)
    features = tuple(map(str, raw["features"]))
    scale = Scale(_unpacked(raw["scale"]["levels"]), _unpacked(raw["scale"]["knots"]))
    if scale.knots.shape != (len(scale.levels), len(features)) or not len(scale.levels):
        raise ValueError("its scale does not fit its features")
    if not (np.diff(scale.knots, axis=0) >= 0).all() or not (np.diff(scale.levels) > 0).all():
        raise ValueError("its scale does not rise")
    width, layers = len(features), []
    for part in raw["layers"]:
        layer = Layer(_unpacked(part["weights"]), _unpacked(part["bias"]), str(part["activation"]))
        fits = layer.weights.shape == (width, len(layer.bias)) and layer.bias.ndim == 1
        if not fits or layer.activation not in ACTIVATIONS:
            raise ValueError("its layers do not follow each other")
        width = len(layer.bias)
        layers.append(layer)
    return Network(features, scale, tuple(layers))


def _packed(values: npt.NDArray[np.float32]) -> dict[str, Any]:
    raw = np.ascontiguousarray(values, dtype="<f4").tobytes()
    return {"shape": list(values.shape), "float32": base64.b64encode(raw).decode()}


def _unpacked(raw: dict[str, Any]) -> npt.NDArray[np.float32]:
    values = np.frombuffer(base64.b64decode(raw["float32"], validate=True), dtype="<f4")
    if not np.isfinite(values).all():
        raise ValueError("holds what is no number")
    return values.reshape([int(size) for size in raw["shape"]]).astype(np.float32)
