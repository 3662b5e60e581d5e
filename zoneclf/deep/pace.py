"""How far a long work is, how fast it goes, and how long it will still take."""

import time
from typing import Protocol


class Voice(Protocol):
    """How a long work tells what it does; `zoneclf.console.console` is one."""

    def say(self, text: str) -> None:
        """Tell one line."""
        ...

    def warn(self, text: str) -> None:
        """Tell one line that the user should act on."""
        ...

    def progress(self, what: str, done: int, total: int, detail: str = "") -> None:
        """Tell how far a long work is."""
        ...


class Pace:
    """Called with how many of how many are done; tells the rate and the time left."""

    def __init__(self, what: str, voice: Voice) -> None:
        self._what, self._voice = what, voice
        self._started_s = time.monotonic()
        self._done = 0

    def __call__(self, done: int, total: int) -> None:
        """Tell that `done` of `total` are done."""
        self._done = done
        elapsed_s = time.monotonic() - self._started_s
        rate = done / max(elapsed_s, 1e-9)
        left = f", about {seconds_text((total - done) / rate)} left" if done < total else ""
        self._voice.progress(self._what, done, total, f"{rate:.1f} per s{left}")

    def close(self) -> None:
        """Tell what was done, if anything was."""
        if self._done:
            elapsed_s = time.monotonic() - self._started_s
            rate = self._done / max(elapsed_s, 1e-9)
            taken = seconds_text(elapsed_s)
            self._voice.say(f"{self._what}: {self._done} in {taken}, {rate:.1f} per s")


def seconds_text(seconds: float) -> str:
    """Return a length of time in words that fit it."""
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
