"""Sound -> frames -> tracks for every source: which files, which reader, which table."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from zoneclf.audio.files import PLAYLIST_SUFFIXES, audio_files, expand
from zoneclf.audio.sound import WITH_ROWS
from zoneclf.errors import SettingsError
from zoneclf.frames.batch import Batch, Found, identify
from zoneclf.frames.deam_csv import feature_files, reader_for
from zoneclf.frames.extractor import FrameExtractor
from zoneclf.frames.frame_store import FrameStore
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor
from zoneclf.frames.opensmile import OpensmileExtractor
from zoneclf.frames.segments import read_segments
from zoneclf.frames.sound_reader import SoundReader
from zoneclf.frames.takes import FrameReader, TrackFacts
from zoneclf.labels.library import SUFFIXES, find_label_file, label_paths
from zoneclf.pipeline.workspace import Voice, Workspace
from zoneclf.settings import Method, Settings, SourceSettings
from zoneclf.store import TableNote, make_folder
from zoneclf.tracks.song_table import read_song_table
from zoneclf.tracks.tempo import TempoMeter
from zoneclf.tracks.track_table import (
    TrackTable,
    about,
    join,
    load_tracks,
    note_of,
    pool,
    save_tracks,
)

_EXTRACTORS: dict[str, Callable[[FrameGrid], FrameExtractor]] = {
    "frames": NativeExtractor,
    "opensmile": OpensmileExtractor,
}


@dataclass(frozen=True, kw_only=True)
class ExtractRequest:
    """What ``zoneclf extract`` was asked: `inputs` replaces the configured files of `source`."""

    method: Method = "frames"
    inputs: tuple[Path, ...] = ()
    source: str = ""
    output: Path | None = None
    force: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class Extracted:
    """What became of one source: tracks by status, rows, the table, and what failed and why."""

    source: str
    statuses: Counter[str]
    frame_count: int
    table: Path
    failed: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class _Plan:
    """One source's files and what reads them."""

    source: str
    files: list[Path]
    reader: FrameReader


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
    plans = []
    for name, source in _chosen(settings, request).items():
        plan = _plan(name, source, settings, request, voice)
        if plan is not None:
            plans.append(plan)
    if not plans:
        raise SettingsError(
            "no source is there to extract; list your tracks in dataset/user.csv (path,zone), put "
            "DEAM below dataset/DEAM, or name files with --input"
        )
    return [_run(workspace, settings, request, plan, voice) for plan in plans]


def sound_reader(
    settings: Settings, method: str, excerpts: Mapping[str, tuple[float, float]] | None = None
) -> SoundReader:
    """Return the reader that a method uses on sound."""
    hop_s = settings.frames.hop_s
    grid = FrameGrid(settings.frames.window_s or 2 * hop_s, hop_s)
    extractor: FrameExtractor = _EXTRACTORS[method](grid)
    return SoundReader(extractor, settings.audio, {"tempo": TempoMeter}, excerpts or {})


def _chosen(settings: Settings, request: ExtractRequest) -> dict[str, SourceSettings]:
    if request.inputs:
        name = request.source or "user"
        known = settings.sources.get(name, SourceSettings())
        return {name: known}
    if not request.source:
        return dict(settings.sources)
    if request.source not in settings.sources:
        known_names = ", ".join(settings.sources)
        raise SettingsError(f"--source {request.source} is not configured; known: {known_names}")
    return {request.source: settings.sources[request.source]}


def _plan(
    name: str, source: SourceSettings, settings: Settings, request: ExtractRequest, voice: Voice
) -> _Plan | None:
    if request.method == "deam-csv":
        root = request.inputs[0] if request.inputs else source.root
        if source.kind != "deam" and not request.inputs:
            return None
        return None if root is None else _csv_plan(name, root)
    if request.inputs:
        files = _input_files(request.inputs)
        return _Plan(name, files, sound_reader(settings, request.method))
    if source.kind == "deam":
        return _deam_plan(name, source, settings, request, voice)
    files = _library_files(name, source, voice)
    return _Plan(name, files, sound_reader(settings, request.method)) if files else None


def _deam_plan(
    name: str, source: SourceSettings, settings: Settings, request: ExtractRequest, voice: Voice
) -> _Plan | None:
    root = source.root
    if root is None or not root.is_dir():
        voice.say(f"{name}: {root} is not there, skipped")
        return None
    files = [path for path in audio_files(root) if path.stem.isdigit()]
    if files:
        segments = {str(song): times for song, times in read_segments(root).items()}
        return _Plan(name, files, sound_reader(settings, request.method, segments))
    if feature_files(root):
        voice.say(f"{name}: no audio below {root}; reading its features/*.csv, the same columns")
        return _csv_plan(name, root)
    voice.warn(f"{name}: neither <id>.mp3 nor features/<id>.csv below {root}, skipped")
    return None


def _csv_plan(name: str, root: Path) -> _Plan:
    return _Plan(name, feature_files(root), reader_for(root))


def _library_files(name: str, source: SourceSettings, voice: Voice) -> list[Path]:
    files = expand(source.music)
    if source.labels is not None:
        labels = find_label_file(source.labels)
        if labels is not None:
            return list(dict.fromkeys([*label_paths(labels), *files]))
        if not files:
            voice.say(f"{name}: {source.labels} is not there, skipped")
    return files


def _input_files(inputs: tuple[Path, ...]) -> list[Path]:
    files: list[Path] = []
    for path in inputs:
        is_table = path.suffix.lower() in SUFFIXES and path.suffix.lower() not in PLAYLIST_SUFFIXES
        files += label_paths(path) if is_table and path.is_file() else expand([path])
    return list(dict.fromkeys(files))


def _run(
    workspace: Workspace,
    settings: Settings,
    request: ExtractRequest,
    plan: _Plan,
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
    facts = batch.run(found, _teller(plan.source, len(batch.pending(found)), voice))
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
    table = read_song_table(path, id_column=source.id_column, renamed=source.columns)
    out = workspace.tracks(name)
    voice.say(f"{name}: {len(table.rows)} tracks, {len(table.spec.features)} features, from {path}")
    if not request.dry_run:
        make_folder(out.parent)
        save_tracks(table, out)
    return Extracted(name, Counter(table.rows["status"]), 0, out, ())
