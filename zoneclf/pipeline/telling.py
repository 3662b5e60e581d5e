"""How far a batch of files is, and how fast it goes."""

import time

from zoneclf.frames.batch import Found
from zoneclf.frames.takes import TrackFacts
from zoneclf.pipeline.workspace import Voice


class Teller:
    """Counts tracks as they are done, and the sound in them against the clock."""

    def __init__(self, what: str, total: int, voice: Voice) -> None:
        self._what, self._total, self._voice = what, total, voice
        self._done, self._sound_s = 0, 0.0
        self._started_s = time.monotonic()
        if total:
            voice.progress(what, 0, total)

    def __call__(self, _: Found, facts: TrackFacts) -> None:
        """Count one track."""
        self._done += 1
        self._sound_s += facts.duration_s
        self._voice.progress(self._what, self._done, self._total, self._so_far)

    def close(self) -> None:
        """Tell what was done, if anything was."""
        if self._done:
            elapsed_s = time.monotonic() - self._started_s
            self._voice.say(f"{self._what}: {self._so_far}, in {_text(elapsed_s)}")

    @property
    def _so_far(self) -> str:
        rate = self._sound_s / max(1e-9, time.monotonic() - self._started_s)
        return f"{_text(self._sound_s)} of sound, {rate:.0f} x real time"


def _text(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
