"""Losses of a multi-label task, from logits, and the weights of rare labels.

All of them are means over tracks and labels, and stable for logits of any size.
"""

import torch
from torch import Tensor
from torch.nn import functional


def weighted_bce(logits: Tensor, targets: Tensor, pos_weight: Tensor | None = None) -> Tensor:
    """Return the binary cross-entropy whose positive part is multiplied by `pos_weight`.

        -(w t log p + (1 - t) log(1 - p)),   p = 1 / (1 + exp(-logit))

    Parameters
    ----------
    logits, targets
        Shape (tracks, labels); targets are 0 or 1, as floats.
    pos_weight
        Shape (labels,); None: 1.
    """
    return _bce(logits, targets, pos_weight).mean()


def focal(
    logits: Tensor,
    targets: Tensor,
    gamma: float = 2.0,
    *,
    alpha: float | None = None,
    pos_weight: Tensor | None = None,
) -> Tensor:
    """Return the focal loss (Lin et al., Focal Loss for Dense Object Detection, 2017, eq. 5).

        -a (1 - q)^gamma log q,   q = p where t = 1, else 1 - p

    with a = `alpha` where t = 1 and 1 - `alpha` elsewhere; None: a = 1.  Gamma 0 without alpha is
    the cross-entropy.  `pos_weight` multiplies what belongs to t = 1 as in `weighted_bce`.
    """
    # log(1 - q) is the log-sigmoid of the logit towards the wrong side: exact where 1 - q is tiny.
    wrong = functional.logsigmoid(torch.where(targets > 0, -logits, logits))
    loss = torch.exp(gamma * wrong) * _bce(logits, targets, pos_weight)
    if alpha is not None:
        loss = loss * torch.where(targets > 0, alpha, 1 - alpha)
    return loss.mean()


def _bce(logits: Tensor, targets: Tensor, pos_weight: Tensor | None) -> Tensor:
    return functional.binary_cross_entropy_with_logits(
        logits, targets, pos_weight=pos_weight, reduction="none"
    )


def pos_weights(targets: Tensor, power: float, cap: float | None = None) -> Tensor:
    """Return (negatives / positives)^power per label, at most `cap`; shape (labels,).

    Power 0 is no weighting.  A label without positives has nothing to be weighted: 1.
    """
    positives = targets.to(torch.float64).sum(0)
    ratio = (len(targets) - positives) / positives.clamp_min(1)
    weights = torch.where(positives > 0, ratio, 1.0).pow(power)
    return (weights if cap is None else weights.clamp_max(cap)).to(torch.float32)


def describe_weights(targets: Tensor, weights: Tensor, labels: tuple[str, ...]) -> list[str]:
    """Return lines for debug output: spread of the weights, and the ten heaviest labels."""
    counts = targets.to(torch.int64).sum(0).tolist()
    heavy = sorted(zip(weights.tolist(), labels, counts, strict=True), reverse=True)[:10]
    least, median, most = (
        float(value) for value in (weights.min(), weights.median(), weights.max())
    )
    ratio, apart = max(counts) / max(1, min(counts)), most / max(least, 1e-9)
    return [
        f"labels: {len(labels)}, most against least tracks {ratio:.1f}x, weights {apart:.1f}x",
        f"weights: min {least:.3g}, median {median:.3g}, max {most:.3g}",
        *(f"  {label}: weight {weight:.3g}, {count} tracks" for weight, label, count in heavy),
    ]
