"""Which files each source has, and what reads them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from zoneclf.audio.files import PLAYLIST_SUFFIXES, audio_files, expand
from zoneclf.errors import LabelError, SettingsError, UsageError
from zoneclf.frames.deam_csv import feature_files, reader_for
from zoneclf.frames.extractor import FrameExtractor
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor
from zoneclf.frames.opensmile import OpensmileExtractor
from zoneclf.frames.segments import LAST_CUT_ID, SEGMENTS_FILE, read_segments
from zoneclf.frames.sound_reader import SoundReader
from zoneclf.frames.takes import Excerpt, FrameReader
from zoneclf.labels.library import SUFFIXES, find_label_file, label_paths, read_label_file
from zoneclf.labels.zones import load_zones
from zoneclf.pipeline.workspace import Voice
from zoneclf.settings import LabelSettings, Method, Settings, SourceSettings, is_plain_name
from zoneclf.tracks.tempo import TempoMeter

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
    id_column: str = ""
    output: Path | None = None
    force: bool = False
    dry_run: bool = False

    def __post_init__(self) -> None:
        if self.source and not is_plain_name(self.source):
            raise UsageError(f"--source {self.source}: use letters, digits, dots and dashes only")
        if self.method in ("table", "deam-csv") and len(self.inputs) > 1:
            raise UsageError(f"--method {self.method} reads one --input; run it once for each")


@dataclass(frozen=True)
class Plan:
    """One source's files and what reads them."""

    source: str
    files: list[Path]
    reader: FrameReader


def sound_reader(
    settings: Settings, method: str, excerpts: Mapping[str, tuple[float, float]] | None = None
) -> SoundReader:
    """Return the reader that a method uses on sound."""
    hop_s = settings.frames.hop_s
    grid = FrameGrid(settings.frames.window_s or 2 * hop_s, hop_s)
    extractor: FrameExtractor = _EXTRACTORS[method](grid)
    return SoundReader(extractor, settings.audio, {"tempo": TempoMeter}, excerpts or {})


def plans_of(settings: Settings, request: ExtractRequest, voice: Voice) -> list[Plan]:
    """Return what there is to extract, source by source.

    Raises
    ------
    SettingsError
        If nothing is there to extract, or a source is unknown.
    """
    plans = [
        _plan(name, source, settings, request, voice)
        for name, source in _chosen(settings, request).items()
    ]
    found = [plan for plan in plans if plan is not None]
    if not found:
        raise SettingsError(
            "no source is there to extract; list your tracks in dataset/user.csv (path,zone), put "
            "DEAM below dataset/DEAM, or name files with --input"
        )
    return found


def _chosen(settings: Settings, request: ExtractRequest) -> dict[str, SourceSettings]:
    if request.inputs:
        name = request.source or "user"
        known = settings.sources.get(name, SourceSettings())
        return {name: known}
    if not request.source:
        return dict(settings.sources)
    if request.source not in settings.sources:
        known_names = ", ".join(settings.sources)
        raise UsageError(f"--source {request.source} is not configured; known: {known_names}")
    return {request.source: settings.sources[request.source]}


def _plan(
    name: str, source: SourceSettings, settings: Settings, request: ExtractRequest, voice: Voice
) -> Plan | None:
    if request.method == "deam-csv":
        root = request.inputs[0] if request.inputs else source.root
        if source.kind != "deam" and not request.inputs:
            return None
        return None if root is None else _csv_plan(name, root)
    if source.kind == "deam":
        return _deam_plan(name, source, settings, request, voice)
    if request.inputs:
        files = _input_files(request.inputs)
        if not files:
            raise SettingsError(
                f"{request.inputs[0]}: holds no audio file; name files, folders or playlists"
            )
        return Plan(name, files, sound_reader(settings, request.method))
    files = _library_files(name, source, settings, voice)
    return Plan(name, files, sound_reader(settings, request.method)) if files else None


def _deam_plan(
    name: str, source: SourceSettings, settings: Settings, request: ExtractRequest, voice: Voice
) -> Plan | None:
    root = request.inputs[0] if request.inputs else source.root
    if root is None or not root.is_dir():
        voice.say(f"{name}: {root} is not there, skipped")
        return None
    songs = {path: int(path.stem) for path in audio_files(root) if path.stem.isdigit()}
    if songs:
        files, segments = _with_segments(songs, [root, source.root or root], voice)
        return Plan(name, files, sound_reader(settings, request.method, segments))
    if feature_files(root):
        voice.say(f"{name}: no audio below {root}; reading its features/*.csv, the same columns")
        return _csv_plan(name, root)
    voice.warn(f"{name}: neither <id>.mp3 nor features/<id>.csv below {root}, skipped")
    return None


def _with_segments(
    songs: Mapping[Path, int], roots: list[Path], voice: Voice
) -> tuple[list[Path], dict[str, Excerpt]]:
    """Return the songs whose annotated part is known, and the segments by file name."""
    if min(songs.values()) > LAST_CUT_ID:
        return list(songs), {}
    root = next((root for root in roots if any(root.rglob(SEGMENTS_FILE))), roots[-1])
    segments = read_segments(root)
    files = []
    for path, song in songs.items():
        if song > LAST_CUT_ID or song in segments:
            files.append(path)
        else:
            voice.warn(f"{path}: song {song} has no segment in {SEGMENTS_FILE}, left out")
    return files, {str(song): times for song, times in segments.items()}


def _csv_plan(name: str, root: Path) -> Plan:
    return Plan(name, feature_files(root), reader_for(root))


def _library_files(
    name: str, source: SourceSettings, settings: Settings, voice: Voice
) -> list[Path]:
    files = expand(source.music)
    if source.labels is not None:
        labels = find_label_file(source.labels)
        if labels is not None:
            _warn_of_zones(labels, settings.labels, voice)
            return list(dict.fromkeys([*label_paths(labels), *files]))
        if not files:
            voice.say(f"{name}: {source.labels} is not there, skipped")
    return files


def _warn_of_zones(labels: Path, settings: LabelSettings, voice: Voice) -> None:
    """Warn of zones that training would refuse, before hours of extraction rather than after."""
    try:
        read_label_file(labels, load_zones(settings.zone_mapping, settings.preset).names)
    except (LabelError, SettingsError) as error:
        voice.warn(f"{error}; tracks are extracted whatever their zones")


def _input_files(inputs: tuple[Path, ...]) -> list[Path]:
    files: list[Path] = []
    for path in inputs:
        if not path.exists():
            raise SettingsError(f"{path}: is not there; name files, folders or playlists that are")
        is_table = path.suffix.lower() in SUFFIXES and path.suffix.lower() not in PLAYLIST_SUFFIXES
        files += label_paths(path) if is_table and path.is_file() else expand([path])
    return list(dict.fromkeys(files))
