"""Stretches of tracks as clips of their own: what a course in time is learnt from and told by."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from zoneclf.deep.affect.affect_set import AffectSet
from zoneclf.deep.batches import Floats
from zoneclf.deep.spectrograms import SpectrogramSettings

# Windows overlap by half.
_PER_WINDOW = 2


class Long(Protocol):
    """Clips that are longer than a window."""

    @property
    def spectrogram_settings(self) -> SpectrogramSettings:
        """How the spectrograms were made."""

    def spectrogram(self, place: int) -> Floats:
        """Return shape (frames, mels)."""


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of `frames` frames of longer clips.

    `owners` and `starts`, shape (windows,): which clip, and its first frame.
    """

    clips: Long
    owners: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    frames: int

    def __len__(self) -> int:
        return len(self.owners)

    @property
    def spectrogram_settings(self) -> SpectrogramSettings:
        """How the spectrograms were made."""
        return self.clips.spectrogram_settings

    def spectrogram(self, place: int) -> Floats:
        """Return a window, shape (frames, mels); shorter where its clip is."""
        start = int(self.starts[place])
        return self.clips.spectrogram(int(self.owners[place]))[start : start + self.frames]

    def embeddings(self) -> Floats:
        """Return none: windows are seen, not embedded."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class _Stored:
    """A set's spectrograms as they are stored, so that a window does not read a whole track."""

    prepared: AffectSet

    @property
    def spectrogram_settings(self) -> SpectrogramSettings:
        return self.prepared.spectrogram_settings

    def spectrogram(self, place: int) -> Any:
        return self.prepared.cache.read(str(self.prepared.track_ids[place]))


def course_windows(
    prepared: AffectSet, places: Sequence[int] | npt.NDArray[np.int64], frames: int
) -> tuple[Windows, Floats]:
    """Return windows of tracks, overlapping by half, and the mean of the course in each.

    Tracks without a course, and windows in which it has no sample, are left out.

    Parameters
    ----------
    places
        Which tracks.
    frames
        Length of a window.

    Returns
    -------
    tuple
        Windows, and their targets, shape (windows, 2).
    """
    found = [row for place in places for row in _of_track(prepared, int(place), frames)]
    owners = np.array([owner for owner, _, _ in found], dtype=np.int64)
    starts = np.array([start for _, start, _ in found], dtype=np.int64)
    targets = np.array([mean for *_, mean in found], dtype=np.float32).reshape(-1, 2)
    return Windows(_Stored(prepared), owners, starts, frames), targets


def _of_track(prepared: AffectSet, place: int, frames: int) -> Iterator[tuple[int, int, Any]]:
    course = prepared.course(place)
    if course is None:
        return
    times_s, values = course
    frame_s = prepared.spectrogram_settings.frame_s
    last = max(0, int(prepared.frame_counts[place]) - frames)
    for start in range(0, last + 1, max(1, frames // _PER_WINDOW)):
        inside = (times_s >= start * frame_s) & (times_s < (start + frames) * frame_s)
        if inside.any():
            yield place, start, values[inside].mean(axis=0)


def timed_windows(
    clips: Long, lengths: Sequence[int], *, frames: int, step_s: float
) -> tuple[Windows, list[npt.NDArray[np.float64]]]:
    """Return a window around every step of clips of so many frames, and when the steps begin.

    The window of a step is centred on it, and moved inwards at a clip's ends.

    Returns
    -------
    tuple
        Windows of all clips, in order, and for each clip the starts of its steps in seconds.
    """
    frame_s = clips.spectrogram_settings.frame_s
    owners, starts = [], []
    times: list[npt.NDArray[np.float64]] = []
    for place, length in enumerate(lengths):
        count = max(1, int(length * frame_s / step_s))
        begins = np.arange(count, dtype=np.float64) * step_s
        first = np.round((begins + step_s / 2) / frame_s - frames / 2).astype(np.int64)
        starts.append(np.clip(first, 0, max(0, length - frames)))
        owners.append(np.full(count, place, dtype=np.int64))
        times.append(begins)
    none = np.empty(0, dtype=np.int64)
    windows = Windows(
        clips, np.concatenate([none, *owners]), np.concatenate([none, *starts]), frames
    )
    return windows, times
