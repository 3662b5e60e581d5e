"""Constants of the descriptors at 44.1 kHz: weights per spectral bin, each with its source.

Sources: openSMILE 2.x, components cMelspec, cPlp, cSpectral, cMfcc and the configuration
IS13_ComParE_core.lld.conf.inc; Hermansky, "Perceptual linear predictive (PLP) analysis of speech",
JASA 87 (1990), equation 4, for equal loudness; Zwicker and Fastl, "Psychoacoustics", for
sharpness; Traunmueller, "Analytical expressions for the tonotopic sensory scale", JASA 88 (1990),
for Bark.
"""

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]

RATE_HZ = 44_100
HOP = 441  # 10 ms
FRAME = 882  # 20 ms, spectra
LONG_FRAME = 2646  # 60 ms, zero crossings
FFT = 1024
BINS = FFT // 2  # without the bin at 0 Hz
BAND_COUNT = 26
CEPSTRUM_COUNT = 14
BIN_HZ = RATE_HZ / FFT
MEL_FIRST_BIN, MEL_LAST_BIN = round(20.0 / BIN_HZ) + 1, round(8000.0 / BIN_HZ) - 1


def mel_of(frequency_hz: npt.ArrayLike) -> Vector:
    """Return HTK mels: 1127 ln(1 + f / 700)."""
    return np.asarray(1127.0 * np.log1p(np.asarray(frequency_hz, dtype=np.float64) / 700.0))


def _mel_edges() -> Vector:
    """Return edges and centres of triangles linear in mel from 20 to 8000 Hz, shape (28,)."""
    return np.linspace(mel_of(20.0), mel_of(8000.0), BAND_COUNT + 2, dtype=np.float64)


def _mel_weights() -> tuple[Vector, npt.NDArray[np.int64]]:
    """Return of each bin in the range the share that rises, and the band its rest falls in.

    Between two neighbouring edges one triangle falls as the next one rises; band -1 lies below
    the first centre, and what rises above the last belongs to none.  openSMILE leaves out the
    bins at both ends of the range.
    """
    mels = mel_of(np.arange(MEL_FIRST_BIN, MEL_LAST_BIN + 1) * BIN_HZ)
    edges = _mel_edges()
    left = np.searchsorted(edges, mels, side="right") - 1
    rising = (mels - edges[left]) / np.diff(edges)[left]
    return rising, left - 1


def _equal_loudness(frequency_hz: Vector) -> Vector:
    """Return PLP's equal-loudness weight (Hermansky 1990, equation 4, with the 5 kHz term)."""
    omega = 2 * np.pi * frequency_hz
    squared = omega**2
    top = 1e32 * (squared + 56.8e6) * squared**2
    return top / ((squared + 6.3e6) ** 2 * (squared + 0.38e9) * (squared**3 * omega + 1.7e31))


def _band_weights(low_hz: float, high_hz: float) -> Vector:
    """Return the share of each bin from 1 on in a band, shape (512,), as cSpectral has it."""
    weights = np.zeros(BINS + 1)
    first, last = int(low_hz // BIN_HZ) + 1, int(high_hz // BIN_HZ)
    weights[first : last + 1] = 1.0
    weights[first - 1] += first - low_hz / BIN_HZ
    weights[last] = high_hz / BIN_HZ - last
    return weights[1:].copy()


def _bark_of(frequency_hz: Vector) -> Vector:
    """Return Traunmueller's Bark with his corrections at both ends."""
    bark = 26.81 / (1 + 1960.0 / frequency_hz) - 0.53
    return np.where(bark < 2, 0.85 * bark + 0.3, np.where(bark > 20.1, 1.22 * bark - 4.422, bark))


def _sharpness_weights(frequency_hz: Vector) -> Vector:
    """Return 0.11 g(z) z per bin; g rises above 16 Bark (Zwicker and Fastl)."""
    bark = _bark_of(frequency_hz)
    rise = ((np.maximum(bark, 16.0) - 16.0) / 4.0) ** 1.5849625 + 1.0
    return 0.11 * bark * np.where(bark <= 16.0, 1.0, rise)


def _cepstrum_weights() -> Vector:
    """Return the cosine transform with HTK liftering 22, shape (bands, coefficients 1-14)."""
    number = np.arange(1, CEPSTRUM_COUNT + 1)
    lifter = 1 + 11 * np.sin(np.pi * number / 22)
    place = (np.arange(BAND_COUNT)[:, None] + 0.5) * np.pi / BAND_COUNT
    return np.asarray(np.cos(place * number) * np.sqrt(2 / BAND_COUNT) * lifter)


FREQUENCY_HZ: Vector = np.arange(1, BINS + 1, dtype=np.float64) * BIN_HZ
HAMMING = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(FRAME) / (FRAME - 1))
MEL_RISING, MEL_BELOW = _mel_weights()
CENTRES_HZ: Vector = 700.0 * np.expm1(_mel_edges()[1:-1] / 1127.0)
LOUDNESS = _equal_loudness(CENTRES_HZ)
LOW_BAND = _band_weights(250.0, 650.0)
HIGH_BAND = _band_weights(1000.0, 4000.0)
SHARPNESS = _sharpness_weights(FREQUENCY_HZ)
CEPSTRUM = _cepstrum_weights()
# cPlp: power floor 3e-5 squared, compression 0.33.
POWER_FLOOR = 9.3e-10
COMPRESSION = 0.33
# RASTA as openSMILE has it: cut-offs 1 Hz and 29 Hz at 100 LLDs a second.
_OMEGA = np.cos(2 * np.pi * 29.0 * 0.01)
_NORM = np.sqrt(10 * (32 * _OMEGA**2 + 8))
RASTA_FIR = np.array([2.0, -4 * _OMEGA, 0.0, 4 * _OMEGA, -2.0]) / _NORM
RASTA_POLE = 1 - np.sin(2 * np.pi * 1.0 * 0.01)
RASTA_WARM_UP = 5
