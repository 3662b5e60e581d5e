"""Where frames start and end.  The only module that turns seconds into frame numbers.

Low-level descriptors (LLD) come every 10 ms; a frame (a row of a frame table) summarises the LLDs
of `window_s` seconds, and one starts every `hop_s` seconds, the first at 0.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LLD_HOP_S = 0.01


@dataclass(frozen=True)
class FrameGrid:
    """Frames of `window_s` seconds that start every `hop_s` seconds, the first at 0.

    Only whole frames count.  DEAM's openSMILE features use a 1.0 s window every 0.5 s
    (IS13_ComParE_lld-func.conf: frameSize, frameStep, frameCenterSpecial = left).
    """

    window_s: float = 1.0
    hop_s: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.hop_s <= self.window_s:
            raise ValueError(
                f"hop_s={self.hop_s} must be above 0 and at most window_s={self.window_s}"
            )

    @property
    def window_llds(self) -> int:
        """LLDs in one frame."""
        return round(self.window_s / LLD_HOP_S)

    @property
    def hop_llds(self) -> int:
        """LLDs from one frame's start to the next."""
        return round(self.hop_s / LLD_HOP_S)

    def frame_count(self, lld_count: int) -> int:
        """Return how many whole frames `lld_count` LLDs fill; 0 if none."""
        return max(0, (lld_count - self.window_llds) // self.hop_llds + 1)

    def frames_within(self, duration_s: float) -> int:
        """Return how many frames lie wholly inside `duration_s` seconds; 0 if none."""
        # A little more, because seconds such as 0.3 are not exact.
        return max(0, int((duration_s - self.window_s) / self.hop_s + 1 + 1e-6))

    def starts(self, frame_count: int) -> npt.NDArray[np.float64]:
        """Return the start of each frame in seconds, shape (frames,)."""
        return np.arange(frame_count, dtype=np.float64) * self.hop_s
