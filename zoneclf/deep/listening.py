"""Many files -> spectrograms in a cache: which are there, worker processes, what failed.

A decoder that crashes or hangs costs its own file only, where there are worker processes.
"""

import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from zoneclf.audio.files import path_text, require_regular
from zoneclf.audio.sound_ids import sound_id
from zoneclf.deep.excerpts import read_excerpt
from zoneclf.deep.isolation import Isolated
from zoneclf.deep.readers.arrays import read_row
from zoneclf.deep.readers.listing import Listed, Problem
from zoneclf.deep.shards import SpectrogramCache
from zoneclf.deep.spectrograms import SpectrogramSettings, log_mel
from zoneclf.errors import AudioError

T = TypeVar("T", bound=Listed)
# Path, size in bytes, modification time in ns.
FileState = tuple[str, int, int]
# Spectrogram or None, status, reason.
Heard = tuple[npt.NDArray[np.floating] | None, str, str]


@dataclass(frozen=True)
class Found(Generic[T]):
    """A track whose file was looked at; `track_id` is empty where that failed.

    `file_id` is that of the whole file, of which the track may be one row or a stretch.
    """

    track: T
    track_id: str = ""
    file_id: str = ""
    state: FileState = ("", 0, 0)
    status: str = "ok"
    reason: str = ""


def identify(tracks: Sequence[T], known: Mapping[FileState, str]) -> list[Found[T]]:
    """Return each track with its id: a hash of its file's sound as stored, and of its part of it.

    `known` holds ids of earlier runs, so that unchanged files are not read again.
    """
    stop = threading.Event()
    paths = list(dict.fromkeys(track.path for track in tracks))
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as readers:  # hashing frees the lock
        try:
            looked = readers.map(lambda path: _look(path, known, stop), paths)
            files = dict(zip(paths, looked, strict=True))
        finally:
            stop.set()
    return [_found(track, files[track.path]) for track in tracks]


def _look(
    path: Path, known: Mapping[FileState, str], stop: threading.Event
) -> tuple[FileState, str] | AudioError:
    """Return a file's state and id, or what is wrong with it."""
    try:
        status = require_regular(path)
        state = (path_text(path), status.st_size, status.st_mtime_ns)
        return state, known.get(state) or sound_id(path, stop.is_set)
    except AudioError as error:
        return error


def _found(track: T, looked: tuple[FileState, str] | AudioError) -> Found[T]:
    if isinstance(looked, AudioError):
        return Found(track, status=looked.status, reason=looked.reason)
    state, file_id = looked
    part = f"{track.row}" if track.row >= 0 else ""
    if track.start_s or track.end_s:
        part = f"{track.start_s:.3f} {track.end_s:.3f}"
    track_id = file_id
    if part:
        track_id = hashlib.blake2b(f"{file_id} {part}".encode(), digest_size=10).hexdigest()
    return Found(track, track_id, file_id, state)


def one_per_sound(
    found: Sequence[Found[T]], join: Callable[[T, T], T], joined: str
) -> tuple[list[Found[T]], list[Problem]]:
    """Return tracks without copies of the same sound, and which copies there were.

    Of copies the first stays; `join` gives it what a copy says, which is told as `joined`.
    """
    first: dict[str, int] = {}
    kept: list[Found[T]] = []
    odd = []
    for file in found:
        place = first.setdefault(file.track_id, len(kept)) if file.track_id else len(kept)
        if place == len(kept):
            kept.append(file)
            continue
        known = kept[place]
        kept[place] = replace(known, track=join(known.track, file.track))
        same = f"holds the same sound as {known.track.path}; left out, {joined}"
        odd.append(Problem(str(file.track.path), same))
    return kept, odd


@dataclass(frozen=True)
class Listener:
    """Makes spectrograms that are not in `cache` yet.

    With one job files are read in this process, where a decoder that hangs is not stopped; 0 jobs
    are one for each core.
    """

    cache: SpectrogramCache
    jobs: int = 0
    time_limit_s: float = 120.0

    def run(
        self, found: Sequence[Found[Any]], progress: Callable[[int, int], None]
    ) -> dict[str, tuple[int, str, str]]:
        """Return frames, status and reason of every track by id; the cache holds the rest.

        `progress` is called with how many tracks are done of how many.
        """
        unique = {file.track_id: file for file in reversed(found) if file.track_id}
        todo = [unique[key] for key in sorted(unique) if key not in self.cache]
        failed: dict[str, tuple[int, str, str]] = {}
        try:
            for done, (file, heard) in enumerate(self._heard(todo), 1):
                spectrogram, status, reason = heard
                if spectrogram is None:
                    failed[file.track_id] = 0, status, reason
                else:
                    self.cache.write(file.track_id, spectrogram, status=status, reason=reason)
                progress(done, len(todo))
        finally:
            self.cache.flush()
        return {key: failed.get(key) or self.cache.about(key) for key in unique}

    def _heard(self, todo: Sequence[Found[Any]]) -> Iterator[tuple[Found[Any], Heard]]:
        hear = partial(_hear, settings=self.cache.settings)
        workers = min(self.jobs or os.cpu_count() or 1, len(todo))
        if workers <= 1 or self.cache.settings.foreign:
            yield from ((file, hear(file)) for file in todo)
            return
        with Isolated(hear, __name__, workers, self.time_limit_s) as processes:
            for file, heard in processes.run(todo):
                if isinstance(heard, AudioError):
                    yield file, (None, heard.status, heard.reason)
                else:
                    yield file, heard


def _hear(file: Found[Any], settings: SpectrogramSettings) -> Heard:
    """Return a track's spectrogram in the precision it is stored in, or why there is none."""
    if file.track.path.suffix.lower() == ".npy":
        return read_row(file.track, settings)
    stretch = file.track.start_s, file.track.end_s
    excerpt = read_excerpt(file.track.path, settings, stretch=stretch)
    if not excerpt.is_usable:
        return None, excerpt.status, excerpt.reason
    try:
        now = require_regular(file.track.path)
    except AudioError as error:
        return None, error.status, error.reason
    if (now.st_size, now.st_mtime_ns) != file.state[1:]:
        return None, "unreadable", "it changed after it was found; prepare again"
    spectrogram = log_mel(excerpt.wave, settings).astype(np.float16)
    return spectrogram, excerpt.status, excerpt.reason
