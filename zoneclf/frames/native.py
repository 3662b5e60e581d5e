"""The extractor `frames`: 236 of DEAM's openSMILE columns without openSMILE.

Left out are the voicing columns, which need openSMILE's pitch tracker.
"""

import numpy as np

from zoneclf.frames.columns import BANDS, DESCRIPTORS, ENERGY, FRAME_COLUMNS, LLDS
from zoneclf.frames.extractor import FrameStream, Mono, Step
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.lld import Llds, LldStream
from zoneclf.frames.windows import Contour, WindowMoments

_SPECTRAL_COUNT = len(LLDS) - len(ENERGY)


class NativeExtractor:
    """Extractor `frames`; version 1 agrees with openSMILE's numbers (see `scripts`)."""

    name = "frames"
    version = 1
    licence = ""
    descriptors = DESCRIPTORS
    features = FRAME_COLUMNS

    def __init__(self, grid: FrameGrid) -> None:
        self.grid = grid

    def open(self) -> FrameStream:
        """Start on a sound."""
        return _NativeStream(self.grid)


class _NativeStream:
    def __init__(self, grid: FrameGrid) -> None:
        self._llds = LldStream()
        self._energy = Contour(len(ENERGY))
        self._spectral = Contour(_SPECTRAL_COUNT)
        self._ahead = np.empty((0, 2 * _SPECTRAL_COUNT))
        self._moments = WindowMoments(grid, 2 * len(LLDS))

    def push(self, mono: Mono) -> Step:
        return _joined([self._settle(batch) for batch in self._llds.push(mono)])

    def finish(self) -> Step:
        steps = [self._settle(batch) for batch in self._llds.finish()]
        steps.append(self._frames(self._energy.finish(), self._spectral.finish()))
        return _joined(steps)

    def _settle(self, batch: Llds) -> Step:
        rows = self._frames(self._energy.push(batch.energy), self._spectral.push(batch.spectral))
        return Step(rows.rows, batch.onset)

    def _frames(self, energy: np.ndarray, spectral: np.ndarray) -> Step:
        """Join both groups; the spectral one runs 4 LLDs ahead at the end of a sound."""
        spectral = np.concatenate([self._ahead, spectral])
        self._ahead = spectral[len(energy) :]
        deviations, means = self._moments.push(_in_order(energy, spectral[: len(energy)]))
        rows = np.stack([deviations, means], axis=2).reshape(len(means), 2 * means.shape[1])
        return Step(rows.astype(np.float32), np.empty(0))


def _in_order(energy: np.ndarray, spectral: np.ndarray) -> np.ndarray:
    """Return smoothed then delta descriptors, shape (LLDs, 118), in the order of `LLDS`."""
    half = _SPECTRAL_COUNT
    return np.concatenate(
        [
            energy[:, : len(ENERGY)],
            spectral[:, :half],
            energy[:, len(ENERGY) :],
            spectral[:, half:],
        ],
        axis=1,
    )


def _joined(steps: list[Step]) -> Step:
    if not steps:
        return Step(np.empty((0, len(FRAME_COLUMNS)), np.float32), np.empty(0))
    return Step(
        np.concatenate([step.rows for step in steps]),
        np.concatenate([step.onset for step in steps]),
    )


assert LLDS[len(ENERGY) : len(ENERGY) + len(BANDS)] == BANDS
