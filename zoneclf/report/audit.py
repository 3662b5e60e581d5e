"""Labels that are worth hearing again: what a model, a copy or a close neighbour contradicts.

In: labelled tracks and out-of-fold probabilities.  Out: a list, the most doubtful first.  Nothing
is ever relabelled; a listener decides.

Source of the method: Northcutt, Jiang, Chuang, "Confident learning: estimating uncertainty in
dataset labels", JAIR 70 (2021) 1373.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from zoneclf.labels.table import LabelledTable
from zoneclf.report.neighbours import Pair, close_pairs

Codes = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]
COLUMNS = ("track_id", "path", "source", "zone", "suggested", "probability", "margin", "reason")

_TIE = 1e-12


def confident_zones(codes: Codes, probabilities: Values) -> Codes:
    """Return the zone that each track is counted for with confidence, -1 for none, shape (tracks,).

    A track counts for a zone if its probability reaches that zone's mean among the tracks so
    labelled; for the most probable of them if it reaches several (the paper's equations 1 and 2),
    in a tie for its own.
    """
    zone_count = probabilities.shape[1]
    limits = np.full(zone_count, np.inf)
    for zone in np.unique(codes):
        limits[zone] = probabilities[codes == zone, zone].mean()
    favoured = probabilities + _TIE * np.eye(zone_count)[codes]
    reached = np.where(favoured >= limits, favoured, -1.0)
    best = reached.argmax(axis=1)
    return np.where(reached.max(axis=1) >= 0, best, -1).astype(np.int64)


def confident_joint(codes: Codes, probabilities: Values) -> Values:
    """Return how many tracks have which given and which true zone, shape (given, true).

    Rows are scaled to sum to the number of tracks so labelled (equation 3, times the number of
    tracks).  What is off the diagonal is the estimated number of wrong labels, where the model is
    good: one that is wrong on 30 % of the tracks finds about as many labels wrong.
    """
    zone_count = probabilities.shape[1]
    found = confident_zones(codes, probabilities)
    counts = np.zeros((zone_count, zone_count))
    sure = found >= 0
    np.add.at(counts, (codes[sure], found[sure]), 1)
    labelled = np.bincount(codes, minlength=zone_count)
    empty = counts.sum(axis=1) == 0
    counts[empty, empty] = 1  # nothing is known against the labels of such a zone
    scaled: Values = counts * (labelled / counts.sum(axis=1))[:, None]
    return scaled


def margins(codes: Codes, probabilities: Values) -> Values:
    """Return probability of the given zone minus the highest other one, shape (tracks,), -1 to 1.

    The paper's normalised margin: the lower, the more doubtful.
    """
    rows = np.arange(len(codes))
    others = probabilities.copy()
    others[rows, codes] = -np.inf
    gaps: Values = probabilities[rows, codes] - others.max(axis=1)
    return gaps


def audit(table: LabelledTable, probabilities: npt.NDArray[np.floating]) -> pd.DataFrame:
    """Return the labels to hear again, the most doubtful first.

    Parameters
    ----------
    table
        Labelled tracks with the features that similarity is judged by.
    probabilities
        Out of fold, shape (tracks, zones); of a model that saw the labels they tell nothing.

    Returns
    -------
    pandas.DataFrame
        One row per label, with `COLUMNS`.  First come tracks that sound the same as one of another
        zone, then labels that the model contradicts with confidence, by margin, then tracks whose
        closest neighbour has another zone.  `suggested` is the neighbour's or the model's zone and
        `probability` what the model gives it.
    """
    shares = np.asarray(probabilities, dtype=np.float64)
    gaps = margins(table.codes, shares)
    found = [_by_pair(table, pair) for pair in close_pairs(table)]
    same = [row for pair, rows in found if pair.same for row in rows]
    close = [row for pair, rows in found if not pair.same for row in rows]
    model = _by_model(table, shares)
    ranked = [*_ordered(same, gaps), *_ordered(model, gaps), *_ordered(close, gaps)]
    reasons: dict[int, list[str]] = {}
    suggested: dict[int, int] = {}
    for place, zone, reason in ranked:
        suggested.setdefault(place, zone)
        reasons.setdefault(place, []).append(reason)
    places = np.array(list(suggested), dtype=np.intp)
    zones = np.array(list(suggested.values()), dtype=np.intp)
    names = np.array(table.zones)
    rows = table.about.iloc[places][["track_id", "path", "source"]].reset_index(drop=True)
    rows["zone"], rows["suggested"] = names[table.codes[places]], names[zones]
    rows["probability"], rows["margin"] = shares[places, zones], gaps[places]
    rows["reason"] = pd.Series(["; ".join(reasons[place]) for place in suggested], dtype=object)
    return rows[list(COLUMNS)]


# Which track, which zone is suggested, and why.
_Doubt = tuple[int, int, str]


def _by_model(table: LabelledTable, shares: Values) -> list[_Doubt]:
    found = confident_zones(table.codes, shares)
    doubted = np.flatnonzero((found >= 0) & (found != table.codes))
    return [
        (int(place), int(found[place]), f"sounds like {table.zones[found[place]]} to the model")
        for place in doubted
    ]


def _by_pair(table: LabelledTable, pair: Pair) -> tuple[Pair, list[_Doubt]]:
    """Return a pair and what it says about both of its tracks, if their zones differ."""
    names = table.about["name"].to_numpy()
    doubts = []
    for place, other in ((pair.first, pair.second), (pair.second, pair.first)):
        zone = int(table.codes[other])
        likeness = "the same sound as" if pair.same else "closest to"
        reason = f"{likeness} {names[other]}, which is {table.zones[zone]}"
        if zone != table.codes[place]:
            doubts.append((place, zone, reason))
    return pair, doubts


def _ordered(doubts: list[_Doubt], gaps: Values) -> list[_Doubt]:
    return sorted(doubts, key=lambda doubt: (gaps[doubt[0]], doubt[0]))
