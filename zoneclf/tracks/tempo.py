"""Tempo in beats per minute, from the onset strength every 10 ms.

Rows of 0.5 s cannot carry it (their Nyquist limit is 60 BPM).  Autocorrelations of 8 s windows,
one every 0.5 s, are averaged and weighted by a log-normal prior round 120 BPM; a parabola through
the peak gives the fraction of a lag.  Sources: Ellis, "Beat tracking by dynamic programming",
JNMR 36 (2007), for prior and envelope; Grosche, Mueller, Kurth, "Cyclic tempogram", ICASSP 2010,
for local autocorrelation.
"""

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from scipy import fft

Values = npt.NDArray[np.float64]

RATE_HZ = 100  # onset strengths per second
WINDOW = 800  # 8 s
HOP = 50  # 0.5 s
SLOWEST_BPM, FASTEST_BPM = 40.0, 240.0
# Ellis 2007, section 3.2: centre 120 BPM, width 0.9 octaves; DJ music is less spread.
CENTRE_BPM, WIDTH_OCTAVES = 120.0, 0.9
# An autocorrelation peak below this share of the energy is no pulse.
_WEAKEST_PULSE = 0.02
# Nor is one below this many standard errors, 1 / sqrt(onsets) where there is no pulse (Bartlett,
# JRSS Supplement 8, 1946).  White noise of 4 s to 5 min reaches 4.4, 45 s of music 6.5 to 54.
_CHANCE_ERRORS = 5.0
# A variance of onset strength below this is rounding: music has 0.007 and more.
_FAINTEST_VARIANCE = 1e-6


class TempoMeter:
    """Fed with onset strength; `value` is the tempo, NaN where there is no pulse."""

    def __init__(self) -> None:
        self._kept = np.empty(0)
        self._power = np.zeros(WINDOW + 1)
        self._windows = 0
        self._count = 0

    def push(self, onset: Values) -> None:
        """Take onset strength, shape (LLDs,)."""
        self._count += onset.size
        self._kept = np.concatenate([self._kept, onset])
        count = max(0, (self._kept.size - WINDOW) // HOP + 1)
        if count:
            windows = sliding_window_view(self._kept, WINDOW)[: count * HOP : HOP]
            for power in _power(windows):  # one by one, so that blocks do not change the sum
                self._power += power
            self._windows += count
        self._kept = self._kept[count * HOP :]

    def value(self) -> float:
        """Return the tempo in beats per minute."""
        mean = _autocorrelation(self._power / max(1, self._windows), WINDOW)
        if not self._windows and self._kept.size > WINDOW // 4:
            mean = _autocorrelation(_power(self._kept[None])[0], self._kept.size)
        if mean[0] < _FAINTEST_VARIANCE:
            return float("nan")
        weakest = max(_WEAKEST_PULSE, _CHANCE_ERRORS / np.sqrt(self._count))
        return _peak_bpm(mean / mean[0], weakest, reach=min(WINDOW, self._count) // 2)


def _power(windows: Values) -> Values:
    """Return the power spectra of windows without their mean, shape (windows, WINDOW + 1)."""
    centred = windows - windows.mean(axis=1, keepdims=True)
    spectrum = fft.rfft(centred, 2 * WINDOW, axis=1)
    return np.asarray(spectrum.real**2 + spectrum.imag**2)


def _autocorrelation(power: Values, size: int) -> Values:
    """Return the unbiased autocorrelation of windows of `size` onsets, shape (WINDOW,).

    It is linear in the power spectrum, so that one transform does for the mean of all windows.
    """
    raw = fft.irfft(power, 2 * WINDOW)[:WINDOW]
    return np.asarray(raw / np.maximum(size - np.arange(WINDOW), size // 8))


def _peak_bpm(correlation: Values, weakest: float, reach: int) -> float:
    """Return the tempo at the highest peak of the weighted autocorrelation; NaN if it is weak."""
    first = int(np.floor(RATE_HZ * 60 / FASTEST_BPM))
    last = int(np.ceil(RATE_HZ * 60 / SLOWEST_BPM))
    lags = np.arange(first, last + 1)
    octaves = np.log2(60 * RATE_HZ / lags / CENTRE_BPM) / WIDTH_OCTAVES
    weighted = correlation[lags] * np.exp(-0.5 * octaves**2)
    best = int(np.argmax(weighted))
    if correlation[lags[best]] < weakest:
        return float("nan")
    return float(60 * RATE_HZ) / (int(lags[best]) + _offset(correlation, int(lags[best]), reach))


def _offset(correlation: Values, lag: int, reach: int) -> float:
    """Return where between -0.5 and 0.5 lags a parabola through the peak has its top.

    The last multiple of the lag below `reach` lags shows the fraction magnified, so it is measured
    there; up to half a window (4 s) the autocorrelation rests on enough pairs.
    """
    multiple = max(1, reach // lag)
    centre = lag * multiple
    low, high = max(1, centre - multiple), min(WINDOW - 2, centre + multiple)
    top = low + int(np.argmax(correlation[low : high + 1]))
    left, peak, right = correlation[top - 1 : top + 2]
    bend = left - 2 * peak + right
    fraction = 0.5 * (left - right) / bend if bend < 0 else 0.0
    return float((top + fraction) / multiple - lag)
