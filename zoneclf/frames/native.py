"""The extractor `frames`: 236 of DEAM's openSMILE columns without openSMILE.

Left out are the voicing columns, which need openSMILE's pitch tracker.
"""

import numpy as np

from zoneclf.frames.columns import BANDS, DESCRIPTORS, ENERGY, FRAME_COLUMNS, LLDS
from zoneclf.frames.extractor import FrameStream, Mono, Step
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.lld import Llds, LldStream, Values
from zoneclf.frames.rows import Rows
from zoneclf.frames.windows import Contour, WindowMoments


class NativeExtractor:
    """Extractor `frames`; version 2 agrees with openSMILE's numbers (see `scripts`)."""

    name = "frames"
    version = 2
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
        self._energy = _Group(grid, len(ENERGY))
        self._spectral = _Group(grid, len(LLDS) - len(ENERGY))

    def push(self, mono: Mono) -> Step:
        return _joined([self._settle(batch) for batch in self._llds.push(mono)])

    def finish(self) -> Step:
        steps = [self._settle(batch) for batch in self._llds.finish()]
        self._energy.finish()
        self._spectral.finish()
        return _joined([*steps, Step(self._rows(), np.empty(0))])

    def _settle(self, batch: Llds) -> Step:
        self._energy.push(batch.energy)
        self._spectral.push(batch.spectral)
        return Step(self._rows(), batch.onset)

    def _rows(self) -> Rows:
        """Return the frames that both groups have; the spectral one runs ahead at the end."""
        count = min(self._energy.count, self._spectral.count)
        energy, spectral = self._energy.take(count), self._spectral.take(count)
        out = np.empty((count, 2, len(LLDS), 2), np.float32)
        out[:, :, : len(ENERGY)], out[:, :, len(ENERGY) :] = energy, spectral
        return out.reshape(count, len(FRAME_COLUMNS))


class _Group:
    """Descriptors that end together, on their way to frames."""

    def __init__(self, grid: FrameGrid, columns: int) -> None:
        self._columns = columns
        self._contour = Contour(columns)
        self._moments = WindowMoments(grid, 2 * columns)
        self._frames = np.empty((0, 2, columns, 2))

    @property
    def count(self) -> int:
        """Frames that wait."""
        return len(self._frames)

    def push(self, llds: Values) -> None:
        self._add(self._contour.push(llds))

    def finish(self) -> None:
        self._add(self._contour.finish())

    def take(self, count: int) -> Values:
        """Return frames, shape (frames, [smoothed, delta], descriptors, [deviation, mean])."""
        taken, self._frames = self._frames[:count], self._frames[count:]
        return taken

    def _add(self, contour: Values) -> None:
        frames = np.stack(self._moments.push(contour), axis=2)
        shaped = frames.reshape(len(frames), 2, self._columns, 2)
        self._frames = np.concatenate([self._frames, shaped])


def _joined(steps: list[Step]) -> Step:
    if not steps:
        return Step(np.empty((0, len(FRAME_COLUMNS)), np.float32), np.empty(0))
    return Step(
        np.concatenate([step.rows for step in steps]),
        np.concatenate([step.onset for step in steps]),
    )


assert LLDS[len(ENERGY) : len(ENERGY) + len(BANDS)] == BANDS
