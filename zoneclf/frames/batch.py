"""Many files -> frames in a store: resume, worker processes, time limits, what failed.

A decoder that crashes or hangs costs its own file only: each file is read in a worker process
that is replaced when it dies or passes the time limit.
"""

import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import (
    CancelledError,
    ThreadPoolExecutor,
    TimeoutError,
    as_completed,
)
from dataclasses import dataclass
from pathlib import Path

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from zoneclf.audio.files import require_regular
from zoneclf.audio.sound import WORTH_RETRYING
from zoneclf.audio.sound_ids import sound_id
from zoneclf.errors import AudioError
from zoneclf.frames.frame_store import FrameStore
from zoneclf.frames.takes import FrameReader, Take, TrackFacts
from zoneclf.frames.workers import prepare, workers_context

# Called with each track as it is done.
Progress = Callable[["Found", TrackFacts], None]


@dataclass(frozen=True)
class Found:
    """A file to extract: its sound's id, empty if it cannot be read, and its state on disk."""

    path: Path
    track_id: str
    size_bytes: int = 0
    mtime_ns: int = 0
    problem: AudioError | None = None

    @property
    def facts(self) -> TrackFacts | None:
        """What can be said without reading it: only that it cannot be read."""
        if self.problem is None:
            return None
        return TrackFacts(
            track_id=self.track_id, status=self.problem.status, reason=self.problem.reason
        )


def identify(paths: Iterable[Path], known: Mapping[tuple[str, int, int], str]) -> list[Found]:
    """Return each file with its sound's id.

    `known` maps path, size in bytes and modification time in ns to the id of earlier runs, so
    that an unchanged file is not read again.
    """
    stop = threading.Event()
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as readers:  # hashing frees the lock
        try:
            return list(readers.map(lambda path: _identify(path, known, stop), paths))
        finally:
            stop.set()


@dataclass(frozen=True)
class Batch:
    """How files are read: into which store, with how many processes, for how long each."""

    reader: FrameReader
    store: FrameStore
    jobs: int
    time_limit_s: float

    def pending(self, found: Sequence[Found]) -> list[Found]:
        """Return what a run would read: one file per sound that is not done yet.

        The largest come first, so that no process is left alone with a long mix at the end.
        """
        done = self.store.facts().keys()
        unique = {file.track_id: file for file in reversed(found) if file.problem is None}
        todo = [unique[track_id] for track_id in sorted(unique) if track_id not in done]
        return sorted(todo, key=lambda file: -file.size_bytes)

    def run(self, found: Sequence[Found], progress: Progress) -> dict[str, TrackFacts]:
        """Read what is not done yet, compact, and return the facts of every track by id.

        Tracks whose status a later run may cure are in the result but not in the store.
        """
        with self.store.lock():
            self.store.require_same_spec()
            todo = self.pending(found)
            fresh = self._read_all(todo, progress) if todo else {}
            self.store.compact()
            return fresh | self.store.facts()

    def _read_all(self, todo: list[Found], progress: Progress) -> dict[str, TrackFacts]:
        facts: dict[str, TrackFacts] = {}
        workers = max(1, min(self.jobs or os.cpu_count() or 1, len(todo)))
        with ProcessPool(
            workers, initializer=prepare, initargs=[dict(os.environ)], context=workers_context()
        ) as pool:
            try:
                files = {self._schedule(pool, file): file for file in todo}
                for future in as_completed(files):
                    file = files[future]
                    facts[file.track_id] = self._outcome(future, file)
                    progress(file, facts[file.track_id])
            except BaseException:
                pool.stop()
                raise
        return facts

    def _schedule(self, pool: ProcessPool, file: Found) -> ProcessFuture:
        arguments = (self.reader, self.store, file)
        return pool.schedule(_read_one, args=arguments, timeout=self.time_limit_s)

    def _outcome(self, future: ProcessFuture, file: Found) -> TrackFacts:
        try:
            facts: TrackFacts = future.result()
        except TimeoutError:
            reason = f"took longer than {self.time_limit_s:g} s"
            return TrackFacts(track_id=file.track_id, status="timeout", reason=reason)
        except (ProcessExpired, CancelledError) as error:
            reason = f"the decoder ended with code {getattr(error, 'exitcode', '?')}"
            return TrackFacts(track_id=file.track_id, status="crashed", reason=reason)
        return facts


def _identify(
    path: Path, known: Mapping[tuple[str, int, int], str], stop: threading.Event
) -> Found:
    try:
        status = require_regular(path)
        key = (str(path), status.st_size, status.st_mtime_ns)
        return Found(
            path, known.get(key) or sound_id(path, stop.is_set), status.st_size, status.st_mtime_ns
        )
    except AudioError as error:
        return Found(path, "", problem=error)


def _read_one(reader: FrameReader, store: FrameStore, file: Found) -> TrackFacts:
    try:
        take = reader.read(file.path, file.track_id)
        _require_unchanged(file)
    except AudioError as error:
        take = Take(TrackFacts(track_id=file.track_id, status=error.status, reason=error.reason))
    if take.facts.status not in WORTH_RETRYING:
        store.stage(take)
    return take.facts


def _require_unchanged(file: Found) -> None:
    """Keep what was read of another sound from being known by the id of the former one."""
    now = require_regular(file.path)
    if (now.st_size, now.st_mtime_ns) != (file.size_bytes, file.mtime_ns):
        raise AudioError("unreadable", "it changed after it was found; extract again")
