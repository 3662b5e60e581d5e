"""Frames from sound: decode, extract, judge; the next decoder where one fails."""

import dataclasses
import errno
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from zoneclf.audio.decode import decoders
from zoneclf.audio.files import require_regular
from zoneclf.audio.formats import misnamed
from zoneclf.audio.headers import WHOLE_SHARE
from zoneclf.audio.sound import WITH_ROWS, Sound
from zoneclf.errors import AudioError
from zoneclf.frames.extractor import (
    FrameExtractor,
    Meter,
    extract,
    origin_of,
    spec_of,
)
from zoneclf.frames.takes import Excerpt, Take, TrackFacts, cut, is_longer
from zoneclf.settings import AudioSettings
from zoneclf.store import Origin, TableSpec

_DISK_IS_FULL = {errno.ENOSPC, errno.EDQUOT}
# Sound may end this much before its excerpt does, as rounded times have it.
_EARLY_S = 1.0
# How often a file is read that changes meanwhile.
_ATTEMPTS = 2


@dataclass(frozen=True)
class SoundReader:
    """Reads audio files with an extractor; `excerpts` by file name without suffix."""

    extractor: FrameExtractor
    limits: AudioSettings
    meters: Mapping[str, Callable[[], Meter]] = field(default_factory=dict)
    excerpts: Mapping[str, Excerpt] = field(default_factory=dict)

    @property
    def spec(self) -> TableSpec:
        """The spec of the rows."""
        return spec_of(self.extractor)

    @property
    def origin(self) -> Origin:
        """What makes the rows."""
        return origin_of(self.extractor)

    def read(self, path: Path, track_id: str) -> Take:
        """Return the take; a file that changes while it is read is read once more."""
        try:
            return self._steady(path, track_id)
        except AudioError as error:
            return Take(TrackFacts(track_id=track_id, status=error.status, reason=error.reason))
        except OSError as error:
            if error.errno in _DISK_IS_FULL:  # no fault of this file
                raise
            reason = f"cannot be read ({error.strerror})"
            return Take(TrackFacts(track_id=track_id, status="unreadable", reason=reason))

    def _steady(self, path: Path, track_id: str) -> Take:
        for _ in range(_ATTEMPTS):
            before = _state(path)
            take = self._read(path, track_id)
            if _state(path) == before:
                return take
        raise AudioError("unreadable", "it changes while it is read; extract again when it is done")

    def _read(self, path: Path, track_id: str) -> Take:
        best: Take | None = None
        complaint, announced_s = "", 0.0
        try:
            for decoder in decoders(path, self.limits):
                sound = Sound(decoder)
                best = _better(best, self._take(sound, path, track_id))
                complaint = complaint or sound.complaint or _shortfall(sound)
                announced_s = max(announced_s, _announced_s(sound))
                if not sound.is_damaged:
                    break
        except AudioError:
            if best is None or best.facts.status == "undecodable":
                raise
        assert best is not None
        return _marked(best, complaint, announced_s)

    def _take(self, sound: Sound, path: Path, track_id: str) -> Take:
        makers = {name: make() for name, make in self.meters.items()}
        frames = extract(self.extractor, sound.blocks(), makers)
        status, reason = sound.status()
        duration_s, excerpt = sound.duration_s, self.excerpts.get(path.stem)
        if excerpt is not None and is_longer(duration_s, excerpt):
            frames = cut(frames, excerpt, self.extractor.grid)
            if status == "ok" and duration_s < excerpt[1] - _EARLY_S:
                status, reason = "truncated", f"its excerpt ends at {excerpt[1]:g} s, it earlier"
        if status in WITH_ROWS and not len(frames):
            needed_s = self.extractor.grid.window_s + 0.06
            status, reason = "too_short", f"{duration_s:.2f} s, a frame needs {needed_s:.2f}"
        if status == "ok":
            reason = misnamed(path, sound.header.container)
        kept = frames if status in WITH_ROWS else None
        facts = TrackFacts(
            track_id=track_id,
            status=status,
            reason=reason,
            duration_s=round(duration_s, 3),
            source_rate_hz=sound.header.rate_hz,
            channels=sound.header.channels,
            decoder=sound.header.decoder,
            frame_count=0 if kept is None else len(kept),
            measures={} if kept is None else frames.measures,
        )
        return Take(facts, kept)


def _state(path: Path) -> tuple[int, int, int]:
    """Return what changes when a file is written or replaced."""
    found = require_regular(path)
    return found.st_size, found.st_mtime_ns, found.st_ino


def _announced_s(sound: Sound) -> float:
    """Return the length that a file says it has, in seconds; 0 if it does not say."""
    return 0.0 if sound.header.guessed else sound.header.declared_s or 0.0


def _shortfall(sound: Sound) -> str:
    """Return what is missing of the announced length, though the decoder was silent about it."""
    announced_s = _announced_s(sound)
    if not announced_s or not sound.is_short:
        return ""
    return f"{sound.header.decoder}: {_lengths(sound.duration_s, announced_s)}"


def _lengths(duration_s: float, announced_s: float) -> str:
    return f"{duration_s:.1f} of {announced_s:.1f} s could be decoded"


def _better(first: Take | None, second: Take) -> Take:
    """Return the take with more sound."""
    return first if first is not None and _worth(first) > _worth(second) else second


def _worth(take: Take) -> tuple[bool, float]:
    return take.frames is not None, take.facts.duration_s


def _marked(take: Take, complaint: str, announced_s: float) -> Take:
    """Return a take marked with what another decoder complained of or heard announced."""
    status, reason = take.facts.status, take.facts.reason
    if status == "ok" and complaint:
        status, reason = "decode_errors", complaint
    if status == "decode_errors" and take.facts.duration_s < WHOLE_SHARE * announced_s:
        status, reason = "truncated", _lengths(take.facts.duration_s, announced_s)
    return Take(dataclasses.replace(take.facts, status=status, reason=reason), take.frames)
