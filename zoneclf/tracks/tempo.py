"""Tempo in beats per minute, from the onset strength every 10 ms.

Rows of 0.5 s cannot carry it (their Nyquist limit is 60 BPM).  Autocorrelations of 8 s windows,
one every 0.5 s, are averaged and weighted by a log-normal prior round 120 BPM; a parabola through
the peak gives the fraction of a lag.  Sources: Ellis, "Beat tracking by dynamic programming",
JNMR 36 (2007), for prior and envelope; Grosche, Mueller, Kurth, "Cyclic tempogram", ICASSP 2010,
for local autocorrelation.
"""

import numpy as np
import numpy.typing as npt
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


class TempoMeter:
    """Fed with onset strength; `value` is the tempo, NaN where there is no pulse."""

    def __init__(self) -> None:
        self._kept = np.empty(0)
        self._sum = np.zeros(WINDOW)
        self._windows = 0

    def push(self, onset: Values) -> None:
        """Take onset strength, shape (LLDs,)."""
        self._kept = np.concatenate([self._kept, onset])
        count = max(0, (self._kept.size - WINDOW) // HOP + 1)
        for window in range(count):
            self._add(self._kept[window * HOP : window * HOP + WINDOW])
        self._kept = self._kept[count * HOP :]

    def value(self) -> float:
        """Return the tempo in beats per minute."""
        total = self._sum
        if not self._windows and self._kept.size > WINDOW // 4:
            total = _autocorrelation(self._kept)
        if total[0] <= 0:
            return float("nan")
        return _peak_bpm(total / total[0])

    def _add(self, piece: Values) -> None:
        self._sum += _autocorrelation(piece)
        self._windows += 1


def _autocorrelation(piece: Values) -> Values:
    """Return the unbiased autocorrelation of the envelope without its mean, shape (WINDOW,)."""
    centred = piece - piece.mean()
    spectrum = fft.rfft(centred, 2 * WINDOW)
    raw = fft.irfft(spectrum.real**2 + spectrum.imag**2, 2 * WINDOW)[:WINDOW]
    pairs = np.maximum(piece.size - np.arange(WINDOW), piece.size // 8)
    return np.asarray(raw / pairs)


def _peak_bpm(correlation: Values) -> float:
    first = int(np.floor(RATE_HZ * 60 / FASTEST_BPM))
    last = int(np.ceil(RATE_HZ * 60 / SLOWEST_BPM))
    lags = np.arange(first, last + 1)
    octaves = np.log2(60 * RATE_HZ / lags / CENTRE_BPM) / WIDTH_OCTAVES
    weighted = correlation[lags] * np.exp(-0.5 * octaves**2)
    best = int(np.argmax(weighted))
    if correlation[lags[best]] < _WEAKEST_PULSE:
        return float("nan")
    return float(60 * RATE_HZ) / (int(lags[best]) + _offset(correlation, int(lags[best])))


def _offset(correlation: Values, lag: int) -> float:
    """Return where between -0.5 and 0.5 lags a parabola through the peak has its top.

    The multiple of the lag nearest to 4 s shows the fraction magnified, so it is measured there.
    """
    multiple = max(1, 400 // lag)
    centre = lag * multiple
    low, high = max(1, centre - multiple), min(WINDOW - 2, centre + multiple)
    top = low + int(np.argmax(correlation[low : high + 1]))
    left, peak, right = correlation[top - 1 : top + 2]
    bend = left - 2 * peak + right
    fraction = 0.5 * (left - right) / bend if bend < 0 else 0.0
    return float((top + fraction) / multiple - lag)
