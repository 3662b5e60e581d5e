"""From one descriptor every 10 ms to one row per frame: smoothing, deltas, means and spreads.

Everything here is fed block by block and keeps only the rows that later ones still need.
Sources: openSMILE's cContourSmoother (``sma``, 3 points), cDeltaRegression (window 2), and
cFunctionalMoments (``amean``, and ``stddev`` with divisor n).
"""

import numpy as np
import numpy.typing as npt

from zoneclf.compiled import compiled
from zoneclf.frames.grid import FrameGrid

Rows = npt.NDArray[np.float64]


class Stencil:
    """A symmetric filter along time whose edges repeat the first and the last row.

    Parameters
    ----------
    weights
        Shape (2 * radius + 1,); output row t sums ``weights[k] * row[t + k - radius]``.
    """

    def __init__(self, weights: tuple[float, ...]) -> None:
        self._weights = np.array(weights)
        self._radius = len(weights) // 2
        self._kept: Rows | None = None

    def push(self, rows: Rows) -> Rows:
        """Take rows of shape (rows, columns) and return those that are settled."""
        if not len(rows):
            return rows
        if self._kept is None:
            self._kept = np.repeat(rows[:1], self._radius, axis=0)
        return self._apply(np.concatenate([self._kept, rows]))

    def finish(self, columns: int) -> Rows:
        """Return the last rows."""
        if self._kept is None:
            return np.empty((0, columns))
        return self._apply(
            np.concatenate([self._kept, np.repeat(self._kept[-1:], self._radius, axis=0)])
        )

    def _apply(self, rows: Rows) -> Rows:
        count = len(rows) - 2 * self._radius
        self._kept = rows[-min(len(rows), 2 * self._radius) :].copy()
        if count <= 0:
            return rows[:0]
        out = np.empty((count, rows.shape[1]))
        _weighted(rows, self._weights, out)
        return out


class Contour:
    """Smoothed descriptors beside their deltas: shape (rows, columns) in, (rows, 2 columns) out."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._smooth = Stencil((1 / 3, 1 / 3, 1 / 3))
        self._delta = Stencil((-0.2, -0.1, 0.0, 0.1, 0.2))
        self._waiting = np.empty((0, columns))

    def push(self, rows: Rows) -> Rows:
        """Return the rows whose delta is settled."""
        smooth = self._smooth.push(rows)
        return self._join(smooth, self._delta.push(smooth))

    def finish(self) -> Rows:
        """Return the last rows."""
        smooth = self._smooth.finish(self._columns)
        settled = self._delta.push(smooth)
        deltas = np.concatenate([settled, self._delta.finish(self._columns)])
        return self._join(smooth, deltas)

    def _join(self, smooth: Rows, deltas: Rows) -> Rows:
        self._waiting = np.concatenate([self._waiting, smooth])
        ready, self._waiting = self._waiting[: len(deltas)], self._waiting[len(deltas) :]
        return np.concatenate([ready, deltas], axis=1)


class WindowMoments:
    """Mean and population standard deviation over each frame of a grid."""

    def __init__(self, grid: FrameGrid, columns: int) -> None:
        self._grid = grid
        self._kept = np.empty((0, columns))

    def push(self, rows: Rows) -> tuple[Rows, Rows]:
        """Return standard deviations and means of the frames now full, shape (frames, columns)."""
        self._kept = np.concatenate([self._kept, rows])
        count = self._grid.frame_count(len(self._kept))
        hop, window = self._grid.hop_llds, self._grid.window_llds
        deviations, means = np.zeros((2, count, self._kept.shape[1]))
        _moments(self._kept, (hop, window), deviations, means)
        self._kept = self._kept[count * hop :]
        return deviations, means


@compiled
def _weighted(rows: Rows, weights: Rows, out: Rows) -> None:
    """Fill `out` (rows, columns) with the weighted sums of as many `rows` as there are weights."""
    for t in range(out.shape[0]):
        sums = out[t]
        for column in range(sums.size):
            sums[column] = weights[0] * rows[t, column]
        for k in range(1, weights.size):
            row, weight = rows[t + k], weights[k]
            for column in range(sums.size):
                sums[column] += weight * row[column]


@compiled
def _moments(rows: Rows, cut: tuple[int, int], deviations: Rows, means: Rows) -> None:
    """Fill standard deviations and means, zero before, of frames cut by (hop, window) in rows.

    In two passes, since the difference of mean squares loses what is small against the mean.
    """
    hop, window = cut
    for frame in range(means.shape[0]):
        mean, deviation = means[frame], deviations[frame]
        for t in range(frame * hop, frame * hop + window):
            row = rows[t]
            for column in range(mean.size):
                mean[column] += row[column]
        for column in range(mean.size):
            mean[column] /= window
        for t in range(frame * hop, frame * hop + window):
            row = rows[t]
            for column in range(mean.size):
                apart = row[column] - mean[column]
                deviation[column] += apart * apart
        for column in range(mean.size):
            deviation[column] = np.sqrt(deviation[column] / window)
