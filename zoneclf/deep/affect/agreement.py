"""How well predicted arousal and valence agree with the true, and how far they shrink to the mean.

In: true and predicted values, shape (tracks, 2), arousal then valence on DEAM's scale 1 to 9.  Out:
a dict that JSON can hold.  All sums are over tracks, spreads are divided by their number.

==================  ===============================================================================
r2                  1 - squared error / squared distance of the true from their mean
ccc                 concordance, 2 cov / (var + var + (mean - mean)^2); Lin, Biometrics 45 (1989)
rmse, bias          root of the mean squared error; mean of predicted minus true
correlation         Pearson's; a shift or another spread does not lower it
spread_ratio        standard deviation of the predicted over that of the true; 1 is right
slope               of the line through predicted over true; below 1 extremes are pulled inwards
central_share       share of the predicted within the middle half of the true (between quartiles)
central_share_true  the same of the true: 0.5, or more where values are equal
==================  ===============================================================================

The last four tell regression to the mean.  `slope` is `correlation` times `spread_ratio`: a network
that is unsure is right to have a slope below 1 if only its squared error counts.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from zoneclf.deep.affect.affect_set import NAMES
from zoneclf.deep.resampling import RESAMPLES, Values, resampled

# Where the mean over both dimensions is told, too.
MEANS = ("r2", "ccc", "rmse", "correlation", "spread_ratio", "slope", "central_share")
_LEVELS = (0.025, 0.975)
Floats = npt.NDArray[np.floating[Any]]


def agreement(
    true: Floats,
    predicted: Floats,
    *,
    groups: npt.NDArray[Any] | None = None,
    resamples: int = RESAMPLES,
) -> dict[str, Any]:
    """Return every score of each dimension, and means over both as ``mean``.

    Each has its 95 % interval, ``<name>_ci95``, unless `resamples` is 0: the 2.5 to 97.5 % range
    over resamples of whole groups (`zoneclf.deep.resampling`).  What is undefined, as R2 where all
    that is true is one value, is None.

    Parameters
    ----------
    true, predicted
        Shape (tracks, 2).
    groups
        Shape (tracks,), drawn whole, such as artists.
    """
    whole = _of_both(true, predicted, np.ones((1, len(true))))
    drawn = _drawn(true, predicted, groups, resamples=resamples)
    found: dict[str, Any] = {"n": len(true)}
    for part, scores in whole.items():
        told: dict[str, Any] = {}
        for name, value in scores.items():
            told[name] = _number(value[0])
            if resamples and name != "central_share_true":
                told[f"{name}_ci95"] = _interval(drawn[part][name])
        found[part] = told
    return found


def difference(
    true: Floats,
    predicted: Floats,
    other: Floats,
    *,
    groups: npt.NDArray[Any] | None = None,
    resamples: int = RESAMPLES,
) -> dict[str, dict[str, Any]]:
    """Return by how much the scores of `predicted` are above those of `other`, with intervals.

    Both are judged on the same resamples, so what they share does not widen an interval.
    """
    here, there = (_of_both(true, one, np.ones((1, len(true)))) for one in (predicted, other))
    ours, theirs = (_drawn(true, one, groups, resamples=resamples) for one in (predicted, other))
    return {
        part: {
            name: {
                "difference": _number(here[part][name][0] - there[part][name][0]),
                "ci95": _interval(ours[part][name] - theirs[part][name]),
            }
            for name in scores
            if name != "central_share_true"
        }
        for part, scores in here.items()
    }


def _drawn(
    true: Floats, predicted: Floats, groups: npt.NDArray[Any] | None, *, resamples: int
) -> dict[str, dict[str, Values]]:
    """Return the scores of every resample, shape (resamples,)."""
    if not resamples:
        return {}
    blocks = [
        _of_both(true, predicted, times)
        for times in resampled(len(true), groups, resamples=resamples)
    ]
    return {
        part: {name: np.concatenate([block[part][name] for block in blocks]) for name in scores}
        for part, scores in blocks[0].items()
    }


def _of_both(true: Floats, predicted: Floats, times: Values) -> dict[str, dict[str, Values]]:
    shape = (len(true), len(NAMES))
    if true.shape != shape or predicted.shape != shape or not len(true):
        raise ValueError(f"true has shape {true.shape}, predicted {predicted.shape}, not (n, 2)")
    if not np.isfinite(true).all() or not np.isfinite(predicted).all():
        raise ValueError("values to be judged must be finite")
    found = {
        name: scores_of(true[:, place], predicted[:, place], times)
        for place, name in enumerate(NAMES)
    }
    both = list(found.values())
    return found | {"mean": {name: np.mean([one[name] for one in both], axis=0) for name in MEANS}}


def scores_of(true: Floats, predicted: Floats, times: Values) -> dict[str, Values]:
    """Return the scores of one dimension for several countings of its tracks.

    Parameters
    ----------
    true, predicted
        Shape (tracks,).
    times
        How often each track counts, shape (countings, tracks).

    Returns
    -------
    dict
        Shape (countings,) each; NaN where a score is undefined.
    """
    middle = true.mean(dtype=np.float64)
    t, p = true.astype(np.float64) - middle, predicted.astype(np.float64) - middle
    count = times.sum(axis=1)
    mean_t, mean_p, tt, pp, tp = (times @ one / count for one in (t, p, t * t, p * p, t * p))
    var_t, var_p = np.maximum(tt - mean_t**2, 0), np.maximum(pp - mean_p**2, 0)
    covariance, bias = tp - mean_t * mean_p, mean_p - mean_t
    error = np.maximum(tt + pp - 2 * tp, 0)
    low, high = central_band(true)
    inside = [((one >= low) & (one <= high)).astype(np.float64) for one in (predicted, true)]
    return {
        "r2": 1 - _over(error, var_t),
        "ccc": _over(2 * covariance, var_t + var_p + bias**2),
        "rmse": np.sqrt(error),
        "bias": bias,
        "correlation": _over(covariance, np.sqrt(var_t * var_p)),
        "spread_ratio": np.sqrt(_over(var_p, var_t)),
        "slope": _over(covariance, var_t),
        "central_share": times @ inside[0] / count,
        "central_share_true": times @ inside[1] / count,
    }


def central_band(true: Floats) -> tuple[float, float]:
    """Return the quartiles of one dimension's true values, shape (tracks,)."""
    low, high = np.quantile(true, [0.25, 0.75])
    return float(low), float(high)


def concordance(true: Floats, predicted: Floats) -> float:
    """Return the mean concordance of both dimensions, 0 where none is defined."""
    values = _of_both(true, predicted, np.ones((1, len(true))))["mean"]["ccc"]
    return float(np.nan_to_num(values[0]))


def _over(above: Values, below: Values) -> Values:
    """Return the quotient; NaN where values are all the same but for rounding."""
    known = below > 1e-12
    return np.divide(above, below, out=np.full_like(above, np.nan), where=known)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _interval(values: Values) -> list[float] | None:
    known = values[np.isfinite(values)]
    return [float(end) for end in np.quantile(known, _LEVELS)] if known.size else None
