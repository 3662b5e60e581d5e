"""The best threshold of every genre, by exact search over the scores.

Only thresholds between different scores decide differently, so those are all there is to try; the
one that is kept lies half-way between two scores.  By objective:

- ``macro`` F1 is a mean over genres, so each genre's best threshold is found alone.
- ``micro`` F1 is 2 hits over predicted plus true labels, all summed: a fraction whose best value F
  is where the best of ``2 hits - F predicted`` over all genres equals F times the true labels
  (Dinkelbach, Management Science 13, 1967); for a given F each genre is again alone.
- ``sample`` F1 is a mean over tracks, in which genres do not come apart: one genre after the other
  is set to its best threshold given the others', from the macro solution, until none gains.  That
  ends where no single threshold can be bettered, which need not be the best of all.

Of thresholds that do equally well the highest is taken.  A genre that no track has keeps the
threshold that it is given.
"""

import numpy as np

from zoneclf.deep.genre.decision import ABOVE_ALL
from zoneclf.deep.genre.ranking import Bools, Values, steps_of

_ROUNDS = 50
_SLACK = 1e-12


def best_thresholds(
    targets: Bools, probabilities: Values, *, objective: str, otherwise: float
) -> Values:
    """Return one threshold per genre, shape (genres,); `otherwise` for genres that no track has."""
    curves = [_Curve(targets[:, g], probabilities[:, g]) for g in range(targets.shape[1])]
    known = np.flatnonzero(targets.any(axis=0))
    found = np.full(targets.shape[1], otherwise)
    found[known] = [curves[g].best(curves[g].f1()) for g in known]
    if objective == "micro":
        return _best_micro(curves, found)
    if objective == "sample":
        return _ascended(targets, probabilities, found)
    return found


class _Curve:
    """What each threshold of one genre gives: none predicted first, then one score more each."""

    def __init__(self, targets: Bools, scores: Values) -> None:
        steps = steps_of(targets, scores)
        self.true = float(targets.sum())
        self.hits = np.append(0.0, steps.hits[0])
        self.predicted = np.append(0.0, steps.found[0])
        self.scores = steps.scores
        self.thresholds = _between(steps.scores)

    def f1(self) -> Values:
        """Return the F1 of each threshold."""
        return np.asarray(2 * self.hits / np.maximum(self.predicted + self.true, 1))

    def lets_in(self, threshold: float) -> float:
        """Return how many tracks a threshold lets in."""
        return float(self.predicted[1:][self.scores >= threshold].max(initial=0.0))

    def best(self, values: Values) -> float:
        """Return the highest threshold with the highest value."""
        return float(self.thresholds[self.place(values)])

    def place(self, values: Values) -> int:
        """Return which threshold that is."""
        return int(np.argmax(values >= values.max() - _SLACK))


def _between(falling: Values) -> Values:
    """Return thresholds around scores: above the highest, then half-way down to each next one.

    Each is at most the score that it lets in and above the next; the last is half the lowest.
    """
    highest = (falling[0] + 1) / 2
    lower = np.append(falling[1:], 0.0)
    half = (falling + lower) / 2
    half = np.where(half > lower, half, falling)
    return np.append(highest if highest > falling[0] else ABOVE_ALL, half)


def _best_micro(curves: list[_Curve], otherwise: Values) -> Values:
    """Return the thresholds with the highest micro F1."""
    known = [curve for curve in curves if curve.true]
    true = sum(curve.true for curve in known)
    extra = sum(c.lets_in(t) for c, t in zip(curves, otherwise, strict=True) if not c.true)
    share = 0.0
    for _ in range(_ROUNDS):
        places = [c.place(2 * c.hits - share * c.predicted) for c in known]
        pairs = list(zip(known, places, strict=True))
        predicted = extra + sum(c.predicted[p] for c, p in pairs)
        better = 2 * sum(c.hits[p] for c, p in pairs) / max(predicted + true, 1)
        if better <= share + _SLACK:
            break
        share = better
    found = otherwise.copy()
    found[[bool(curve.true) for curve in curves]] = [c.thresholds[p] for c, p in pairs]
    return found


def _ascended(targets: Bools, probabilities: Values, start: Values) -> Values:
    """Return thresholds whose mean F1 over tracks no single change betters."""
    found = start.copy()
    decided = probabilities >= found
    for _ in range(_ROUNDS):
        before = found.copy()
        for genre in map(int, np.flatnonzero(targets.any(axis=0))):
            found[genre] = _best_given(targets, decided, probabilities[:, genre], genre=genre)
            decided[:, genre] = probabilities[:, genre] >= found[genre]
        if (found == before).all():
            break
    return found


def _best_given(targets: Bools, decided: Bools, scores: Values, *, genre: int) -> float:
    """Return the threshold of `genre` with the highest mean F1 over tracks, the others as decided.

    What a track's F1 gains by the genre depends on no other track, so the gains are summed down the
    scores.
    """
    true = targets.sum(axis=1)
    others = np.delete(decided, genre, axis=1)
    hits = (others & np.delete(targets, genre, axis=1)).sum(axis=1)
    sizes = true + others.sum(axis=1)
    without = 2 * hits / np.maximum(sizes, 1)
    gains = 2 * (hits + targets[:, genre]) / (sizes + 1) - without
    steps = steps_of(np.ones_like(scores, dtype=np.bool_), scores, gains[None, :])
    summed = np.append(0.0, steps.found[0])
    best = int(np.argmax(summed >= summed.max() - _SLACK))
    return float(_between(steps.scores)[best])
