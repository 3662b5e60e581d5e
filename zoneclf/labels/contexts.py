"""Labelled contexts: pieces of labelled tracks, each with the zone and the group of its track.

DEAM's dynamic annotations move a piece's arousal and valence off its song's mean, and the rule
then gives the piece its own zone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from zoneclf.labels.deam import read_dynamic
from zoneclf.labels.table import LabelledTable
from zoneclf.labels.zones import SCALE, ZoneMap
from zoneclf.store import TableSpec
from zoneclf.tracks.contexts import Contexts, context_of

Values = npt.NDArray[np.float64]
# A column of a table of contexts: one context of each track, by which it is judged, so that
# scores count tracks.
JUDGED = "judged"
START = "start_s"
# Dynamic annotations are on the scale -1 to 1, static ones on 1 to 9.
_STRETCH = 4.0
_NAMES = ("arousal", "valence")
_SAMPLE_S = 0.5
# A context of which less is annotated keeps its song's values.
_LEAST_SHARE = 0.5


@dataclass(frozen=True)
class Courses:
    """Arousal and valence over time by song id, as `zoneclf.labels.deam.read_dynamic` gives them.

    Annotations begin at 15 s, so early contexts have few or none.
    """

    arousal: pd.DataFrame
    valence: pd.DataFrame

    def moved(self, song: int, start_s: Values, context_s: float) -> Values:
        """Return how far contexts lie from their song's mean, scale 1 to 9, shape (contexts, 2).

        0 where fewer than half of a context's samples are annotated.
        """
        return np.stack(
            [_moved(course, song, start_s, context_s) for course in (self.arousal, self.valence)],
            axis=1,
        )


def read_courses(root: Path) -> Courses | None:
    """Return the dynamic annotations below `root`; None if they are not there."""
    arousal, valence = (read_dynamic(root, name) for name in _NAMES)
    return None if arousal is None or valence is None else Courses(arousal, valence)


def context_table(
    tracks: LabelledTable, cuts: Mapping[tuple[str, str], Contexts], spec: TableSpec
) -> LabelledTable:
    """Return the contexts of labelled tracks, with the labels and the group of each track.

    Parameters
    ----------
    tracks
        Labelled tracks.
    cuts
        Contexts by source and track id; tracks that are not there are left out.
    spec
        Spec of the contexts' features.
    """
    keys = list(zip(tracks.source.tolist(), tracks.about["track_id"], strict=True))
    there = [number for number, key in enumerate(keys) if key in cuts]
    parts = [cuts[keys[number]] for number in there]
    counts = np.array([len(part) for part in parts], dtype=np.intp)
    whole = tracks.take(np.repeat(np.array(there, dtype=np.intp), counts))
    values = np.concatenate([part.features for part in parts])
    middles = np.cumsum(counts) - counts + counts // 2
    judged = np.isin(np.arange(len(values)), middles)
    starts = np.concatenate([part.start_s for part in parts])
    return LabelledTable(
        pd.DataFrame(values, columns=list(spec.features)),
        whole.codes,
        whole.source,
        whole.group,
        whole.about.assign(**{START: starts, JUDGED: judged}),
        tracks.zones,
        spec,
    )


def follow(
    table: LabelledTable, source: str, courses: Courses, zones: ZoneMap
) -> tuple[LabelledTable, int]:
    """Return a table of contexts whose DEAM songs follow their course, and how many do.

    Tracks of `source` are named by their song id; `zones` is the rule that makes zones of arousal
    and valence.
    """
    context_s = context_of(table.spec)
    assert context_s is not None
    about, codes = table.about.copy(), table.codes.copy()
    apart = np.zeros((len(table), len(_NAMES)))
    for name in about.loc[table.source == source, "name"].unique():
        rows = ((about["name"] == name) & (table.source == source)).to_numpy()
        apart[rows] = courses.moved(int(name), about.loc[rows, START].to_numpy(float), context_s)
    changed = apart.any(axis=1)
    values = about[list(_NAMES)].to_numpy(np.float64, copy=True)
    values[changed] = np.clip(values[changed] + apart[changed], *SCALE)
    about = about.assign(arousal=values[:, 0], valence=values[:, 1])
    codes[changed] = zones.codes(values[changed, 0], values[changed, 1])
    followed = LabelledTable(
        table.features, codes, table.source, table.group, about, table.zones, table.spec
    )
    return followed, int(changed.sum())


def _moved(course: pd.DataFrame, song: int, start_s: Values, context_s: float) -> Values:
    if song not in course.index:
        return np.zeros(len(start_s))
    values = course.loc[song].to_numpy(np.float64)
    known, at_s = np.isfinite(values), course.columns.to_numpy(np.float64)
    first = start_s[:, None]
    inside = known & (at_s >= first) & (at_s < first + context_s)
    count = inside.sum(axis=1)
    mean = np.where(inside, values, 0.0).sum(axis=1) / np.maximum(count, 1)
    enough = count * _SAMPLE_S >= _LEAST_SHARE * context_s
    apart = _STRETCH * (mean - values[known].mean()) if known.any() else np.zeros(len(start_s))
    return np.where(enough, apart, 0.0)
