"""The frames of one source on disk: one file per track while extracting, then shards of 64.

``<folder>/staging/<track_id>.parquet`` is written whole or not at all, so resuming means: what is
there is done.  `compact` joins staged files, sorted by track id, into shards named by their first
and last track; a shard is complete before its staged files go, so a kill at any moment loses
nothing.
"""

import contextlib
import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from filelock import FileLock, Timeout

from zoneclf.errors import LockedError, TableError
from zoneclf.frames.extractor import Frames
from zoneclf.frames.rows import Rows
from zoneclf.frames.shards import Shard, may_hold, regrouped, shard_name
from zoneclf.frames.takes import Take, TrackFacts
from zoneclf.store import TableNote, read_note, write_groups
from zoneclf.writing import make_folder

TRACKS_PER_SHARD = 64


def stored(folder: Path) -> "FrameStore | None":
    """Return the store of joined frames in a folder, with their own note; None if it has none."""
    first = next(iter(sorted(folder.glob("part-*.parquet"))), None)
    return None if first is None else FrameStore(folder, read_note(first))


class FrameStore:
    """The frames of one source; every file in it carries the same spec and origin."""

    def __init__(self, folder: Path, note: TableNote) -> None:
        self.folder = folder
        self.note = note
        self._staging = folder / "staging"

    def require_same_spec(self) -> None:
        """Check that what is there was made as this store's note says.

        Raises
        ------
        TableError
            If a file has another spec or comes from another extractor or version.
        """
        for path in self._files():
            found = read_note(path)
            apart = self.note.spec.difference(found.spec)
            ours, theirs = self.note.origins[0], found.origins[0]
            made = (theirs.extractor, theirs.extractor_version)
            if made != (ours.extractor, ours.extractor_version):
                apart = f"{made[0]} {made[1]} against {ours.extractor} {ours.extractor_version}"
            if apart:
                raise TableError(
                    f"{self.folder}: was made otherwise ({apart}); add --force to start over, or "
                    "--output to write elsewhere"
                )

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep a second writer out; the kernel frees the lock if we die.

        Raises
        ------
        LockedError
            If another process holds it.
        """
        make_folder(self._staging)
        lock = FileLock(self.folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise LockedError(
                f"{self.folder}: locked by another zoneclf; wait for it to end"
            ) from None
        try:
            for left_over in self.folder.rglob(".*.part"):  # of a run that was killed
                left_over.unlink()
            yield
        finally:
            lock.release()

    def facts(self) -> dict[str, TrackFacts]:
        """Return what is known of each track that is done."""
        found: dict[str, TrackFacts] = {}
        for path in self._files():
            for raw in read_note(path).notes["tracks"]:
                found[raw["track_id"]] = TrackFacts(**raw)
        return found

    def stage(self, take: Take) -> None:
        """Write one track's frames and facts, whole or not at all."""
        path = self._staging / f"{take.facts.track_id}.parquet"
        write_groups(self._groups(take), self._note_with([take.facts]), path, passing=True)

    def compact(self) -> None:
        """Join what is staged into shards, less what an interrupted run has joined already."""
        joined_ids = self._joined_ids()
        for path in self._staging.glob("*.parquet"):
            if path.stem in joined_ids:
                path.unlink()
        staged = sorted(self._staging.glob("*.parquet"))
        for first in range(0, len(staged), TRACKS_PER_SHARD):
            paths = staged[first : first + TRACKS_PER_SHARD]
            facts = [TrackFacts(**read_note(path).notes["tracks"][0]) for path in paths]
            name = shard_name([fact.track_id for fact in facts])
            write_groups(regrouped(paths), self._note_with(facts), self.folder / name)
            for path in paths:
                path.unlink()

    def clear(self) -> None:
        """Delete every frame of the source."""
        for path in self._files():
            path.unlink()

    def tracks(self) -> Iterator[tuple[TrackFacts, Frames]]:
        """Yield facts and frames of every track that has frames, shard by shard."""
        for path in self._shards():
            yield from Shard(path).tracks()

    def columns(self, names: Sequence[str]) -> Iterator[tuple[str, Rows]]:
        """Yield id and rows, shape (frames, names), of every track that has frames."""
        for path in self._shards():
            yield from Shard(path).columns(names)

    def track(self, track_id: str) -> tuple[TrackFacts, Frames]:
        """Return facts and frames of one track; only shards that may hold it are opened.

        Raises
        ------
        TableError
            If the store has no frames of it.
        """
        candidates = (Shard(path) for path in self._shards() if may_hold(path, track_id))
        for facts, frames in itertools.chain.from_iterable(s.tracks() for s in candidates):
            if facts.track_id == track_id:
                return facts, frames
        raise TableError(f"{self.folder}: has no frames of track {track_id}; extract it")

    def _joined_ids(self) -> set[str]:
        notes = (read_note(path) for path in self._shards())
        return {raw["track_id"] for note in notes for raw in note.notes["tracks"]}

    def _files(self) -> list[Path]:
        return [*self._shards(), *sorted(self._staging.glob("*.parquet"))]

    def _shards(self) -> list[Path]:
        return sorted(self.folder.glob("part-*.parquet"))

    def _note_with(self, facts: list[TrackFacts]) -> TableNote:
        return dataclasses.replace(
            self.note, notes={"tracks": [dataclasses.asdict(fact) for fact in facts]}
        )

    def _groups(self, take: Take) -> Iterator[pa.Table]:
        if take.frames is None:
            yield self._table(take.facts.track_id, np.empty(0), self._no_rows())
            return
        first = 0
        for rows in take.frames.source.chunks():
            start_s = take.frames.start_s[first : first + len(rows)]
            yield self._table(take.facts.track_id, start_s, rows)
            first += len(rows)

    def _no_rows(self) -> Rows:
        return np.empty((0, len(self.note.spec.features)), np.float32)

    def _table(self, track_id: str, start_s: npt.NDArray[np.float64], rows: Rows) -> pa.Table:
        columns = [
            pa.array([track_id] * len(rows), pa.string()),
            pa.array(start_s, pa.float64()),
            *(pa.array(column) for column in np.ascontiguousarray(rows.T)),
        ]
        return pa.table(columns, names=["track_id", "start_s", *self.note.spec.features])
