"""The chapter on how the user's music differs from the other sources'.

What tells a track's source, a model can learn instead of the music; the length of clips is such a
thing.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from zoneclf.errors import TableError
from zoneclf.labels.table import LabelledTable
from zoneclf.report.chapter import Chapter, finite, records
from zoneclf.report.figures import png
from zoneclf.report.length_leak import length_leaks, length_remarks
from zoneclf.report.shift import named_ratios, own_rows, source_shift
from zoneclf.report.shift_figures import matrix_figure, shift_figure, variants_figure
from zoneclf.report.source_classifier import SourceTest, tell_source
from zoneclf.report.transfer import ALL

NAME = "domain_shift"
_TOP = 5


@dataclass(frozen=True)
class Thorough:
    """What takes long: `variants` as from `tell_variants`, `matrix` as from `source_matrix`."""

    variants: pd.DataFrame
    matrix: pd.DataFrame
    remarks: tuple[str, ...] = ()


def shift_chapter(
    table: LabelledTable,
    own: frozenset[str],
    *,
    learnt: Collection[str],
    thorough: Thorough | None = None,
) -> Chapter:
    """Return the chapter.

    `table` holds training tracks of all sources with every feature that was extracted; `own` names
    the user's, `learnt` the features that the model learns from; `thorough` is what was measured
    besides.
    """
    mine = own_rows(table, own)
    if mine.all() or not mine.any():
        return _nothing("There are tracks of one side only, so there is nothing to compare.")
    ours, theirs = (_names(table.source[rows]) for rows in (mine, ~mine))
    shift, leaks = source_shift(table, own), length_leaks(table, own)
    ratios = named_ratios(table, own)
    told, remarks = _told(table, own)
    remarks = (*remarks, *length_remarks(table, own), *_learnt(leaks, learnt))
    metrics = {
        **{"own": ours, "others": theirs, "features": len(shift)},
        "beyond_chance": int(shift["sure"].sum()),
        **_told_metrics(told),
        "length_leaks": list(leaks["feature"]),
        "learnt_leaks": [name for name in leaks["feature"] if name in learnt],
        "ratios": records(ratios),
    }
    tables = {NAME: shift, "domain_ratios": ratios, "length_leaks": leaks}
    pictures = {NAME: png(shift_figure(shift, ours, theirs))}
    page = {**metrics, "remarks": remarks, "verdict": _verdict(told), "variants": [], "matrix": []}
    if thorough is not None:
        found = {"variants": records(thorough.variants), "matrix": records(thorough.matrix)}
        metrics |= found
        page |= {**found, "remarks": (*remarks, *thorough.remarks), **_crossing(thorough, ours)}
        tables |= {"source_told": thorough.variants, "shift_matrix": thorough.matrix}
        pictures |= _pictures(thorough)
    return Chapter(NAME, _short(told, ours, theirs), finite(metrics), tables, pictures, page)


def _nothing(remark: str) -> Chapter:
    return Chapter(NAME, page={"remarks": (remark,), "others": ""})


def _names(sources: Any) -> str:
    return " and ".join(map(str, np.unique(sources)))


def _told(table: LabelledTable, own: frozenset[str]) -> tuple[SourceTest | None, tuple[str, ...]]:
    """Return how well the source is told, or a remark why that is not known."""
    try:
        return tell_source(table, own), ()
    except TableError as error:
        return None, (f"How well the source is told is not known: {error}.",)


def _learnt(leaks: pd.DataFrame, learnt: Collection[str]) -> tuple[str, ...]:
    """Return whether the model learns from what the length of tracks leaks through."""
    if not len(leaks):
        return ()
    among = [name for name in leaks["feature"] if name in learnt]
    if not among:
        return ("The model learns from none of these.",)
    more = f" and {len(among) - _TOP} more" if len(among) > _TOP else ""
    named = f"The model learns from {', '.join(among[:_TOP])}{more} of these"
    return (f"{named}: zoneclf train --match-length describes all tracks over equal lengths.",)


def _told_metrics(told: SourceTest | None) -> dict[str, Any]:
    if told is None:
        return {"source_auc": None, "source_auc_ci95": None, "tells_most": [], "absent": []}
    most = list(told.features["feature"].head(_TOP))
    return {
        "source_auc": told.auc,
        "source_auc_ci95": told.auc_ci95,
        "tells_most": most,
        "absent": list(told.absent),
    }


def _verdict(told: SourceTest | None) -> str:
    if told is None:
        return ""
    low, high = (100 * end for end in told.auc_ci95)
    return (
        f"Given a track of each, its features tell which is which in {100 * told.auc:.0f} of 100 "
        f"pairs (95 % interval {low:.0f} to {high:.0f}; 50 is guessing)."
    )


def _short(told: SourceTest | None, ours: str, theirs: str) -> str:
    if told is None:
        return ""
    low, _ = told.auc_ci95
    alike = "cannot be told apart beyond chance" if low <= 0.5 else "sound unlike"
    tail = "" if low <= 0.5 else f": {100 * told.auc:.0f} of 100 pairs are told apart"
    return f"{ours.capitalize()} and {theirs} tracks {alike}{tail}."


def _crossing(thorough: Thorough, ours: str) -> dict[str, str]:
    """Return in words what the user's tracks gain from the other sources."""
    judged = thorough.matrix[thorough.matrix["judged_on"] == ours].set_index("trained_on")
    rows = judged[judged["remark"] == ""]
    said = [
        f"{100 * row['accuracy']:.0f} % after learning from "
        f"{'all sources' if name == ALL else name}"
        for name, row in rows.iterrows()
    ]
    return {"crossing": f"Of {ours} tracks right: {', '.join(said)}." if said else ""}


def _pictures(thorough: Thorough) -> dict[str, bytes]:
    found = {"shift_matrix": png(matrix_figure(thorough.matrix))}
    if len(thorough.variants):
        found["source_told"] = png(variants_figure(thorough.variants))
    return found
