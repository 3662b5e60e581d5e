"""Drops: the energy falls into a valley, then rises within seconds to a peak.

In: RMS per frame.  The curve is smoothed; a valley lies below mean - `valley_sd` standard
deviations, the peak that follows within `within_s` seconds above mean + `peak_sd`; the rise
counts if (peak - valley) / mean exceeds `contrast`.  All five numbers are settings (``drops``).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zoneclf.settings import DropSettings

Curve = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Drop:
    """One drop: when the energy passes the peak threshold, in seconds; its rise; its peak.

    `contrast` is (peak - valley) / mean RMS, `intensity` is peak / mean RMS.
    """

    time_s: float
    contrast: float
    intensity: float


def smoothed(rms: Curve, hop_s: float, smooth_s: float) -> Curve:
    """Return the moving mean of `rms`, shape (frames,), its edges repeated."""
    width = 2 * round(smooth_s / hop_s / 2) + 1
    padded = np.pad(rms.astype(np.float64), width // 2, mode="edge")
    return np.convolve(padded, np.full(width, 1 / width), mode="valid")


def find_drops(rms: Curve, hop_s: float, settings: DropSettings) -> list[Drop]:
    """Return the drops of a track in order.

    Parameters
    ----------
    rms
        RMS per frame, shape (frames,).
    hop_s
        Seconds between frames.
    settings
        Thresholds.
    """
    curve = smoothed(rms, hop_s, settings.smooth_s)
    mean, spread = float(curve.mean()), float(curve.std())
    low, high = mean - settings.valley_sd * spread, mean + settings.peak_sd * spread
    reach = round(settings.within_s / hop_s)
    drops: list[Drop] = []
    frame, size = 0, curve.size
    while mean > 0 and frame < size:
        if curve[frame] >= low:
            frame += 1
            continue
        end = _first(curve[frame:] >= low, frame, size)
        valley = float(curve[frame:end].min())
        rise = _first(curve[end : end + reach] > high, end, size)
        if rise < size:
            peak = float(curve[rise : end + reach].max())
            if (peak - valley) / mean > settings.contrast:
                drops.append(Drop(rise * hop_s, (peak - valley) / mean, peak / mean))
            end = rise  # one rise is one drop, however many dips came before it
        frame = end
    return drops


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


def _first(holds: npt.NDArray[np.bool_], offset: int, otherwise: int) -> int:
    return offset + int(np.argmax(holds)) if holds.any() else otherwise
