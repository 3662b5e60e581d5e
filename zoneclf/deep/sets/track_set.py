"""The tracks of a set in order: where they are, how they are split, what they sound like."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zoneclf.audio.files import text_path
from zoneclf.deep.readers.listing import SPLITS
from zoneclf.deep.shards import SpectrogramCache
from zoneclf.deep.spectrograms import Spectrogram, SpectrogramSettings
from zoneclf.errors import TableError
from zoneclf.store import read_note, read_table

UNUSED = "unused"


@dataclass(frozen=True, eq=False, kw_only=True)
class TrackSet:
    """The tracks of a set in order; all arrays have a row per track.

    Attributes
    ----------
    track_ids, paths, groups, splits, statuses
        Shape (tracks,), text; a split is one of train, valid, calib, test, unused.
    frame_counts
        Shape (tracks,), frames of each spectrogram, 0 where there is none.
    statistics
        Of the spectrograms of the split train (`zoneclf.deep.statistics.statistics_of`).
    card
        All that set.json says.
    """

    folder: Path
    track_ids: npt.NDArray[np.str_]
    paths: npt.NDArray[np.str_]
    groups: npt.NDArray[np.str_]
    splits: npt.NDArray[np.str_]
    statuses: npt.NDArray[np.str_]
    frame_counts: npt.NDArray[np.int64]
    spectrogram_settings: SpectrogramSettings
    statistics: dict[str, Any]
    card: dict[str, Any] = field(repr=False)

    def __len__(self) -> int:
        return len(self.track_ids)

    @property
    def sha256(self) -> str:
        """Hash of tracks, labels, splits and spectrogram settings, 64 hexadecimal digits."""
        return str(self.card["sha256"])

    @property
    def used(self) -> npt.NDArray[np.bool_]:
        """Which tracks are in a split and have sound, shape (tracks,)."""
        return np.asarray((self.splits != UNUSED) & (self.frame_counts > 0))

    def places(self, split: str) -> npt.NDArray[np.int64]:
        """Return the rows of a split whose sound was usable, in order."""
        if split not in SPLITS:
            raise ValueError(f"split {split!r} is none of {', '.join(SPLITS)}")
        return np.flatnonzero((self.splits == split) & (self.frame_counts > 0))

    def path(self, place: int) -> Path:
        """Return where a track's sound (or array) was found."""
        return text_path(str(self.paths[place]))

    def stretch(self, place: int) -> tuple[float, float]:  # noqa: ARG002
        """Return where in its file a track begins and ends, in seconds; an end of 0 is the file's.

        (0, 0) where a track is its whole file.
        """
        return 0.0, 0.0

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
        table, note = read_table(path, ["track_id", *read_note(path).spec.features])
        rows = {track_id: row for row, track_id in enumerate(table["track_id"].to_pylist())}
        columns = [table[feature].to_numpy() for feature in note.spec.features]
        values = np.stack(columns, axis=1).astype(np.float32)
        out = np.full((len(self), values.shape[1]), np.nan, dtype=np.float32)
        there = [place for place, key in enumerate(self.track_ids) if str(key) in rows]
        out[there] = values[[rows[str(self.track_ids[place])] for place in there]]
        missing = int((self.used & ~np.isfinite(out).all(axis=1)).sum())
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


def spectrogram_folder(folder: Path, settings: SpectrogramSettings) -> Path:
    """Return where a set's spectrograms of these settings lie."""
    return folder / f"spectrograms-{settings.digest}"
