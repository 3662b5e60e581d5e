"""Tracks as an excerpt of them would describe them: the features of the middle N seconds.

DEAM's songs are clips of 45 s, a user's tracks last minutes.  Pooled over equal lengths, what
grows with length (the count of drops, and the spread of everything that changes slowly) no longer
tells the two apart: in 35 pieces of music of 165 s (median) there were 7.9 times as many drops as
in their middle 45 s, and the standard deviations over frames were 1.3 times as large (median over
the features).  Everything but tempo is computed anew from the stored frames; tempo, which
frames do not carry, stays that of the whole track.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pandas as pd

from zoneclf.frames.extractor import Frames
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.rows import Rows, RowSource
from zoneclf.frames.takes import TrackFacts
from zoneclf.settings import DropSettings
from zoneclf.store import TableSpec
from zoneclf.tracks.track_table import pool

# In a table's spec; nothing stands before the dot, so it concerns every feature.
LONGEST = ".longest_s"


@dataclass(frozen=True)
class _Part:
    """The rows `first` to `last` of a track, read when they are asked for."""

    whole: RowSource
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first

    def chunks(self) -> Iterator[Rows]:
        """Yield the rows in order, shape (rows, features)."""
        start = 0
        for rows in self.whole.chunks():
            inside = rows[max(0, self.first - start) : max(0, self.last - start)]
            start += len(rows)
            if len(inside):
                yield inside
            if start >= self.last:
                return


def middle(frames: Frames, grid: FrameGrid, longest_s: float) -> Frames:
    """Return the frames inside the middle `longest_s` seconds; all where there are no more.

    Raises
    ------
    ValueError
        If no frame fits into so little.
    """
    count = grid.frames_within(longest_s)
    if count < 1:
        raise ValueError(f"longest_s={longest_s}: a frame needs {grid.window_s}")
    if len(frames) <= count:
        return frames
    first = (len(frames) - count) // 2
    part = _Part(frames.source, first, first + count)
    return Frames(frames.start_s[first : first + count], part, frames.measures)


def pool_middles(
    tracks: Iterable[tuple[TrackFacts, Frames]],
    frames: TableSpec,
    drops: DropSettings,
    *,
    longest_s: float,
) -> pd.DataFrame:
    """Return the features of tracks over at most `longest_s` seconds each, indexed by track id.

    Parameters
    ----------
    tracks
        Facts and frames, as a frame store gives them.
    frames
        The frame table's spec, which names the columns and the grid.
    drops
        Thresholds for drops.
    longest_s
        What is longer is described by its middle.
    """
    grid = FrameGrid(frames.window_s, frames.hop_s)
    middles = ((facts, middle(rows, grid, longest_s)) for facts, rows in tracks)
    return pool(middles, frames, drops)


def longest_of(spec: TableSpec) -> float:
    """Return over how many seconds of a track at most features were pooled; 0 for all of it."""
    return float(dict(spec.parameters).get(LONGEST, 0.0))


def middle_spec(whole: TableSpec, longest_s: float) -> TableSpec:
    """Return the spec of a track table pooled over at most `longest_s` seconds.

    It differs from that of whole tracks, so that a model of one refuses a table of the other;
    with `longest_s` 0 it is that of whole tracks.
    """
    if not longest_s:
        return whole
    parameters = dict(whole.parameters) | {LONGEST: longest_s}
    return dataclasses.replace(whole, parameters=tuple(sorted(parameters.items())))
