"""Losses of arousal and valence, from values on the scale 1 to 9."""

import torch
from torch import Tensor

# Of a batch in which nothing differs.
_FLOOR = 1e-8


def squared_error(predicted: Tensor, targets: Tensor, spread: Tensor | None = None) -> Tensor:
    """Return the mean squared error, each dimension in units of `spread`.

    In units of the training tracks' standard deviations 1 is what their mean alone would get.

    Parameters
    ----------
    predicted, targets
        Shape (tracks, dimensions).
    spread
        Shape (dimensions,); None: 1.
    """
    apart = predicted - targets
    return ((apart if spread is None else apart / spread) ** 2).mean()


def concordance_loss(predicted: Tensor, targets: Tensor) -> Tensor:
    """Return 1 minus the concordance of each dimension over these tracks, mean over dimensions.

        2 cov / (var + var + (mean - mean)^2);   Lin, Biometrics 45 (1989)

    A prediction that is drawn to the mean has a low concordance even where it is right on average,
    so this does not reward timidity as the squared error does.  It is that of a batch: with few
    tracks it is noisy, so batches should not be small.

    Parameters
    ----------
    predicted, targets
        Shape (tracks, dimensions).
    """
    mean_p, mean_t = predicted.mean(0), targets.mean(0)
    p, t = predicted - mean_p, targets - mean_t
    apart = (p**2).mean(0) + (t**2).mean(0) + (mean_p - mean_t) ** 2
    return 1 - (2 * (p * t).mean(0) / apart.clamp_min(_FLOOR)).mean()


def spread_of(targets: Tensor) -> Tensor:
    """Return the standard deviation of each dimension, shape (dimensions,); 1 where it is 0."""
    found = targets.to(torch.float64).std(0, correction=0).to(torch.float32)
    return torch.where(found > _FLOOR, found, torch.ones_like(found))
