"""Which tracks go into which table of embeddings: those of a workspace, or of a prepared set."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zoneclf.deep.sets.loading import load_set
from zoneclf.deep.source_tracks import Job, Wanted, jobs_in, wanted_at
from zoneclf.errors import TableError, UsageError

EMBEDDINGS = Path("dataset/embeddings")


def jobs_of(paths: Sequence[Path], source: str, folder: Path | None, digest: str) -> list[Job]:
    """Return what is to be embedded.

    Parameters
    ----------
    paths, source
        As `zoneclf.deep.source_tracks.jobs_in` takes them.
    folder
        Folder of a prepared set, instead of either.
    digest
        Of the embeddings' spec: names the file in a prepared set.

    Raises
    ------
    UsageError
        If they do not go together.
    TableError
        If nothing is extracted, or the tracks of a source or set have no sound.
    """
    if folder is None:
        return jobs_in(EMBEDDINGS, paths, source, command="zoneclf deep embed")
    if paths or source:
        raise UsageError("--set: goes without PATH and --source; run it once for each")
    return [Job(folder / f"embeddings-{digest}.parquet", _of_set(folder))]


def _of_set(folder: Path) -> list[Wanted]:
    """Return the tracks of a prepared set that a network may read: those that are in a split."""
    prepared = load_set(folder)
    if prepared.spectrogram_settings.foreign:
        raise TableError(
            f"{folder}: was prepared from ready-made arrays, which hold no sound to embed; prepare "
            "a set from sound, or train on this one with --architecture mel-cnn"
        )
    ids = prepared.track_ids
    places = np.flatnonzero(prepared.used).tolist()
    return [
        wanted_at(prepared.path(place), str(ids[place]), prepared.stretch(place))
        for place in places
    ]
