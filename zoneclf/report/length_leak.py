"""Through which features the length of its tracks tells a source.

A count over a track of five minutes is not that over a clip of 45 s, whatever the music.  A rate
has the same mean in both, but over clips of equal length it takes few values, multiples of one
drop per clip, and trees find those.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import spearmanr

from zoneclf.labels.table import LabelledTable
from zoneclf.report.shift import feature_shift, larger_share, own_rows
from zoneclf.tracks.sets import GROWING

Lengths = npt.NDArray[np.float64]
_Leak = tuple[str, float, str, float, str]
_SURE = 0.05
_SHOWN = 5
_STEPS = "takes few values over tracks of equal length"
# Distinct values per track that has any, in the one source and the other.
_FEW, _MANY = 0.3, 0.7
_FEWEST = 20


def length_leaks(table: LabelledTable, own: frozenset[str]) -> pd.DataFrame:
    """Return the features through which the length of its tracks tells a source.

    None does where both sides' tracks are alike in length.  Else those do that differ between the
    sides in the direction of the length, and are sums over a track or go with the length inside a
    source (rank correlation beyond chance, 5 % over all features together); and those that take
    few values on one side only.

    Returns
    -------
    pandas.DataFrame
        Columns: feature; rank_correlation with the length inside the source `within`, NaN where
        no source has tracks of different lengths; auc as in `feature_shift`; reason.  What tells
        the source best comes first.
    """
    mine = own_rows(table, own)
    length = table.about["duration_s"].to_numpy(dtype=np.float64)
    longer = _longer(length[mine], length[~mine])
    found: list[_Leak] = []
    if longer:
        shift = feature_shift(table.features[~mine], table.features[mine])
        found = list(_leaks(table, length, shift, longer))
        named = {leak[0] for leak in found}
        steps = _stepped(table.features[mine], table.features[~mine])
        area = dict(zip(shift["feature"], shift["auc"], strict=True))
        found += [(n, np.nan, "", area[n], _STEPS) for n in steps if n not in named]
    leaks = pd.DataFrame(found, columns=["feature", "rank_correlation", "within", "auc", "reason"])
    order = (0.5 - leaks["auc"].astype(float)).abs().sort_values(ascending=False, kind="stable")
    return leaks.loc[order.index].reset_index(drop=True)


def length_remarks(table: LabelledTable, own: frozenset[str]) -> tuple[str, ...]:
    """Return in words what `length_leaks` found, for a report; empty if nothing."""
    leaks = length_leaks(table, own)
    if not len(leaks):
        return ()
    mine = own_rows(table, own)
    length = table.about["duration_s"].to_numpy(dtype=np.float64)
    ours, theirs = np.nanmedian(length[mine]), np.nanmedian(length[~mine])
    named = [f"{row.feature} (AUC {row.auc:.2f})" for row in leaks.head(_SHOWN).itertuples()]
    more = f" and {len(leaks) - _SHOWN} more" if len(leaks) > _SHOWN else ""
    remark = (
        f"Your tracks last {ours:.0f} s, the others {theirs:.0f} s (medians). Features that go "
        f"with length and tell the source by it: {', '.join(named)}{more}."
    )
    return (remark,)


def _longer(ours: Lengths, theirs: Lengths) -> int:
    """Return 1 if our tracks are the longer, -1 if the shorter, 0 if alike or not known."""
    lengths = pd.DataFrame({"length": ours}), pd.DataFrame({"length": theirs})
    shift = feature_shift(lengths[1], lengths[0])
    if not len(shift) or not shift["sure"].all():
        return 0
    known = ours[np.isfinite(ours)], theirs[np.isfinite(theirs)]
    return int(np.sign(larger_share(*known) - 0.5))


def _leaks(
    table: LabelledTable, length: Lengths, shift: pd.DataFrame, longer: int
) -> Iterator[_Leak]:
    """Yield feature, rank correlation, source, area and reason of those that differ and leak."""
    limit = _SURE / max(1, table.features.shape[1])
    sure = shift[shift["sure"]]
    for name, auc in zip(sure["feature"], sure["auc"], strict=True):
        source, rank, chance = _with_length(table, name, length)
        direction = int(np.sign(auc - 0.5))
        if name in GROWING and direction == longer:
            yield name, rank, source, auc, "is a sum over the track"
        elif chance < limit and direction == longer * int(np.sign(rank)):
            yield name, rank, source, auc, f"goes with the length inside {source}"


def _stepped(ours: pd.DataFrame, theirs: pd.DataFrame) -> list[str]:
    """Return the features that take few values on one side and many on the other; 0 is none."""
    shares = []
    for values in (ours, theirs):
        there = values.where(values != 0)
        count = there.count()
        shares.append((there.nunique() / count).where(count >= _FEWEST))
    first, second = shares
    stepped = ((first < _FEW) & (second > _MANY)) | ((second < _FEW) & (first > _MANY))
    return [str(name) for name in ours.columns[stepped]]


def _with_length(
    table: LabelledTable, name: str, length: npt.NDArray[np.float64]
) -> tuple[str, float, float]:
    """Return where a feature goes with length most surely: source, rank correlation, p value."""
    best = ("", float("nan"), 1.0)
    values = table.features[name].to_numpy(dtype=np.float64)
    for source in np.unique(table.source):
        rows = (table.source == source) & np.isfinite(values) & np.isfinite(length)
        if np.unique(values[rows]).size < 2 or np.unique(length[rows]).size < 2:
            continue
        found = spearmanr(values[rows], length[rows])
        if found.pvalue < best[2]:
            best = (str(source), float(found.statistic), float(found.pvalue))
    return best
