"""A prepared set: tracks with genres, splits and spectrograms, in a folder of its own.

set.json                   genres in order, settings, filter, statistics, hash
tracks.parquet             a row per track: track_id, path, artist, album, group, genres, split,
                           status, reason, frame_count
problems.csv               where, what
spectrograms-<digest>/     see `zoneclf.deep.shards`
embeddings-<digest>.parquet   feature tables of `zoneclf.store`, where they were made
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from zoneclf.audio.files import text_path
from zoneclf.deep.readers.listing import SPLITS
from zoneclf.deep.shards import SpectrogramCache
from zoneclf.deep.spectrograms import Spectrogram, SpectrogramSettings, settings_from
from zoneclf.errors import SettingsError, TableError
from zoneclf.store import read_table
from zoneclf.writing import replacing, write_text

SCHEMA_VERSION = 1
UNUSED = "unused"
TEXTS = ("track_id", "path", "artist", "album", "group", "split", "status", "reason")
_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in TEXTS),
        ("genres", pa.list_(pa.string())),
        ("frame_count", pa.int32()),
    ]
)
_AGAIN = "run `zoneclf deep genre prepare` again"


@dataclass(frozen=True, eq=False)
class PreparedSet:
    """The tracks of a set in order; all arrays have a row per track.

    Attributes
    ----------
    genres
        Names of the columns of `targets`, most frequent first.
    track_ids, paths, groups, splits, statuses
        Shape (tracks,), text; a split is one of train, valid, calib, test, unused.
    targets
        Shape (tracks, genres), whether a track has a genre.
    statistics
        Of the spectrograms of the split train (`zoneclf.deep.statistics.statistics_of`).
    card
        All that set.json says.
    """

    folder: Path
    genres: tuple[str, ...]
    track_ids: npt.NDArray[np.str_]
    paths: npt.NDArray[np.str_]
    groups: npt.NDArray[np.str_]
    splits: npt.NDArray[np.str_]
    statuses: npt.NDArray[np.str_]
    frame_counts: npt.NDArray[np.int64]
    targets: npt.NDArray[np.bool_]
    spectrogram_settings: SpectrogramSettings
    statistics: dict[str, Any]
    card: dict[str, Any] = field(repr=False)

    def __len__(self) -> int:
        return len(self.track_ids)

    @property
    def sha256(self) -> str:
        """Hash of tracks, genres, splits and spectrogram settings, 64 hexadecimal digits."""
        return str(self.card["sha256"])

    def places(self, split: str) -> npt.NDArray[np.int64]:
        """Return the rows of a split whose sound was usable, in order."""
        if split not in SPLITS:
            raise ValueError(f"split {split!r} is none of {', '.join(SPLITS)}")
        return np.flatnonzero((self.splits == split) & (self.frame_counts > 0))

    def path(self, place: int) -> Path:
        """Return where a track's sound (or array) was found."""
        return text_path(str(self.paths[place]))

    @cached_property
    def cache(self) -> SpectrogramCache:
        """The stored spectrograms."""
        folder = spectrogram_folder(self.folder, self.spectrogram_settings)
        return SpectrogramCache(folder, self.spectrogram_settings)

    def spectrogram(self, place: int) -> Spectrogram:
        """Return a track's log-mel spectrogram, float32, shape (frames, mels)."""
        return np.asarray(self.cache.read(str(self.track_ids[place])), dtype=np.float32)

    def embeddings(self, name: str = "") -> npt.NDArray[np.float32]:
        """Return embeddings, shape (tracks, features); rows of unused tracks may be NaN.

        `name` chooses among several stored tables: the part of a file's name after ``embeddings-``.

        Raises
        ------
        TableError
            If there are none, several and no name, or a usable track has none.
        """
        path = self.embedding_file(name)
        table, note = read_table(path, ["track_id", *note_features(path)])
        rows = {track_id: row for row, track_id in enumerate(table["track_id"].to_pylist())}
        columns = [table[feature].to_numpy() for feature in note.spec.features]
        values = np.stack(columns, axis=1).astype(np.float32)
        out = np.full((len(self), values.shape[1]), np.nan, dtype=np.float32)
        there = [place for place, key in enumerate(self.track_ids) if str(key) in rows]
        out[there] = values[[rows[str(self.track_ids[place])] for place in there]]
        used = (self.splits != UNUSED) & (self.frame_counts > 0)
        missing = int((used & ~np.isfinite(out).all(axis=1)).sum())
        if missing:
            raise TableError(f"{path}: {missing} tracks have no embedding; embed the set again")
        return out

    def embedding_file(self, name: str = "") -> Path:
        """Return the file of embeddings; errors are those of `embeddings`."""
        found = sorted(self.folder.glob(f"embeddings-{name or '*'}.parquet"))
        if not found:
            raise TableError(
                f"{self.folder}: has no embeddings; "
                f"run `zoneclf deep embed --set {self.folder}` first"
            )
        if len(found) > 1:
            names = ", ".join(path.stem.removeprefix("embeddings-") for path in found)
            raise TableError(f"{self.folder}: has several embeddings ({names}); name one of them")
        return found[0]


