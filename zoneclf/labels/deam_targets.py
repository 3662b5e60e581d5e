"""DEAM's songs as targets of a regression: ratings, the sound, and which part of it was rated.

A row per song whose sound is there: song, path, artist, group, arousal, valence (scale 1 to 9) and
their standard errors, start_s and end_s of the rated stretch in the file, and the course of the
ratings in it: course_time_s (seconds from start_s), course_arousal, course_valence.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from zoneclf.audio.files import audio_files, path_text
from zoneclf.audio.lengths import length_s
from zoneclf.errors import AudioError, LabelError
from zoneclf.frames.segments import LAST_CUT_ID, SEGMENT_S, read_segments
from zoneclf.frames.takes import Excerpt, is_longer
from zoneclf.labels.deam import DeamAnnotations, read_dynamic
from zoneclf.labels.deam_songs import described
from zoneclf.store import Origin, TableNote, TableSpec, write_table

TARGETS = ("arousal", "valence")
LEVEL = "targets"
LICENCE = "non-commercial"
# Goes up when the same files would give other targets.
VERSION = 1
_NUMBERS = (*TARGETS, "arousal_se", "valence_se")


@dataclass(frozen=True)
class _Rated:
    """A song's sound and the stretch of it that was rated, in seconds."""

    path: Path
    stretch: Excerpt
    is_cut: bool


@dataclass(frozen=True)
class DeamTargets:
    """The table, its note, what was found, and files that cannot be used with what is wrong."""

    table: pa.Table
    note: TableNote
    statements: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]


def deam_targets(root: Path, annotations: DeamAnnotations) -> DeamTargets:
    """Return the targets of every annotated song whose sound is below `root`.

    A song may be there as a clip and in full: the clip is taken.  Full songs up to id 1000 are cut
    to the 45 s that were rated; which a file is, is told by its length.

    Raises
    ------
    LabelError
        If there is no such song, or the segments of full songs are not known.
    """
    found, lengths, failed = _sounds(root)
    counts = Counter(without=len(set(annotations.songs.index) - set(found)))
    rated: dict[int, _Rated] = {}
    segments = _segments(root, found, lengths)
    for song in sorted(set(found) & set(annotations.songs.index)):
        one = _rated(song, found[song], lengths, segments.get(song))
        if one is None:
            failed.append((str(found[song][0]), f"song {song} has no segment, and is no clip"))
            continue
        rated[song] = one
        counts["cut"] += one.is_cut
        counts["twice"] += len(found[song]) > 1
    counts["odd"] = len(set(found) - set(annotations.songs.index))
    if not rated:
        raise LabelError(
            f"{root}: holds no sound of an annotated song; files are named by ids, as 2.mp3"
        )
    table = _table(rated, annotations, _courses(root))
    courses = sum(map(bool, table["course_time_s"].to_pylist()))
    statements = (*annotations.statements, *_said(len(rated), courses, counts))
    return DeamTargets(table, _note(annotations), statements, tuple(failed))


def save_targets(targets: DeamTargets, path: Path) -> None:
    """Write the table."""
    write_table(targets.table, targets.note, path)


def _sounds(
    root: Path,
) -> tuple[dict[int, list[Path]], dict[Path, float], list[tuple[str, str]]]:
    """Return files by song, shortest first, their lengths, and files that cannot be read."""
    found: dict[int, list[Path]] = {}
    lengths: dict[Path, float] = {}
    failed = []
    for path in audio_files(root):
        if not (path.stem.isascii() and path.stem.isdigit()):
            continue
        try:
            lengths[path] = length_s(path)
        except AudioError as error:
            failed.append((str(path), f"{error.status}: {error.reason}"))
            continue
        found.setdefault(int(path.stem), []).append(path)
    for paths in found.values():
        paths.sort(key=lambda path: lengths[path])
    return found, lengths, failed


