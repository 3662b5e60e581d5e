"""Tracks described over the length that a model asks for: whole, or the middle N seconds.

The track tables hold features of whole tracks; those of a middle are pooled from stored frames.
"""

from collections.abc import Collection, Iterable

import pandas as pd

from zoneclf.errors import SettingsError, TableError
from zoneclf.frames.extractor import Frames
from zoneclf.frames.frame_store import stored
from zoneclf.frames.takes import TrackFacts
from zoneclf.labels.table import LabelledTable
from zoneclf.labels.variants import match_length
from zoneclf.pipeline.workspace import Workspace
from zoneclf.settings import DropSettings, Settings
from zoneclf.store import TableSpec
from zoneclf.tracks.excerpts import pool_middles
from zoneclf.tracks.pooling import track_spec
from zoneclf.tracks.track_table import pool


def matched(
    workspace: Workspace, settings: Settings, table: LabelledTable, longest_s: float
) -> LabelledTable:
    """Return the table with tracks described by at most `longest_s` seconds; 0: whole tracks.

    Raises
    ------
    SettingsError
        If that is less than a frame.
    TableError
        If a longer track has no stored frames, or they were pooled with other settings.
    """
    if not longest_s:
        return table
    if longest_s < table.spec.window_s:
        raise SettingsError(
            f"train.match_length_s is {longest_s:g}; it must be at least one frame, "
            f"{table.spec.window_s:g} s"
        )
    long = table.about[table.about["duration_s"] > longest_s]
    pieces = [pd.DataFrame(columns=list(table.spec.features))]
    for source in sorted(set(long["source"])):
        ids = frozenset(long.loc[long["source"] == source, "track_id"])
        pieces.append(middles(workspace, settings, source, ids=ids, longest_s=longest_s))
        _require_same(pieces[-1], workspace, settings, source, table.spec)
    joined = pd.concat([piece for piece in pieces if len(piece)] or pieces[:1])
    return match_length(table, joined[~joined.index.duplicated()], longest_s)


def middles(
    workspace: Workspace, settings: Settings, source: str, *, ids: Collection[str], longest_s: float
) -> pd.DataFrame:
    """Return the features of the middles of a source's tracks, by track id.

    Tracks that have no stored frames are left out.
    """
    store = stored(workspace.frames(source))
    if store is None:
        return pd.DataFrame()
    tracks = ((facts, frames) for facts, frames in store.tracks() if facts.track_id in ids)
    return pool_middles(tracks, store.note.spec, settings.drops, longest_s=longest_s)


def pool_at(
    tracks: Iterable[tuple[TrackFacts, Frames]],
    *,
    frames: TableSpec,
    drops: DropSettings,
    longest_s: float,
) -> pd.DataFrame:
    """Return the features of whole tracks, or of their middles if `longest_s` is not 0."""
    if not longest_s:
        return pool(tracks, frames, drops)
    return pool_middles(tracks, frames, drops, longest_s=longest_s)


def _require_same(
    found: pd.DataFrame, workspace: Workspace, settings: Settings, source: str, spec: TableSpec
) -> None:
    """Check that the table's tracks were pooled as those middles were."""
    store = stored(workspace.frames(source))
    if store is None or not len(found):
        return  # match_length says which track has no frames
    apart = track_spec(store.note.spec, settings.drops).select(spec.features).difference(spec)
    if apart:
        raise TableError(
            f"{workspace.tracks(source)}: was made with other settings ({apart}); run zoneclf "
            "extract"
        )