def note_features(path: Path) -> list[str]:
    """Return the feature columns of a table file."""
    from zoneclf.store import read_note

    return list(read_note(path).spec.features)


def spectrogram_folder(folder: Path, settings: SpectrogramSettings) -> Path:
    """Return where a set's spectrograms of these settings lie."""
    return folder / f"spectrograms-{settings.digest}"


def save_prepared(folder: Path, rows: Mapping[str, Sequence[Any]], card: Mapping[str, Any]) -> None:
    """Write tracks.parquet, then set.json, each whole or not at all.

    `rows` are the columns of tracks.parquet; `card` holds at least ``genres`` and ``spectrogram``
    (`SpectrogramSettings.as_json`).
    """
    table = pa.table({name: rows[name] for name in _SCHEMA.names}, schema=_SCHEMA)
    with replacing(folder / "tracks.parquet") as partial:
        pq.write_table(table, partial, compression="zstd")
    whole = {"schema_version": SCHEMA_VERSION, **card}
    whole["sha256"] = _digest(table, card["genres"], card["spectrogram"])
    write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", folder / "set.json")


def stored_sha256(folder: Path) -> str:
    """Return the hash that a folder's set.json tells; empty if there is none to be read."""
    try:
        return str(json.loads((folder / "set.json").read_text(encoding="utf-8"))["sha256"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return ""


def load_prepared(folder: Path) -> PreparedSet:
    """Return the set in a folder.

    Raises
    ------
    TableError
        If there is none, it is damaged, was changed by hand, or was written by a newer zoneclf.
    """
    card = _read_card(folder / "set.json")
    table = _read_tracks(folder / "tracks.parquet")
    try:
        settings = settings_from(card["spectrogram"])
        genres = tuple(str(genre) for genre in card["genres"])
        statistics = dict(card.get("statistics", {}))
        same = card["sha256"] == _digest(table, card["genres"], card["spectrogram"])
    except (KeyError, TypeError, ValueError, SettingsError) as error:
        raise TableError(f"{folder / 'set.json'}: is damaged ({error}); {_AGAIN}") from error
    if not same:
        raise TableError(f"{folder}: set.json and tracks.parquet do not belong together; {_AGAIN}")
    text = {name: np.array(table[name].to_pylist(), dtype=np.str_) for name in TEXTS}
    return PreparedSet(
        folder=folder,
        genres=genres,
        track_ids=text["track_id"],
        paths=text["path"],
        groups=text["group"],
        splits=text["split"],
        statuses=text["status"],
        frame_counts=table["frame_count"].to_numpy().astype(np.int64),
        targets=targets_of(table["genres"].to_pylist(), genres),
        spectrogram_settings=settings,
        statistics=statistics,
        card=card,
    )


def targets_of(listed: Sequence[Sequence[str]], genres: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return which tracks have which genres, shape (tracks, genres); others are passed over."""
    columns = {genre: column for column, genre in enumerate(genres)}
    targets = np.zeros((len(listed), len(genres)), dtype=bool)
    for row, names in enumerate(listed):
        targets[row, [columns[name] for name in names if name in columns]] = True
    return targets


def _read_card(path: Path) -> dict[str, Any]:
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        version = card["schema_version"]
    except FileNotFoundError as error:
        raise TableError(
            f"{path.parent}: holds no prepared set; run `zoneclf deep genre prepare` first"
        ) from error
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise TableError(f"{path}: cannot be read ({error}); {_AGAIN}") from error
    if version != SCHEMA_VERSION:
        raise TableError(f"{path}: schema {version}, this zoneclf reads {SCHEMA_VERSION}; {_AGAIN}")
    return dict(card)


def _read_tracks(path: Path) -> pa.Table:
    try:
        return pq.read_table(path, columns=_SCHEMA.names).cast(_SCHEMA)
    except (OSError, pa.ArrowException, ValueError) as error:
        reason = " ".join(str(error).split())
        raise TableError(f"{path}: cannot be read ({reason}); {_AGAIN}") from error


def _digest(table: pa.Table, genres: Sequence[str], spectrogram: Mapping[str, Any]) -> str:
    """Return the hash of what a set is learnt from."""
    rows = [table[name].to_pylist() for name in ("track_id", "group", "genres", "split", "status")]
    said = [list(genres), dict(spectrogram), rows, table["frame_count"].to_pylist()]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
