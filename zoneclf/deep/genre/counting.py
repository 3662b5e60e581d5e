"""Each genre on its own: how often it is true and predicted, and whether that is too often.

A genre is predicted for `too many` or `too few` tracks if the ratio of predicted to true ones is
more than a quarter off, and the wrong ones on that side outnumber the other side's beyond chance,
by the sign test in its normal form (McNemar, Psychometrika 12, 1947).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from zoneclf.deep.genre.ranking import Bools, average_precision, roc_area, steps_of

ABOUT_RIGHT, TOO_MANY, TOO_FEW = "about right", "too many", "too few"
NEVER, NO_TRACKS, OPEN = "never predicted", "no track has it", "too few tracks to tell"
# Ratios of predicted to true between these are about right.
BAND = (0.8, 1.25)
_Z95 = 1.959964  # normal quantile of 0.975


def rarest(counts: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Return the places of the third (rounded up) of genres with the fewest tracks, in order.

    Genres without tracks are not among them; of equal ones the later is the rarer.
    """
    known = np.flatnonzero(counts > 0)
    size = -(-known.size // 3)
    falling = known[np.lexsort((known, -np.asarray(counts)[known]))]
    return np.sort(falling[known.size - size :])


def verdict(true: int, predicted: int, hits: int) -> str:
    """Return in words whether a genre is predicted as often as it is true.

    Parameters
    ----------
    true, predicted, hits
        Tracks that have the genre, are said to have it, and both.
    """
    if not true:
        return NO_TRACKS if not predicted else TOO_MANY
    if not predicted:
        return NEVER
    surplus = predicted - true
    if BAND[0] <= predicted / true <= BAND[1]:
        return ABOUT_RIGHT
    if abs(surplus) <= _Z95 * np.sqrt(predicted + true - 2 * hits):
        return OPEN
    return TOO_MANY if surplus > 0 else TOO_FEW


def per_genre(
    genres: Sequence[str],
    targets: Bools,
    *,
    probabilities: npt.NDArray[Any],
    decided: Bools,
) -> list[dict[str, Any]]:
    """Return one row per genre, in order; None for what is undefined without its tracks."""
    return [
        {
            "genre": genre,
            **_row(targets[:, place], probabilities[:, place], decided[:, place]),
        }
        for place, genre in enumerate(genres)
    ]


def _row(targets: Bools, probabilities: npt.NDArray[Any], decided: Bools) -> dict[str, Any]:
    hits, true = int((targets & decided).sum()), int(targets.sum())
    predicted, prevalence = int(decided.sum()), float(targets.mean())
    steps = steps_of(targets, probabilities)
    precision, area = float(average_precision(steps)[0]), float(roc_area(steps)[0])
    return {
        "tracks": true,
        "predicted": predicted,
        "hits": hits,
        "predicted_to_true": predicted / true if true else None,
        "verdict": verdict(true, predicted, hits),
        "precision": hits / predicted if predicted else 0.0,
        "recall": hits / true if true else None,
        "f1": 2 * hits / (predicted + true) if true else None,
        "prevalence": prevalence,
        "pr_auc": precision if true else None,
        "pr_auc_lift": precision / prevalence if true else None,
        "roc_auc": area if np.isfinite(area) else None,
    }
