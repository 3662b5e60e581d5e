"""Scores of multi-label predictions: decisions, ranking, labels per track, each genre on its own.

In: targets, probabilities and decisions, each of shape (tracks, genres).  Out: a flat dict that
JSON can hold.  Definitions are scikit-learn's with ``zero_division=0``: 0 of 0 counts as 0.  Means
over genres leave out the genres that no judged track has, and name them; sums over all labels and
means over tracks keep them, since a label predicted for nobody's genre is still wrong.

=====================  ===========================================================================
f1, precision, recall  `_micro` over all labels, `_macro` and `_sample` means over genres and tracks
hamming_loss           share of all yes-or-no decisions that are wrong
jaccard                `_macro` and `_sample`: labels shared over labels in either
labels_*               mean labels per track, true and predicted; `predicted_to_true` their ratio
rare_recall            mean recall of the rarest third of genres
roc_auc, pr_auc        `_macro`, from probabilities (`zoneclf.deep.genre.ranking`)
pr_auc_lift            pr_auc_macro over prevalence_macro, which is what random scores would get
=====================  ===========================================================================

A `_ci95` is the 95 % interval of `zoneclf.deep.resampling.interval`; genres that a resample
lacks are left out of its means.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zoneclf.deep.genre.counting import per_genre, rarest
from zoneclf.deep.genre.ranking import Bools, Values, average_precision, roc_area, steps_of
from zoneclf.deep.resampling import RESAMPLES, interval, resampled

# Scores that may be above 1.
_UNBOUNDED = ("labels_true", "labels_predicted", "predicted_to_true", "pr_auc_lift")


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What is judged: arrays of shape (tracks, genres) and the genres' names.

    `groups`, shape (tracks,), are drawn whole for intervals; `rare` names the genres of
    `rare_recall`, by default the third with the fewest judged tracks.
    """

    genres: tuple[str, ...]
    targets: Bools
    probabilities: npt.NDArray[Any]
    decided: Bools
    groups: npt.NDArray[Any] | None = None
    rare: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        shape = (len(self.targets), len(self.genres))
        if not shape[0]:
            raise ValueError("no track to judge")
        for name in ("targets", "probabilities", "decided"):
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} has shape {getattr(self, name).shape}, not {shape}")
        if not np.isfinite(self.probabilities).all():
            raise ValueError("probabilities must be finite")

    def names(self, places: npt.NDArray[Any]) -> list[str]:
        """Return the names of some columns."""
        return [str(name) for name in np.array(self.genres, dtype=object)[places]]

    @property
    def rare_places(self) -> npt.NDArray[np.intp]:
        """Which columns `rare_recall` is of."""
        if self.rare is None:
            return rarest(self.targets.sum(axis=0))
        return np.flatnonzero([genre in self.rare for genre in self.genres])


def metrics(
    targets: Bools,
    probabilities: npt.NDArray[Any],
    decided: Bools,
    *,
    genres: Sequence[str] | None = None,
    groups: npt.NDArray[Any] | None = None,
    rare: Sequence[str] | None = None,
    resamples: int = RESAMPLES,
) -> dict[str, Any]:
    """Return every score, with intervals unless `resamples` is 0.

    What is undefined, as an area where no judged track has a genre, is None.

    Parameters
    ----------
    targets, probabilities, decided
        Shape (tracks, genres).
    genres, groups, rare
        As in `Judged`; without names, genres are numbered.
    """
    judged = Judged(
        genres=tuple(genres or map(str, range(targets.shape[1]))),
        targets=targets,
        probabilities=probabilities,
        decided=decided,
        groups=groups,
        rare=None if rare is None else tuple(rare),
    )
    return {
        "n": len(targets),
        **_told(judged, resamples),
        "genres_without_tracks": judged.names(targets.sum(axis=0) == 0),
        "rare_genres": judged.names(judged.rare_places),
        "per_genre": per_genre(
            judged.genres, targets, probabilities=probabilities, decided=decided
        ),
    }


def _told(judged: Judged, resamples: int) -> dict[str, Any]:
    """Return each score, and its interval after it."""
    once = scores(judged, np.ones((1, len(judged.targets))))
    ends = intervals(judged, resamples, once) if resamples else {}
    found: dict[str, Any] = {}
    for name, value in once.items():
        found[name] = plain(value[0])
        if name in ends:
            found[f"{name}_ci95"] = ends[name]
    return found


def scores(judged: Judged, weights: Values) -> dict[str, Values]:
    """Return each score for each way to count tracks, shape (countings,).

    Parameters
    ----------
    judged
        Tracks, targets, decisions.
    weights
        How often each track counts, shape (countings, tracks).
    """
    return {**decision_scores(judged, weights), **_of_ranking(judged, weights)}