def _segments(
    root: Path, found: Mapping[int, Sequence[Path]], lengths: Mapping[Path, float]
) -> dict[int, Excerpt]:
    """Return the rated segments, if any song needs one."""
    early = [paths[0] for song, paths in found.items() if song <= LAST_CUT_ID]
    needed = any(is_longer(lengths[path], (0.0, SEGMENT_S)) for path in early)
    return read_segments(root) if needed else {}


def _rated(
    song: int, paths: Sequence[Path], lengths: Mapping[Path, float], segment: Excerpt | None
) -> _Rated | None:
    """Return what of a song's shortest file was rated; None where that is not known."""
    path = paths[0]
    seconds = lengths[path]
    if not is_longer(seconds, (0.0, SEGMENT_S)):
        return _Rated(path, (0.0, min(seconds, SEGMENT_S)), is_cut=False)
    if song > LAST_CUT_ID:
        return _Rated(path, (0.0, seconds), is_cut=False)
    return None if segment is None else _Rated(path, segment, is_cut=True)


def _courses(root: Path) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Return dynamic annotations on the scale 1 to 9: arousal and valence."""
    arousal, valence = (read_dynamic(root, name) for name in TARGETS)
    return None if arousal is None or valence is None else (5 + 4 * arousal, 5 + 4 * valence)


def _table(
    rated: Mapping[int, _Rated],
    annotations: DeamAnnotations,
    dynamic: tuple[pd.DataFrame, pd.DataFrame] | None,
) -> pa.Table:
    about = described(annotations, list(rated))
    columns = {
        "song": pa.array(rated, pa.int64()),
        "path": pa.array([path_text(one.path.absolute()) for one in rated.values()]),
        "artist": pa.array(about["artist"], pa.string()),
        "group": pa.array(about["group"], pa.string()),
        **{name: pa.array(about[name], pa.float64(), from_pandas=True) for name in _NUMBERS},
    }
    for place, name in enumerate(("start_s", "end_s")):
        columns[name] = pa.array([round(one.stretch[place], 3) for one in rated.values()])
    courses = [_course(song, one, dynamic) for song, one in rated.items()]
    for place, name in enumerate(("course_time_s", "course_arousal", "course_valence")):
        values = [course[place] for course in courses]
        columns[name] = pa.array(values, pa.list_(pa.float64() if not place else pa.float32()))
    return pa.table(columns)


def _course(
    song: int, one: _Rated, dynamic: tuple[pd.DataFrame, pd.DataFrame] | None
) -> list[list[float]]:
    """Return times from the stretch's start, arousal and valence, where both were rated."""
    if dynamic is None or any(song not in table.index for table in dynamic):
        return [[], [], []]
    arousal, valence = (table.loc[song] for table in dynamic)
    both = pd.DataFrame({"arousal": arousal, "valence": valence}).dropna()
    both = both[both.index <= one.stretch[1] - one.stretch[0]]
    return [both.index.tolist(), both["arousal"].tolist(), both["valence"].tolist()]


def _said(songs: int, courses: int, counts: Mapping[str, int]) -> list[str]:
    said = [f"{songs} songs with sound, {courses} of them with a course in time"]
    words = {
        "cut": "full songs cut to the 45 s that were rated",
        "twice": "there more than once, the shortest file taken",
        "without": "annotated, without sound",
        "odd": "with sound, but not annotated",
    }
    return [*said, *(f"{what}: {counts[key]}" for key, what in words.items() if counts[key])]


def _note(annotations: DeamAnnotations) -> TableNote:
    spec = TableSpec(
        level=LEVEL,
        descriptors=f"deam-annotations/{annotations.repair}",
        window_s=0.0,
        hop_s=0.5,
        rate_hz=0,
        features=TARGETS,
    )
    notes = {"label_repair": annotations.repair, "statements": list(annotations.statements)}
    origin = Origin(extractor="deam-annotations", extractor_version=VERSION, licence=LICENCE)
    return TableNote(spec=spec, origins=(origin,), notes=notes)
