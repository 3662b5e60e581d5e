"""What a model folder can hold: trees, networks of few layers, kernels, all as JSON.

Networks and kernels first map every feature to normal scores.  A linear model is a network of one
layer, random Fourier features of two.  Nothing is ever pickled.
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
from scipy.spatial.distance import cdist
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


_EXPONENTS = (1, 2)
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
    levels and gets the middle of the first and the last; one that is missing, as tempo may be, gets
    0, the middle of all.
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
        return np.where(np.isnan(scaled), 0.0, scaled)


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
        whole = {
            "kind": self.kind,
            "features": self.features,
            "scale": _scale_json(self.scale),
            "layers": [_layer_json(layer) for layer in self.layers],
        }
        return json.dumps(whole) + "\n"


@dataclass(frozen=True)
class Kernels:
    """A weighted sum of ``exp(-gamma * distance ** exponent)`` to `centres` in a whitened space.

    `whiten` leads from scaled features there; `centres` has shape (centres, axes), `weights`
    (centres, outputs).  The centres are training tracks, so a model with kernels holds what can be
    computed from them.
    """

    kind: ClassVar[str] = "kernels"
    features: tuple[str, ...]
    scale: Scale
    whiten: Layer
    centres: npt.NDArray[np.float32]
    gamma: float
    exponent: int
    last: Layer

    def outputs(self, features: pd.DataFrame) -> Values:
        """Return shape (tracks, outputs)."""
        inputs = self.whiten(self.scale(features[list(self.features)].to_numpy(np.float64)))
        apart = cdist(inputs, self.centres.astype(np.float64))
        return self.last(np.exp(-self.gamma * apart**self.exponent))

    def text(self) -> str:
        """Return it as JSON."""
        whole = {
            "kind": self.kind,
            "features": self.features,
            "scale": _scale_json(self.scale),
            "layers": [_layer_json(self.whiten), _layer_json(self.last)],
            "centres": _packed(self.centres),
            "gamma": self.gamma,
            "exponent": self.exponent,
        }
        return json.dumps(whole) + "\n"


def dense_from(text: str) -> Network | Kernels:
    """Return the network or the kernels that `text` was written of.

    Raises
    ------
    ValueError, KeyError, TypeError
        If it is neither: shapes that do not follow each other, numbers that are not finite.
    """
    raw = json.loads(text)
    features = tuple(map(str, raw["features"]))
    scale = Scale(_unpacked(raw["scale"]["levels"]), _unpacked(raw["scale"]["knots"]))
    if scale.knots.shape != (len(scale.levels), len(features)) or not len(scale.levels):
        raise ValueError("its scale does not fit its features")
    if not (np.diff(scale.knots, axis=0) >= 0).all() or not (np.diff(scale.levels) > 0).all():
        raise ValueError("its scale does not rise")
    if raw["kind"] != Kernels.kind:
        return Network(features, scale, tuple(_layers(raw["layers"], len(features))))
    (whiten,) = _layers(raw["layers"][:1], len(features))
    centres, gamma, exponent = _unpacked(raw["centres"]), float(raw["gamma"]), raw["exponent"]
    (last,) = _layers(raw["layers"][1:], len(centres))
    if centres.ndim != 2 or centres.shape[1] != len(whiten.bias) or not 0 < gamma < np.inf:
        raise ValueError("its centres do not fit")
    if type(exponent) is not int or exponent not in _EXPONENTS:
        raise ValueError("its exponent is neither 1 nor 2")
    return Kernels(features, scale, whiten, centres, gamma, exponent, last)


def _layers(raw: list[dict[str, Any]], width: int) -> list[Layer]:
    layers = []
    for part in raw:
        layer = Layer(_unpacked(part["weights"]), _unpacked(part["bias"]), str(part["activation"]))
        fits = layer.weights.shape == (width, len(layer.bias)) and layer.bias.ndim == 1
        if not fits or layer.activation not in ACTIVATIONS:
            raise ValueError("its layers do not follow each other")
        width = len(layer.bias)
        layers.append(layer)
    return layers


def _scale_json(scale: Scale) -> dict[str, Any]:
    return {"levels": _packed(scale.levels), "knots": _packed(scale.knots)}


def _layer_json(layer: Layer) -> dict[str, Any]:
    return {
        "weights": _packed(layer.weights),
        "bias": _packed(layer.bias),
        "activation": layer.activation,
    }


def _packed(values: npt.NDArray[np.float32]) -> dict[str, Any]:
    raw = np.ascontiguousarray(values, dtype="<f4").tobytes()
    return {"shape": list(values.shape), "float32": base64.b64encode(raw).decode()}


def _unpacked(raw: dict[str, Any]) -> npt.NDArray[np.float32]:
    values = np.frombuffer(base64.b64decode(raw["float32"], validate=True), dtype="<f4")
    if not np.isfinite(values).all():
        raise ValueError("holds what is no number")
    return values.reshape([int(size) for size in raw["shape"]]).astype(np.float32)
