"""Networks fitted in closed form or to the one optimum: ridge, random Fourier features, logistic.

They blend well with trees because they err elsewhere.  Sources: Hoerl and Kennard, Technometrics
12 (1970), ridge regression; Rahimi and Recht, "Random features for large-scale kernel machines",
NIPS 2007.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.linalg import solve
from scipy.optimize import minimize
from scipy.special import log_softmax, ndtri, softmax

from zoneclf.model.members import Layer, Network, Scale

Values = npt.NDArray[np.float64]
_KNOTS = 33
# A track more extreme than any of training counts as this many standard deviations.
_FARTHEST = 2.5


def scale_of(features: pd.DataFrame) -> Scale:
    """Return the map of each column's quantiles to normal scores."""
    count = min(_KNOTS, max(2, len(features)))
    shares = np.linspace(0, 1, count)
    reach = np.clip(ndtri(np.clip(shares, 1e-9, 1 - 1e-9)), -_FARTHEST, _FARTHEST)
    knots = np.quantile(features.to_numpy(np.float64), shares, axis=0).astype(np.float32)
    return Scale(reach.astype(np.float32), np.maximum.accumulate(knots, axis=0))


def ridge(features: pd.DataFrame, targets: Values, *, weight: Values, penalty: float) -> Network:
    """Return a linear map fitted by least squares, with a squared penalty but for the bias.

    Parameters
    ----------
    features
        Shape (tracks, features).
    targets
        Shape (tracks, outputs).
    weight
        Shape (tracks,), mean 1.
    penalty
        In tracks: how many tracks' worth of shrinking each coefficient gets.
    """
    scale = scale_of(features)
    layer = _least_squares(scale(features.to_numpy(np.float64)), targets, weight, penalty)
    return Network(tuple(features.columns), scale, (layer,))


def fourier(
    features: pd.DataFrame,
    targets: Values,
    *,
    weight: Values,
    penalty: float,
    width: float,
    count: int,
    seed: int,
) -> Network:
    """Return a ridge regression on `count` random Fourier features of a Gaussian kernel.

    `width` is the kernel's, as a multiple of the root of the number of features, the distance at
    which tracks usually stand from each other.
    """
    scale = scale_of(features)
    inputs = scale(features.to_numpy(np.float64))
    rng = np.random.default_rng(seed)
    spread = width * np.sqrt(inputs.shape[1])
    waves = Layer(
        (rng.normal(size=(inputs.shape[1], count)) / spread).astype(np.float32),
        rng.uniform(0, 2 * np.pi, count).astype(np.float32),
        "cosine",
    )
    size = np.sqrt(2.0 / count)  # so that the kernel of a track with itself is 1
    last = _least_squares(waves(inputs) * size, targets, weight, penalty)
    sized = Layer((last.weights * size).astype(np.float32), last.bias)
    return Network(tuple(features.columns), scale, (waves, sized))


def logistic(features: pd.DataFrame, targets: Values, *, weight: Values, penalty: float) -> Network:
    """Return a multinomial logistic regression on soft targets, shape (tracks, zones)."""
    scale = scale_of(features)
    inputs = scale(features.to_numpy(np.float64))
    tracks, width = inputs.shape
    zones = targets.shape[1]

    def loss(flat: Values) -> tuple[float, Values]:
        weights, bias = flat[zones:].reshape(width, zones), flat[:zones]
        logits = inputs @ weights + bias
        value = -(weight[:, None] * targets * log_softmax(logits, axis=1)).sum()
        apart = weight[:, None] * (softmax(logits, axis=1) - targets)
        # The bias is held, weakly, where a zone without tracks would send it to infinity.
        pull = np.concatenate([0.02 * bias, penalty * weights.ravel()])
        value += 0.5 * (0.02 * bias @ bias + penalty * (weights**2).sum())
        slope = np.concatenate([apart.sum(axis=0), (inputs.T @ apart).ravel()]) + pull
        return value / tracks, slope / tracks

    start = np.zeros(zones * (width + 1))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300})
    weights = found.x[zones:].reshape(width, zones).astype(np.float32)
    last = Layer(weights, found.x[:zones].astype(np.float32), "softmax")
    return Network(tuple(features.columns), scale, (last,))


def _least_squares(inputs: Values, targets: Values, weight: Values, penalty: float) -> Layer:
    share = weight / weight.sum()
    centre, mean = share @ inputs, share @ targets
    apart = inputs - centre
    gram = apart.T @ (weight[:, None] * apart)
    gram[np.diag_indices_from(gram)] += penalty
    weights = solve(gram, apart.T @ (weight[:, None] * (targets - mean)), assume_a="pos")
    bias = mean - centre @ weights
    return Layer(weights.astype(np.float32), bias.astype(np.float32))
