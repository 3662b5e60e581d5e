"""Spectrograms of many tracks in a folder: NPY shards that are mapped, and an index of them.

    settings.json     the spectrogram settings
    part-00000.npy    many tracks' frames one after another, shape (frames, mels), float16 or 32
    index.parquet     track_id, shard, first, frame_count, status, reason

A shard is written before the index names it, each whole or not at all, so a run that is killed
leaves a folder that another one goes on with.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from zoneclf.deep.spectrograms import SpectrogramSettings, settings_from
from zoneclf.errors import OutputError, SettingsError, TableError
from zoneclf.writing import make_folder, replacing, write_text

FORMAT = 1
# A shard is written when it has this size, or when its first track is this old.
SHARD_BYTES = 64 * 2**20
SHARD_S = 60.0
_AGAIN = "delete the folder and run `zoneclf deep genre prepare` again"
_COLUMNS = ("track_id", "shard", "first", "frame_count", "status", "reason")


@dataclass(frozen=True)
class _Place:
    shard: int
    first: int
    frame_count: int
    status: str = "ok"
    reason: str = ""


class SpectrogramCache:
    """Spectrograms by track id, all of one setting.

    Parameters
    ----------
    folder
        Made if it is not there and something is written.
    settings
        What its spectrograms must have been made with.

    Raises
    ------
    TableError
        If the folder holds spectrograms of other settings, or is damaged.
    """

    def __init__(self, folder: Path, settings: SpectrogramSettings) -> None:
        self.folder = folder
        self.settings = settings
        self._require_same()
        self._places = self._read_index()
        self._mapped: dict[int, npt.NDArray[np.floating]] = {}
        self._waiting: dict[str, tuple[npt.NDArray[np.floating], str, str]] = {}
        self._waiting_bytes = 0
        self._waiting_since_s = 0.0

    def __contains__(self, track_id: object) -> bool:
        """Whether the track's spectrogram is there."""
        return track_id in self._places or track_id in self._waiting

    def about(self, track_id: str) -> tuple[int, str, str]:
        """Return frames, status and reason of a track that is on the disk."""
        place = self._places[track_id]
        return place.frame_count, place.status, place.reason

    def write(
        self,
        track_id: str,
        spectrogram: npt.NDArray[np.floating],
        *,
        status: str = "ok",
        reason: str = "",
    ) -> None:
        """Add a spectrogram, shape (frames, mels); it is on the disk after the next `flush`.

        `status` and `reason` tell how its sound could be decoded.  Spectrograms that zoneclf
        computes are stored as float16 (decibels to a sixteenth), foreign ones as float32.
        """
        if spectrogram.ndim != 2 or spectrogram.shape[1] != self.settings.mels:
            shape = "x".join(map(str, spectrogram.shape))
            raise TableError(
                f"{self.folder}: a spectrogram of {shape} does not fit {self.settings.mels} mels; "
                "say --mels as the arrays have it"
            )
        kept: npt.NDArray[np.floating] = spectrogram.astype(
            np.float32 if self.settings.foreign else np.float16
        )
        if not self._waiting:
            self._waiting_since_s = time.monotonic()
        self._waiting[track_id] = kept, status, reason
        self._waiting_bytes += kept.nbytes
        age_s = time.monotonic() - self._waiting_since_s
        if self._waiting_bytes >= SHARD_BYTES or age_s >= SHARD_S:
            self.flush()

    def flush(self) -> None:
        """Write what was added since the last time as a shard, then the index."""
        if not self._waiting:
            return
        make_folder(self.folder)
        if not (self.folder / "settings.json").exists():
            said = {"format": FORMAT, "spectrogram": self.settings.as_json()}
            write_text(json.dumps(said, indent=2) + "\n", self.folder / "settings.json")
        number = 1 + max((place.shard for place in self._places.values()), default=-1)
        with replacing(self._shard(number)) as partial, partial.open("wb") as stream:
            frames = [spectrogram for spectrogram, _, _ in self._waiting.values()]
            np.save(stream, np.concatenate(frames), allow_pickle=False)
        first = 0
        for track_id, (spectrogram, status, reason) in self._waiting.items():
            self._places[track_id] = _Place(number, first, len(spectrogram), status, reason)
            first += len(spectrogram)
        self._write_index()
        self._waiting, self._waiting_bytes = {}, 0

    def read(self, track_id: str) -> npt.NDArray[np.floating]:
        """Return a track's spectrogram, shape (frames, mels), as a view of the mapped file.

        Raises
        ------
        TableError
            If the track is not there or its shard is damaged.
        """
        place = self._places.get(track_id)
        if place is None:
            raise TableError(f"{self.folder}: no spectrogram of {track_id}; prepare the set again")
        if place.shard not in self._mapped:
            self._mapped[place.shard] = self._map(place.shard)
        frames = self._mapped[place.shard][place.first : place.first + place.frame_count]
        if len(frames) != place.frame_count:
            raise TableError(f"{self._shard(place.shard)}: is shorter than its index; {_AGAIN}")
        return frames

    def _shard(self, number: int) -> Path:
        return self.folder / f"part-{number:05d}.npy"

    def _map(self, number: int) -> npt.NDArray[np.floating]:
        path = self._shard(number)
        try:
            found: npt.NDArray[np.floating] = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            reason = " ".join(str(error).split())
            raise TableError(f"{path}: cannot be read ({reason}); {_AGAIN}") from error
        if found.ndim != 2 or found.dtype.kind != "f" or found.shape[1] != self.settings.mels:
            raise TableError(f"{path}: holds no spectrograms of these settings; {_AGAIN}")
        return found

    def _require_same(self) -> None:
        path = self.folder / "settings.json"
        if not path.exists():
            if (self.folder / "index.parquet").exists():
                raise TableError(f"{path}: is missing; {_AGAIN}")
            return
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            found = settings_from(raw["spectrogram"])
        except (OSError, ValueError, TypeError, KeyError, SettingsError) as error:
            raise TableError(f"{path}: is damaged ({error}); {_AGAIN}") from error
        if found != self.settings:
            ours, theirs = self.settings.as_json(), found.as_json()
            apart = [f"{n} {theirs[n]} not {ours[n]}" for n in ours if ours[n] != theirs[n]]
            raise TableError(
                f"{self.folder}: its spectrograms have other settings ({'; '.join(apart)}); "
                "never mix two in one run, take another folder"
            )

    def _read_index(self) -> dict[str, _Place]:
        path = self.folder / "index.parquet"
        if not path.exists():
            return {}
        try:
            rows = pq.read_table(path, columns=list(_COLUMNS)).to_pydict()
            columns = [rows[name] for name in _COLUMNS]
            return {row[0]: _Place(*row[1:]) for row in zip(*columns, strict=True)}
        except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise TableError(f"{path}: cannot be read ({reason}); {_AGAIN}") from error

    def _write_index(self) -> None:
        places = self._places.values()
        table = pa.table(
            {
                "track_id": list(self._places),
                "shard": pa.array([place.shard for place in places], pa.int32()),
                "first": pa.array([place.first for place in places], pa.int64()),
                "frame_count": pa.array([place.frame_count for place in places], pa.int32()),
                "status": [place.status for place in places],
                "reason": [place.reason for place in places],
            }
        )
        with replacing(self.folder / "index.parquet") as partial:
            try:
                pq.write_table(table, partial, compression="zstd")
            except pa.ArrowException as error:
                raise OutputError(f"{partial}: cannot be written ({error}); check it") from error
