"""What reading one file for its frames yields: facts about the track, and its rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from zoneclf.audio.sound import STATUSES
from zoneclf.frames.extractor import Frames, frames_of
from zoneclf.frames.grid import FrameGrid
from zoneclf.store import Origin, TableSpec

Excerpt = tuple[float, float]
_LONGER_S = 5.0


@dataclass(frozen=True, kw_only=True)
class TrackFacts:
    """One track as far as its sound goes; `status` is a word of `zoneclf.audio.sound.STATUSES`."""

    track_id: str
    status: str
    reason: str = ""
    duration_s: float = 0.0
    source_rate_hz: int = 0
    channels: int = 0
    decoder: str = ""
    frame_count: int = 0
    measures: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ValueError(f"{self.status!r} is no status")


@dataclass(frozen=True)
class Take:
    """Facts and frames of one track; `frames` is None where the status says there are none."""

    facts: TrackFacts
    frames: Frames | None = None


class FrameReader(Protocol):
    """Reads one file into a `Take`: from sound, or from a file of features."""

    @property
    def spec(self) -> TableSpec:
        """The spec of the rows."""
        ...

    @property
    def origin(self) -> Origin:
        """What makes the rows."""
        ...

    def read(self, path: Path, track_id: str) -> Take:
        """Return the take; what is wrong with the file becomes its status."""
        ...


def is_longer(duration_s: float, excerpt: Excerpt) -> bool:
    """Return whether sound is clearly longer than an excerpt of it: DEAM's clips are excerpts."""
    return duration_s >= excerpt[1] - excerpt[0] + _LONGER_S


def cut(frames: Frames, excerpt: Excerpt, grid: FrameGrid) -> Frames:
    """Return the frames that lie inside an excerpt, in seconds from the file's start."""
    first = int(np.searchsorted(frames.start_s, excerpt[0] - 1e-6))
    last = int(np.searchsorted(frames.start_s, excerpt[1] - grid.window_s + 1e-6, side="right"))
    return frames_of(frames.start_s[first:last], frames.rows[first:last].copy(), frames.measures)
