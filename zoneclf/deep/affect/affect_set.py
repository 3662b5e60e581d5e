"""A set of tracks with arousal and valence, splits and spectrograms, in a folder of its own.

set.json                   settings, statistics, hash
tracks.parquet             a row per track: track_id, path, artist, album, group, arousal, valence,
                           arousal_se, valence_se, start_s, end_s, split, status, reason,
                           frame_count
courses.parquet            where ratings have a course in time: track_id, time_s, arousal, valence
problems.csv               where, what
spectrograms-<digest>/     see `zoneclf.deep.shards`
embeddings-<digest>.parquet   feature tables of `zoneclf.store`, where they were made

Arousal and valence are on DEAM's scale, 1 to 9.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from zoneclf.deep.sets.storing import SetKind
from zoneclf.deep.sets.track_set import TrackSet
from zoneclf.errors import TableError
from zoneclf.writing import replacing

NAMES = ("arousal", "valence")
LOWEST, HIGHEST = 1.0, 9.0
COURSES = "courses.parquet"
KIND = SetKind(
    "affect",
    "names",
    {name: pa.float64() for name in (*NAMES, "arousal_se", "valence_se", "start_s", "end_s")},
)
_COURSES = pa.schema(
    [
        ("track_id", pa.string()),
        ("time_s", pa.float64()),
        *((name, pa.float32()) for name in NAMES),
    ]
)
# Times in seconds, shape (samples,); values, shape (samples, 2), in the order of `NAMES`.
Course = tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]


@dataclass(frozen=True, eq=False, kw_only=True)
class AffectSet(TrackSet):
    """The tracks of a set in order; all arrays have a row per track.

    Attributes
    ----------
    targets
        Shape (tracks, 2), arousal and valence, on a scale of 1 to 9.
    errors
        Standard errors of the targets, same shape; NaN where they are not known.
    stretches
        Shape (tracks, 2), where in its file a track begins and ends, in seconds; an end of 0 is
        the file's.  Spectrograms and embeddings are of that stretch.
    """

    targets: npt.NDArray[np.float32]
    errors: npt.NDArray[np.float32]
    stretches: npt.NDArray[np.float64]
    courses: Mapping[str, Course] = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns of `targets`."""
        return NAMES

    def stretch(self, place: int) -> tuple[float, float]:
        """Return where in its file a track begins and ends, in seconds; an end of 0 is the file's.

        (0, 0) where a track is its whole file.
        """
        start_s, end_s = self.stretches[place].tolist()
        return start_s, end_s

    def course(self, place: int) -> Course | None:
        """Return times from the excerpt's start (s) and the values there, shape (samples, 2).

        None where ratings have no course in time.
        """
        return self.courses.get(str(self.track_ids[place]))


def save_affect(
    folder: Path,
    rows: Mapping[str, Sequence[Any]],
    card: Mapping[str, Any],
    courses: Mapping[str, Course],
) -> None:
    """Write courses.parquet (if there are any), tracks.parquet, then set.json.

    `rows` are the columns of tracks.parquet; `courses` go by track id.
    """
    table = _table_of(courses)
    with replacing(folder / COURSES) as partial:
        pq.write_table(table, partial, compression="zstd")
    whole = {**card, "names": list(NAMES)}
    KIND.save(folder, rows, whole, beside=_digest(table))


def load_affect(folder: Path) -> AffectSet:
    """Return the set in a folder; errors are those of `SetKind.load`."""
    courses = _read_courses(folder / COURSES)
    fields, table, names = KIND.load(folder, beside=_digest(courses))
    if names != NAMES:
        raise TableError(
            f"{folder}: its targets are {', '.join(names)}, not {', '.join(NAMES)}; "
            f"run {KIND.command} again"
        )
    return AffectSet(
        **fields,
        targets=_matrix(table, NAMES).astype(np.float32),
        errors=_matrix(table, ("arousal_se", "valence_se")).astype(np.float32),
        stretches=_matrix(table, ("start_s", "end_s")),
        courses=_courses_of(courses),
    )


def _matrix(table: pa.Table, names: Sequence[str]) -> npt.NDArray[np.float64]:
    return np.stack([table[name].to_numpy().astype(np.float64) for name in names], axis=1)


def _table_of(courses: Mapping[str, Course]) -> pa.Table:
    """Return courses in order of the track ids, a row per sample."""
    ids = sorted(courses)
    counts = [len(courses[track_id][0]) for track_id in ids]
    times = [courses[track_id][0] for track_id in ids]
    values = [courses[track_id][1] for track_id in ids]
    both = np.concatenate(values) if values else np.empty((0, 2), np.float32)
    columns = {
        "track_id": np.repeat(np.array(ids, dtype=object), counts).tolist(),
        "time_s": np.concatenate(times) if times else np.empty(0),
        **{name: both[:, place] for place, name in enumerate(NAMES)},
    }
    return pa.table(columns, schema=_COURSES)


def _read_courses(path: Path) -> pa.Table:
    if not path.exists():  # of a folder without a set, or one changed by hand: told afterwards
        return _table_of({})
    try:
        return pq.read_table(path, columns=_COURSES.names).cast(_COURSES)
    except (OSError, pa.ArrowException, ValueError) as error:
        reason = " ".join(str(error).split())
        raise TableError(f"{path}: cannot be read ({reason}); run {KIND.command} again") from error


def _courses_of(table: pa.Table) -> dict[str, Course]:
    ids = np.array(table["track_id"].to_pylist(), dtype=object)
    times = table["time_s"].to_numpy().astype(np.float64)
    values = _matrix(table, NAMES).astype(np.float32)
    starts = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]]) if len(ids) else np.empty(0, int)
    ends = [*starts[1:].tolist(), len(ids)]
    return {
        cast(str, ids[first]): (times[first:last], values[first:last])
        for first, last in zip(starts.tolist(), ends, strict=False)
    }


def _digest(courses: pa.Table) -> str:
    """Return the hash of courses; of none at all, too."""
    found = hashlib.sha256("\n".join(courses["track_id"].to_pylist()).encode())
    for name in _COURSES.names[1:]:
        found.update(np.ascontiguousarray(courses[name].to_numpy()).tobytes())
    return found.hexdigest()
