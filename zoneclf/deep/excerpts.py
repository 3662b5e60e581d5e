"""The middle of an audio file as mono sound at a spectrogram's rate, and how its decoding went.

Decoding ends where the excerpt does; of a file that says its length, little more than the excerpt
is held.  An excerpt is never longer than 20 minutes, whatever is asked for: a recorded night would
take gigabytes.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from zoneclf.audio.decode import decoders
from zoneclf.audio.files import require_regular
from zoneclf.audio.headers import WHOLE_SHARE
from zoneclf.audio.sound import RATE_HZ, WITH_ROWS, Mono, Sound
from zoneclf.deep.spectrograms import SpectrogramSettings, Wave
from zoneclf.errors import AudioError
from zoneclf.settings import AudioSettings

# Shorter sound holds no rhythm: too_short.
LEAST_S = 0.5
# No excerpt is longer; of a file that does not say how long it is, the middle of so much is taken.
_MOST_S = 1200.0
_STEP = 1 / 32767
# Where a part of a file begins and ends, in seconds; an end of 0 is the file's.
Stretch = tuple[float, float]
WHOLE: Stretch = (0.0, 0.0)


@dataclass(frozen=True)
class Excerpt:
    """Mono sound, shape (samples,), full scale 1; empty unless `status` says that it is usable."""

    wave: Wave
    status: str
    reason: str = ""

    @property
    def is_usable(self) -> bool:
        """Whether there is sound to learn from, all or a part of it."""
        return self.wave.size > 0


def read_excerpt(
    path: Path,
    settings: SpectrogramSettings,
    limits: AudioSettings | None = None,
    *,
    stretch: Stretch = WHOLE,
) -> Excerpt:
    """Return the middle `settings.excerpt_s` seconds of a file at `settings.rate_hz`; 0: all.

    All is 20 minutes at most.  Of a `stretch` (start and end in seconds; an end of 0 is the file's)
    it is the middle of that.

    What cannot be used has a status and a reason, as in `zoneclf.audio.sound.STATUSES`; no error
    is raised for what a file holds.
    """
    try:
        require_regular(path)
        best = _best(path, settings.excerpt_s, limits or AudioSettings(), stretch)
    except AudioError as error:
        return Excerpt(np.empty(0, np.float32), error.status, error.reason)
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
        return Excerpt(np.empty(0, np.float32), "unreadable", reason)
    if best.status not in WITH_ROWS:
        return Excerpt(np.empty(0, np.float32), best.status, best.reason)
    return Excerpt(at_rate(best.wave, settings.rate_hz), best.status, best.reason)


def at_rate(wave: Wave, rate_hz: int) -> Wave:
    """Return sound of 44.1 kHz at another rate."""
    found = soxr.resample(wave, RATE_HZ, rate_hz, quality="HQ")
    return np.asarray(found, dtype=np.float32)


def _best(path: Path, excerpt_s: float, limits: AudioSettings, stretch: Stretch) -> Excerpt:
    """Return the longest excerpt that any decoder gets, at 44.1 kHz."""
    best: Excerpt | None = None
    try:
        for decoder in decoders(path, limits):
            found, damaged = _decoded(Sound(decoder), excerpt_s, stretch)
            best = found if best is None or found.wave.size > best.wave.size else best
            if not damaged:
                break
    except AudioError:
        if best is None or not best.is_usable:
            raise
    assert best is not None
    return best


def _decoded(sound: Sound, excerpt_s: float, stretch: Stretch) -> tuple[Excerpt, bool]:
    """Return an excerpt, and whether another decoder may do better."""
    size = round(min(excerpt_s or _MOST_S, _MOST_S) * RATE_HZ)
    wave, is_whole = _middle(sound, size) if stretch == WHOLE else _part(sound, size, stretch)
    status, reason = ("ok", "") if is_whole else sound.status()
    asked_s = stretch[1] - stretch[0]
    if status == "ok" and min(asked_s, excerpt_s or _MOST_S) * WHOLE_SHARE > wave.size / RATE_HZ:
        status = "truncated"
        reason = f"of its stretch to {stretch[1]:g} s there are {wave.size / RATE_HZ:.1f} s"
    if status in WITH_ROWS and wave.size < LEAST_S * RATE_HZ:
        status = "too_short"
        reason = f"{wave.size / RATE_HZ:.2f} s of sound, {LEAST_S:g} are needed"
    if status in WITH_ROWS and float(np.ptp(wave)) < 2 * _STEP:
        status, reason = "silent", "no sound in its middle"
    kept = wave if status in WITH_ROWS else np.empty(0, np.float32)
    return Excerpt(kept, status, reason), not is_whole and sound.is_damaged


def between(blocks: Iterable[Mono], first: int, last: int) -> Iterator[Mono]:
    """Yield samples `first` to before `last` of blocks; what comes later is not asked for.

    A `last` of 0 is the end.
    """
    at = 0
    for block in blocks:
        begin, end = max(0, first - at), block.size if not last else last - at
        at += block.size
        if begin < min(end, block.size):
            yield block[begin:end]
        if last and at >= last:
            return


def _part(sound: Sound, size: int, stretch: Stretch) -> tuple[Wave, bool]:
    """Return the middle `size` samples of a stretch, and whether they were all there."""
    first, last = (round(time_s * RATE_HZ) for time_s in stretch)
    if last - first > size:
        first += (last - first - size) // 2
        last = first + size
    most = last or first + round(_MOST_S * RATE_HZ)
    wave = np.concatenate([np.empty(0, np.float32), *between(sound.blocks(), first, most)])
    spare = max(0, wave.size - size) // 2
    return wave[spare : spare + size], bool(last) and wave.size == last - first


def _middle(sound: Sound, size: int) -> tuple[Wave, bool]:
    """Return the middle `size` samples, and whether they were all there.

    Where sound ends earlier than it was announced, they are its last ones.
    """
    start = _start(sound, size)
    kept: deque[Wave] = deque()
    at = held = 0
    for block in sound.blocks():
        kept.append(block)
        at, held = at + block.size, held + block.size
        if start is not None and at >= start + size:
            first = held - (at - start)
            return np.concatenate(kept)[first : first + size], True
        while start is not None and held - kept[0].size >= size:
            held -= kept.popleft().size
        if start is None and held >= _MOST_S * RATE_HZ:
            break
    wave = np.concatenate(kept) if kept else np.empty(0, np.float32)
    if wave.size <= size:
        return wave, False
    first = (wave.size - size) // 2 if start is None else wave.size - size
    return wave[first : first + size], start is None


def _start(sound: Sound, size: int) -> int | None:
    """Return the excerpt's first sample at 44.1 kHz, None where the length is not announced."""
    announced_s = sound.header.declared_s
    if announced_s is None:
        return None
    return max(0, (round(announced_s * RATE_HZ) - size) // 2)
