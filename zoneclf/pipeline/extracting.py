"""Sound -> frames -> tracks for every source."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from zoneclf.audio.files import path_text
from zoneclf.errors import SettingsError, TableError
from zoneclf.frames.batch import Batch, Found, identify
from zoneclf.frames.frame_store import FrameStore
from zoneclf.frames.takes import TrackFacts
from zoneclf.pipeline.planning import ExtractRequest, Plan, plans_of
from zoneclf.pipeline.telling import Teller
from zoneclf.pipeline.workspace import Voice, Workspace
from zoneclf.settings import Settings, SourceSettings
from zoneclf.store import TableNote, read_note
from zoneclf.tracks.song_table import read_song_table
from zoneclf.tracks.track_table import (
    Pooled,
    about,
    load_tracks,
    note_of,
    save_pooled,
    save_tracks,
)
from zoneclf.writing import make_folder


@dataclass(frozen=True)
class Extracted:
    """What became of one source: tracks by status, rows, the table, and what failed and why."""

    source: str
    statuses: Counter[str]
    frame_count: int
    table: Path
    failed: tuple[tuple[str, str, str], ...]

    @property
    def summary(self) -> str:
        """One line: tracks by status, frames, where the table is."""
        statuses = ", ".join(f"{count} {status}" for status, count in self.statuses.most_common())
        return f"{self.source}: {statuses}; {self.frame_count} frames; {self.table}"


def extract(
    workspace: Workspace, settings: Settings, request: ExtractRequest, voice: Voice
) -> list[Extracted]:
    """Extract every configured source, or the one asked for, and return what became of each.

    Raises
    ------
    SettingsError
        If nothing is there to extract, or a source is unknown.
    """
    if request.method == "table":
        return [_song_table(workspace, settings, request, voice)]
    plans = plans_of(settings, request, voice)
    return [_run(workspace, settings, request, plan, voice) for plan in plans]


def _run(
    workspace: Workspace,
    settings: Settings,
    request: ExtractRequest,
    plan: Plan,
    voice: Voice,
) -> Extracted:
    table_path = _table_path(workspace, request, plan.source)
    make_folder(table_path.parent)
    readable = table_path.is_file() and not request.force
    earlier = load_tracks(table_path).rows if readable else None
    note = TableNote(spec=plan.reader.spec, origins=(plan.reader.origin,))
    store = FrameStore(request.output or workspace.frames(plan.source), note)
    batch = Batch(plan.reader, store, settings.jobs, settings.audio.time_limit_s)
    found = identify(plan.files, _known(earlier))
    if earlier is not None:  # of copies, the one that was there before stays the track's path
        there = set(earlier["path"])
        found.sort(key=lambda file: path_text(file.path) not in there)
    if request.dry_run:
        return _foretold(plan, found, found if request.force else batch.pending(found), table_path)
    if request.force:
        with store.lock():
            store.clear()
    pending = batch.pending(found)
    if not pending:
        voice.say(f"{plan.source}: nothing new to extract")
    teller = Teller(f"extract {plan.source}", pending, voice)
    facts = batch.run(found, teller)
    teller.close()
    rows = about(found, facts)
    if earlier is not None:
        rows = _with_earlier(rows, earlier, request, voice)
    pooled = Pooled(store.tracks(), plan.reader.spec, settings.drops)
    made = note_of(plan.reader.spec, plan.reader.origin, settings.drops)
    save_pooled(rows, pooled, made, table_path)
    return _summary(plan.source, rows, facts, table_path)


def _foretold(plan: Plan, found: list[Found], todo: Sequence[Found], table: Path) -> Extracted:
    """Return what a run would do: tracks by ``to extract``, ``done`` or why they cannot be read."""
    statuses = Counter(file.problem.status for file in found if file.problem is not None)
    statuses["to extract"] = len({file.track_id for file in todo if file.problem is None})
    statuses["done"] = len({file.track_id for file in found if file.problem is None})
    statuses["done"] -= statuses["to extract"]
    return Extracted(plan.source, +statuses, 0, table, ())


def _table_path(workspace: Workspace, request: ExtractRequest, source: str) -> Path:
    if request.output is None:
        return workspace.tracks(source)
    return request.output / "tracks" / f"{source}.parquet"


def _with_earlier(
    rows: pd.DataFrame, earlier: pd.DataFrame, request: ExtractRequest, voice: Voice
) -> pd.DataFrame:
    """Return the rows of this run and, where it named only some files, those of earlier runs."""
    ids = rows.loc[rows["track_id"] != "", "track_id"]  # what cannot be read has none
    gone = earlier["path"].isin(rows["path"]) | earlier["track_id"].isin(ids)
    others = earlier.loc[~gone, list(rows.columns)]
    if request.inputs:
        rows = pd.concat([others, rows], ignore_index=True)
        return rows.sort_values(["name", "path"], ignore_index=True)
    if len(others):
        voice.say(f"{len(others)} tracks of earlier runs are no longer listed and leave the table")
    return rows


def _known(earlier: pd.DataFrame | None) -> dict[tuple[str, int, int], str]:
    if earlier is None:
        return {}
    keys = zip(earlier["path"], earlier["size_bytes"], earlier["mtime_ns"], strict=True)
    return dict(zip(keys, earlier["track_id"], strict=True))


def _summary(
    source: str, rows: pd.DataFrame, facts: Mapping[str, TrackFacts], table: Path
) -> Extracted:
    failed = rows[rows["status"] != "ok"]
    listed = zip(failed["path"], failed["status"], failed["reason"], strict=True)
    count = sum(facts[key].frame_count for key in set(rows["track_id"]) & facts.keys())
    return Extracted(source, Counter(rows["status"]), count, table, tuple(listed))


def _song_table(
    workspace: Workspace, settings: Settings, request: ExtractRequest, voice: Voice
) -> Extracted:
    name = request.source or "deam"
    source = settings.sources.get(name, SourceSettings(kind="table"))
    path = request.inputs[0] if request.inputs else source.table
    if path is None:
        raise SettingsError(f"sources.{name}.table is not set; name the table with --input")
    table = read_song_table(
        path, id_column=request.id_column or source.id_column, renamed=source.columns
    )
    out = _table_path(workspace, request, name)
    if out.is_file() and not request.force and read_note(out).origins != table.note.origins:
        raise TableError(f"{out}: was made otherwise; add --force to replace it, or --output")
    voice.say(f"{name}: {len(table.rows)} tracks, {len(table.spec.features)} features, from {path}")
    if not request.dry_run:
        make_folder(out.parent)
        save_tracks(table, out)
    return Extracted(name, Counter(table.rows["status"]), 0, out, ())
