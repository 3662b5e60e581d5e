"""Networks and kernels fitted in closed form, or to the one optimum there is.

They blend well with trees because they err elsewhere.  Columns go in as normal scores: openSMILE's
are so skewed that this alone is worth .02 to .04 of R2.  Sources: Hoerl and Kennard, Technometrics
12 (1970), ridge regression; Rahimi and Recht, "Random features for large-scale kernel machines",
NIPS 2007; Yu et al., "Orthogonal random features", NIPS 2016; Rasmussen and Williams, "Gaussian
processes for machine learning", 2006, chapter 4, the exponential kernel.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize
from scipy.spatial.distance import cdist
from scipy.special import log_softmax, ndtri, softmax

from zoneclf.model.members import Kernels, Layer, Network, Scale

Values = npt.NDArray[np.float64]
_KNOTS = 101
_SMALLEST = 1e-3
# A zone without tracks must not send its bias to infinity.
_BIAS_PENALTY = 0.02


def scale_of(features: pd.DataFrame) -> Scale:
    """Return the map of each column's quantiles to normal scores."""
    count = min(_KNOTS, max(2, len(features)))
    shares = np.linspace(0, 1, count)
    margin = 0.5 / max(2, len(features))
    levels = ndtri(np.clip(shares, margin, 1 - margin)).astype(np.float32)
    values = filled(features).to_numpy(np.float64)
    knots = np.quantile(values, shares, axis=0).astype(np.float32)
    return Scale(levels, np.maximum.accumulate(knots, axis=0))


def filled(features: pd.DataFrame) -> pd.DataFrame:
    """Return features with each column's median where a value is missing; 0 if all of it is."""
    return (
        features
        if features.notna().all(axis=None)
        else features.fillna(features.median()).fillna(0)
    )


def whitening(inputs: Values, power: float) -> Layer:
    """Return the way to all principal axes, each divided by its variance to the `power`.

    Tracks then have a mean square of 1 in sum over the axes.
    """
    centre = inputs.mean(axis=0)
    apart = inputs - centre
    sizes, axes = np.linalg.eigh(apart.T @ apart / len(inputs))
    matrix = axes * (np.maximum(sizes, 0) + _SMALLEST) ** -power
    matrix /= np.sqrt(((apart @ matrix) ** 2).sum(axis=1).mean()) + 1e-12
    return Layer(matrix.astype(np.float32), (-centre @ matrix).astype(np.float32))


def fourier(
    features: pd.DataFrame,
    targets: Values,
    *,
    power: float,
    gamma: float,
    penalty: float,
    count: int,
    seed: int,
) -> Network:
    """Return a ridge regression on random Fourier features of ``exp(-gamma * distance ** 2)``.

    Parameters
    ----------
    features
        Shape (tracks, features).
    targets
        Shape (tracks, outputs).
    power, gamma, penalty
        Of the whitening, of the kernel, and the squared penalty on the weights.
    count
        Frequencies; each gives a cosine and a sine.
    seed
        Draws them.
    """
    scale = scale_of(features)
    inputs = scale(features.to_numpy(np.float64))
    whiten = whitening(inputs, power)
    waves = _orthogonal(inputs.shape[1], count, seed) * np.sqrt(2 * gamma)
    weights = np.tile(whiten.weights @ waves, 2).astype(np.float32)
    shift = np.repeat([0.0, -np.pi / 2], count)
    first = Layer(weights, (np.tile(whiten.bias @ waves, 2) + shift).astype(np.float32), "cosine")
    size = np.sqrt(1.0 / count)  # so that the kernel of a track with itself is 1
    last = _ridge(first(inputs) * size, targets, penalty)
    sized = Layer((last.weights * size).astype(np.float32), last.bias)
    return Network(tuple(features.columns), scale, (first, sized))


def kernels(
    features: pd.DataFrame,
    targets: Values,
    *,
    power: float,
    gamma: float,
    exponent: int,
    penalty: float,
) -> Kernels:
    """Return a kernel ridge regression with ``exp(-gamma * distance ** exponent)``.

    For the other arguments see `fourier`, which stands for this with exponent 2 without keeping
    the tracks; the rough functions of exponent 1 have no good random features.
    """
    scale = scale_of(features)
    inputs = scale(features.to_numpy(np.float64))
    whiten = whitening(inputs, power)
    centres = whiten(inputs)
    gram = np.exp(-gamma * cdist(centres, centres) ** exponent)
    gram[np.diag_indices_from(gram)] += penalty
    mean = targets.mean(axis=0)
    weights = cho_solve(cho_factor(gram), targets - mean)
    last = Layer(weights.astype(np.float32), mean.astype(np.float32))
    names = tuple(features.columns)
    return Kernels(names, scale, whiten, centres.astype(np.float32), gamma, exponent, last)


@dataclass(frozen=True)
class Pull:
    """What a logistic regression starts from and how it is held there.

    `scale` is the map of the features, None for one of the tracks at hand; `penalty` holds back
    the coefficients, one number or one per feature; `bias` holds back the bias; `offset`, shape
    (tracks, zones), is added to the scores, None for nothing.
    """

    penalty: Values | float
    scale: Scale | None = None
    bias: float = _BIAS_PENALTY
    offset: Values | None = None


def logistic(features: pd.DataFrame, targets: Values, weight: Values, pull: Pull) -> Network:
    """Return the scores of a multinomial logistic regression on soft targets, (tracks, zones).

    Without an offset its outputs are probabilities; with one they are the scores to add to it.
    """
    scale = pull.scale or scale_of(features)
    inputs = scale(features.to_numpy(np.float64))
    (tracks, width), zones = inputs.shape, targets.shape[1]
    start = np.zeros((tracks, zones)) if pull.offset is None else pull.offset
    held = np.concatenate([[pull.bias], np.broadcast_to(pull.penalty, width)])[:, None]
    rows = np.concatenate([np.ones((tracks, 1)), inputs], axis=1)

    def loss(flat: Values) -> tuple[float, Values]:
        table = flat.reshape(-1, zones)
        scores = start + rows @ table
        value = -(weight[:, None] * targets * log_softmax(scores, axis=1)).sum()
        slope = rows.T @ (weight[:, None] * (softmax(scores, axis=1) - targets)) + held * table
        return (value + (held * table**2).sum() / 2) / tracks, slope.ravel() / tracks

    zero = np.zeros((width + 1) * zones)
    found = minimize(loss, zero, jac=True, method="L-BFGS-B", options={"maxiter": 300})
    table = found.x.reshape(-1, zones).astype(np.float32)
    last = Layer(table[1:], table[0], "softmax" if pull.offset is None else "none")
    return Network(tuple(features.columns), scale, (last,))


def _ridge(inputs: Values, targets: Values, penalty: float) -> Layer:
    centre, mean = inputs.mean(axis=0), targets.mean(axis=0)
    apart = inputs - centre
    gram = apart.T @ apart
    gram[np.diag_indices_from(gram)] += penalty
    weights = cho_solve(cho_factor(gram), apart.T @ (targets - mean))
    return Layer(weights.astype(np.float32), (mean - centre @ weights).astype(np.float32))


def _orthogonal(width: int, count: int, seed: int) -> Values:
    """Return frequencies of a Gaussian kernel, shape (width, count), orthogonal in blocks."""
    rng = np.random.default_rng(seed)
    blocks = []
    for _ in range(-(-count // width)):
        axes, _ = np.linalg.qr(rng.normal(size=(width, width)))
        blocks.append(axes * np.sqrt(rng.chisquare(width, size=width)))
    return np.concatenate(blocks, axis=1)[:, :count]
