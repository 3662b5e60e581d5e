"""Sound -> frames -> tracks for every source."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from zoneclf.audio.sound import WITH_ROWS
from zoneclf.errors import SettingsError
from zoneclf.frames.batch import Batch, Found, identify
from zoneclf.frames.frame_store import FrameStore
from zoneclf.frames.takes import TrackFacts
from zoneclf.pipeline.planning import ExtractRequest, Plan, plans_of
from zoneclf.pipeline.workspace import Voice, Workspace
from zoneclf.settings import Settings, SourceSettings
from zoneclf.store import TableNote, make_folder
from zoneclf.tracks.song_table import read_song_table
from zoneclf.tracks.track_table import (
    TrackTable,
    about,
    join,
    load_tracks,
    note_of,
    pool,
    save_tracks,
)


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
    table_path = workspace.tracks(plan.source)
    make_folder(table_path.parent)
    earlier = load_tracks(table_path).rows if table_path.is_file() else None
    note = TableNote(spec=plan.reader.spec, origins=(plan.reader.origin,))
    store = FrameStore(request.output or workspace.frames(plan.source), note)
    batch = Batch(plan.reader, store, settings.jobs, settings.audio.time_limit_s)
    found = identify(plan.files, _known(earlier))
    if request.dry_run:
        pending = len(found if request.force else batch.pending(found))
        voice.say(f"{plan.source}: {len(found)} files, {pending} to extract")
        return Extracted(plan.source, Counter(), 0, table_path, ())
    if request.force:
        with store.lock():
            store.clear()
    pending = len(batch.pending(found))
    if not pending:
        voice.say(f"{plan.source}: all {len(found)} files are done already")
    facts = batch.run(found, _teller(plan.source, pending, voice))
    rows = about(found, facts)
    if request.inputs and earlier is not None:
        gone = earlier["path"].isin(rows["path"]) | earlier["track_id"].isin(rows["track_id"])
        rows = pd.concat([earlier.loc[~gone, list(rows.columns)], rows], ignore_index=True)
    features = pool(store.tracks(), plan.reader.spec, settings.drops)
    joined = join(rows, features)
    made = note_of(plan.reader.spec, plan.reader.origin, settings.drops)
    save_tracks(TrackTable(joined, made), table_path)
    return _summary(plan.source, joined, facts, table_path)


def _known(earlier: pd.DataFrame | None) -> dict[tuple[str, int, int], str]:
    if earlier is None:
        return {}
    keys = zip(earlier["path"], earlier["size_bytes"], earlier["mtime_ns"], strict=True)
    return dict(zip(keys, earlier["track_id"], strict=True))


class _teller:  # noqa: N801  (used like a function)
    """Counts tracks as they are done."""

    def __init__(self, source: str, total: int, voice: Voice) -> None:
        self._source, self._total, self._voice = source, total, voice
        self._done, self._seconds = 0, 0.0

    def __call__(self, file: Found, facts: TrackFacts) -> None:
        self._done += 1
        self._seconds += facts.duration_s
        if facts.status not in WITH_ROWS:
            self._voice.warn(f"{file.path}: {facts.status} ({facts.reason})")
        minutes = f"{self._seconds / 60:.0f} min of sound"
        self._voice.progress(f"extract {self._source}", self._done, self._total, minutes)


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
    out = workspace.tracks(name)
    voice.say(f"{name}: {len(table.rows)} tracks, {len(table.spec.features)} features, from {path}")
    if not request.dry_run:
        make_folder(out.parent)
        save_tracks(table, out)
    return Extracted(name, Counter(table.rows["status"]), 0, out, ())
