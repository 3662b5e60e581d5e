"""How far a batch of files is, and how fast it goes."""

import time
from collections.abc import Sequence

from zoneclf.frames.batch import Found
from zoneclf.frames.takes import TrackFacts
from zoneclf.pipeline.workspace import Voice


class Teller:
    """Counts tracks as they are done, and the sound in them against the clock."""

    def __init__(self, what: str, pending: Sequence[Found], voice: Voice) -> None:
        self._what, self._voice = what, voice
        self._total, self._left_bytes = len(pending), sum(file.size_bytes for file in pending)
        self._done, self._done_bytes, self._sound_s = 0, 0, 0.0
        self._started_s = time.monotonic()
        if pending:
            voice.progress(what, 0, self._total)

    def __call__(self, file: Found, facts: TrackFacts) -> None:
        """Count one track."""
        self._done += 1
        self._sound_s += facts.duration_s
        self._done_bytes += file.size_bytes
        self._left_bytes -= file.size_bytes
        # By bytes, since the largest files come first.
        left_s = self._elapsed_s * self._left_bytes / max(1, self._done_bytes)
        detail = f"{self._so_far}, about {_text(left_s)} left" if self._left_bytes else self._so_far
        self._voice.progress(self._what, self._done, self._total, detail)

    def close(self) -> None:
        """Tell what was done, if anything was."""
        if self._done:
            self._voice.say(f"{self._what}: {self._so_far}, in {_text(self._elapsed_s)}")

    @property
    def _elapsed_s(self) -> float:
        return time.monotonic() - self._started_s

    @property
    def _so_far(self) -> str:
        rate = self._sound_s / max(1e-9, self._elapsed_s)
        return f"{_text(self._sound_s)} of sound, {rate:.0f} x real time"


def _text(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