def decision_scores(judged: Judged, weights: Values) -> dict[str, Values]:
    """Return the scores that decisions alone give; as `scores`."""
    right = judged.targets & judged.decided
    hits, true = _summed(weights, right), _summed(weights, judged.targets)
    predicted = _summed(weights, judged.decided)
    tracks = weights.sum(axis=1)
    wrong = predicted.sum(axis=1) + true.sum(axis=1) - 2 * hits.sum(axis=1)
    return {
        **_of_labels(hits, predicted, true=true),
        **_of_tracks(judged, weights),
        "hamming_loss": wrong / (tracks * len(judged.genres)),
        "jaccard_macro": _mean(_shares(hits, predicted + true - hits), true > 0),
        "labels_true": true.sum(axis=1) / tracks,
        "labels_predicted": predicted.sum(axis=1) / tracks,
        "predicted_to_true": _shares(predicted.sum(axis=1), true.sum(axis=1)),
        "tracks_without_prediction": _summed(weights, np.asarray(~judged.decided.any(axis=1)))
        / tracks,
        "rare_recall": _rare_recall(hits, true, judged.rare_places),
    }


def intervals(
    judged: Judged, resamples: int, once: Mapping[str, Values]
) -> dict[str, list[float] | None]:
    """Return the 95 % interval around each score; None where no resample defines it.

    `once` are the scores, shape (1,).
    """
    blocks: dict[str, list[Values]] = {}
    for weights in resampled(len(judged.targets), judged.groups, resamples=resamples):
        for name, values in scores(judged, weights).items():
            blocks.setdefault(name, []).append(values)
    most = {name: np.inf if name in _UNBOUNDED else 1.0 for name in blocks}
    return {
        name: interval(once[name][0], np.concatenate(blocks[name]), most=most[name])
        for name in blocks
    }


def plain(value: float) -> float | None:
    """Return a number that JSON can hold, None for one that is undefined."""
    return float(value) if np.isfinite(value) else None


def _summed(weights: Values, marks: Bools) -> Values:
    """Return how many tracks are marked, shape (countings, ...)."""
    return np.asarray(weights @ marks.astype(np.float64))


def _of_labels(hits: Values, predicted: Values, *, true: Values) -> dict[str, Values]:
    """Return micro and macro scores from counts of shape (countings, genres)."""
    named = {
        "f1": (2 * hits, predicted + true),
        "precision": (hits, predicted),
        "recall": (hits, true),
    }
    found = {}
    for name, (parts, wholes) in named.items():
        found[f"{name}_micro"] = _shares(parts.sum(axis=1), wholes.sum(axis=1))
        found[f"{name}_macro"] = _mean(_shares(parts, wholes), true > 0)
    return found


def _of_tracks(judged: Judged, weights: Values) -> dict[str, Values]:
    """Return the scores that are means over tracks."""
    hits = (judged.targets & judged.decided).sum(axis=1).astype(np.float64)
    true, predicted = judged.targets.sum(axis=1), judged.decided.sum(axis=1)
    of_each = {
        "f1_sample": _shares(2 * hits, predicted + true),
        "precision_sample": _shares(hits, predicted),
        "recall_sample": _shares(hits, true),
        "jaccard_sample": _shares(hits, predicted + true - hits),
    }
    return {name: weights @ values / weights.sum(axis=1) for name, values in of_each.items()}


def _of_ranking(judged: Judged, weights: Values) -> dict[str, Values]:
    """Return the areas under the curves, means over genres, and the lift over prevalence."""
    prevalence = _summed(weights, judged.targets) / weights.sum(axis=1)[:, None]
    areas, precisions = np.empty_like(prevalence), np.empty_like(prevalence)
    for place in range(len(judged.genres)):
        targets, said = judged.targets[:, place], judged.probabilities[:, place]
        steps = steps_of(targets, said, weights, joined=True)
        precisions[:, place], areas[:, place] = average_precision(steps), roc_area(steps)
    pr_auc = _mean(precisions, prevalence > 0)
    chance = _mean(prevalence, prevalence > 0)
    return {
        "roc_auc_macro": _mean(areas, np.isfinite(areas)),
        "pr_auc_macro": pr_auc,
        "prevalence_macro": chance,
        "pr_auc_lift": pr_auc / chance,
    }


def _rare_recall(hits: Values, true: Values, places: npt.NDArray[np.intp]) -> Values:
    return _mean(_shares(hits[:, places], true[:, places]), true[:, places] > 0)


def _shares(parts: Values, wholes: npt.NDArray[Any]) -> Values:
    """Return `parts` over `wholes`, 0 where a whole is 0."""
    return np.asarray(np.divide(parts, wholes, np.zeros_like(parts), where=wholes > 0))


def _mean(values: Values, counted: Bools) -> Values:
    """Return the mean of the counted values of each row; not a number where there is none."""
    total = np.where(counted, values, 0.0).sum(axis=1)
    count = counted.sum(axis=1)
    return np.asarray(np.divide(total, count, np.full(len(values), np.nan), where=count > 0))
