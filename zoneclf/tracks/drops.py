"""Drops: the energy falls into a valley, then rises within seconds to a peak.

In: RMS per frame.  The curve is smoothed; a valley lies below mean - `valley_sd` standard
deviations after it was higher, the peak that follows within `within_s` seconds above mean +
`peak_sd`; the rise counts if (peak - valley) / mean exceeds `contrast`.  All five numbers are
settings (``drops``).
Whether there is a drop is decided on the smoothed curve, when it is on the unsmoothed one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zoneclf.frames.grid import FrameGrid
from zoneclf.settings import DropSettings

Curve = npt.NDArray[np.float64]

# Goes up when the same frames and settings would give other features.  2: a valley follows
# something higher.
RULE = 2


@dataclass(frozen=True)
class Drop:
    """One drop: when the energy comes back, in seconds; its rise; its peak.

    `time_s` is where a listener would mark the drop: between the valley and the peak the moment
    at which the unsmoothed RMS climbs fastest, counted from the start of the sound.  A frame
    speaks for its centre, so a jump of the level is timed without bias, not half a window early.
    `contrast` is (peak - valley) / mean RMS, `intensity` is peak / mean RMS.
    """

    time_s: float
    contrast: float
    intensity: float


@dataclass(frozen=True)
class Energy:
    """The smoothed RMS, shape (frames,), and the levels that valleys and peaks must pass."""

    curve: Curve
    mean: float
    low: float
    high: float


def smoothed(rms: Curve, hop_s: float, smooth_s: float) -> Curve:
    """Return the moving mean of `rms`, shape (frames,), its edges repeated."""
    width = 2 * round(smooth_s / hop_s / 2) + 1
    padded = np.pad(rms.astype(np.float64), width // 2, mode="edge")
    return np.convolve(padded, np.full(width, 1 / width), mode="valid")


def energy_of(rms: Curve, hop_s: float, settings: DropSettings) -> Energy:
    """Return the curve on which drops are sought and its thresholds."""
    curve = smoothed(rms, hop_s, settings.smooth_s)
    mean, spread = float(curve.mean()), float(curve.std())
    low, high = mean - settings.valley_sd * spread, mean + settings.peak_sd * spread
    return Energy(curve, mean, low, high)


def find_drops(rms: Curve, grid: FrameGrid, settings: DropSettings) -> list[Drop]:
    """Return the drops of a track in order.

    Parameters
    ----------
    rms
        RMS per frame, shape (frames,).
    grid
        Where the frames lie.
    settings
        Thresholds.
    """
    energy = energy_of(rms, grid.hop_s, settings)
    reach = round(settings.within_s / grid.hop_s)
    found = [_drop(rms, energy, rise, grid) for rise in _rises(energy, reach)]
    return [drop for drop in found if drop.contrast > settings.contrast]


def drop_features(drops: list[Drop], duration_s: float) -> dict[str, float]:
    """Return the five features that sum a track's drops up; all 0 where there are none.

    `drop_count` grows with the length of the track and so tells its source; the others do not.
    """
    contrasts = [drop.contrast for drop in drops] or [0.0]
    intensities = [drop.intensity for drop in drops] or [0.0]
    return {
        "drop_count": float(len(drops)),
        "drops_per_minute": 60 * len(drops) / duration_s,
        "drop_strength": max(contrasts),
        "drop_contrast_mean": float(np.mean(contrasts)),
        "drop_intensity": float(np.mean(intensities)),
    }


@dataclass(frozen=True)
class _Rise:
    """Frames: the lowest of a valley, the first above the peak threshold, the end of the search."""

    bottom: int
    top: int
    end: int


def _rises(energy: Energy, reach: int) -> Iterator[_Rise]:
    """Yield the rises from a valley past the peak threshold within `reach` frames of its end."""
    curve, size = energy.curve, energy.curve.size
    start = _first(curve >= energy.low, 0, size)  # what starts low has not fallen: an intro
    while (start := _first(curve[start:] < energy.low, start, size)) < size:
        valley_end = _first(curve[start:] >= energy.low, start, size)
        end = min(valley_end + reach, size)
        top = _first(curve[valley_end:end] > energy.high, valley_end, size)
        if top < size:
            yield _Rise(start + int(np.argmin(curve[start:valley_end])), top, end)
        start = valley_end if top == size else top  # one rise, however many dips came before it


def _drop(rms: Curve, energy: Energy, rise: _Rise, grid: FrameGrid) -> Drop:
    curve, mean = energy.curve, energy.mean
    peak = float(curve[rise.top : rise.end].max())
    # The next valley is another drop's.
    last = _first(curve[rise.top : rise.end] < energy.low, rise.top, rise.end)
    time_s = rise.bottom * grid.hop_s + _steepest_s(rms[rise.bottom : last], grid)
    return Drop(time_s, (peak - float(curve[rise.bottom])) / mean, peak / mean)


def _steepest_s(rms: Curve, grid: FrameGrid) -> float:
    """Return when `rms` climbs fastest, in seconds from the start of its first frame.

    A jump of the level takes one window to climb.  So the climb over a window and a hop is
    sought, and the time at which half of it is done lies between two frames' centres.
    """
    span = min(round(grid.window_s / grid.hop_s) + 1, rms.size - 1)
    if span < 1:
        return grid.window_s / 2
    first = int(np.argmax(rms[span:] - rms[:-span]))
    climb = rms[first : first + span + 1]
    half = (climb[0] + climb[-1]) / 2
    above = max(1, _first(climb >= half, 0, span))
    step = climb[above] - climb[above - 1]
    part = (half - climb[above - 1]) / step if step > 0 else 0.5
    return float((first + above - 1 + min(max(part, 0.0), 1.0)) * grid.hop_s + grid.window_s / 2)


def _first(holds: npt.NDArray[np.bool_], offset: int, otherwise: int) -> int:
    return offset + int(np.argmax(holds)) if holds.any() else otherwise
