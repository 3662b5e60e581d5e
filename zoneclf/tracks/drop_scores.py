"""How well drops that were found meet those that are known, in seconds of the same track."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Hits:
    """Drops found rightly, found where there is none, and missed; sums over tracks add up."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def __add__(self, other: "Hits") -> "Hits":
        return Hits(self.right + other.right, self.wrong + other.wrong, self.missed + other.missed)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 1 where there was nothing to find."""
        total = 2 * self.right + self.wrong + self.missed
        return 2 * self.right / total if total else 1.0


def hits(found_s: Sequence[float], known_s: Sequence[float], tolerance_s: float) -> Hits:
    """Return the score of one track; each known drop is met by one found at most.

    Both are walked in order, which pairs as many as can be paired.
    """
    found, known = sorted(found_s), sorted(known_s)
    right = place = 0
    for time_s in found:
        while place < len(known) and known[place] < time_s - tolerance_s:
            place += 1
        if place < len(known) and known[place] <= time_s + tolerance_s:
            right, place = right + 1, place + 1
    return Hits(right, len(found) - right, len(known) - right)
