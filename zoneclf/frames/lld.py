"""The 59 low-level descriptors (LLD) of DEAM's openSMILE configuration, every 10 ms, streamed.

In: blocks of mono sound at 44.1 kHz, shape (samples,).  Out: `Llds` per batch.  P is the power
spectrum of a Hamming frame of 20 ms (882 samples, not centred, transform of 1024), p the same
without the bin at 0 Hz, f its frequencies, E the 26 mel bands of P.

===================  ===========================================================================
energy               mean of 26 auditory bands; the same after RASTA; RMS of 20 ms; share of
                     sign changes in 60 ms
auditory bands       (max(E, 9.3e-10) loudness)^0.33, RASTA in the log domain
band energies        sum of p in 250-650 and 1000-4000 Hz / 512
roll-off             lowest f below which 25, 50, 75, 90 % of the power lies
flux                 root mean square difference of neighbouring magnitude spectra; first 0
centroid c           sum f p / sum p
entropy              - sum v log2 v with v = max(p, 1e-7) / sum p
variance m2          sum (f - c)^2 p / sum p; skewness and kurtosis: m3 / m2^1.5, m4 / m2^2
slope                least squares of p on f, times 511
sharpness            0.11 sum p g(z) z / sum p over Bark z
harmonicity          half the sum of steps between neighbouring peaks and valleys of p / 512
cepstra 1-14         liftered cosine transform of ln max(32767^2 E, 1)
===================  ===========================================================================

Source of each: openSMILE 2.x, components cPlp, cEnergy, cMZcr, cSpectral, cMfcc as configured in
IS13_ComParE_core.lld.conf.inc.  Checked against the package by ``scripts/check_parity.py``.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from scipy import fft
from scipy.signal import lfilter

from zoneclf.frames import filters as fl

Values = npt.NDArray[np.float64]
# Frames per batch.  Batches are cut at fixed frames, so the result does not depend on how the
# sound was divided into blocks.
BATCH = 256
_SHARES = (0.25, 0.5, 0.75, 0.9)
_FLOOR = 1e-7


@dataclass(frozen=True)
class Llds:
    """Descriptors of consecutive frames.

    `energy` has shape (frames, 4) and ends 4 frames earlier than `spectral`, shape (frames, 55),
    because zero crossings need 60 ms; `onset` has shape (frames,): the rise of the log-mel bands.
    """

    energy: Values
    spectral: Values
    onset: Values


def lld_count(sample_count: int) -> int:
    """Return of how many whole frames all descriptors are known; zero crossings need 60 ms."""
    return max(0, (sample_count - fl.LONG_FRAME) // fl.HOP + 1)


class LldStream:
    """Takes sound, gives descriptors; holds one batch and the filters' states."""

    def __init__(self) -> None:
        self._samples = np.empty(0, dtype=np.float64)
        self._magnitude: Values | None = None
        self._log_bands: Values | None = None
        self._rasta = _Rasta()

    def push(self, mono: npt.NDArray[np.float32]) -> list[Llds]:
        """Take samples, shape (samples,), and return the batches that are full."""
        self._samples = np.concatenate([self._samples, mono.astype(np.float64)])
        needed = (BATCH - 1) * fl.HOP + fl.LONG_FRAME
        batches = []
        start = 0
        while self._samples.size - start >= needed:
            batches.append(self._describe(self._samples[start : start + needed], BATCH, BATCH))
            start += BATCH * fl.HOP
        self._samples = self._samples[start:].copy()
        return batches

    def finish(self) -> list[Llds]:
        """Return the last, shorter batch, if any sound is left for it."""
        size = self._samples.size
        frames = max(0, (size - fl.FRAME) // fl.HOP + 1)
        return [self._describe(self._samples, frames, lld_count(size))] if frames else []

    def _describe(self, samples: Values, frames: int, long_frames: int) -> Llds:
        cut = sliding_window_view(samples, fl.FRAME)[:: fl.HOP][:frames]
        spectrum = fft.rfft(cut * fl.HAMMING, fl.FFT, axis=1)
        power = spectrum.real**2 + spectrum.imag**2
        bands = power @ fl.MEL
        floored = np.maximum(bands, fl.POWER_FLOOR)
        loudness = (floored * fl.LOUDNESS) ** fl.COMPRESSION
        auditory = np.exp(
            fl.COMPRESSION * (self._rasta.push(np.log(floored)) + np.log(fl.LOUDNESS))
        )
        log_bands = np.log(np.maximum(bands * 32767.0**2, 1.0))
        energy = np.stack(
            [
                loudness.mean(axis=1)[:long_frames],
                auditory.mean(axis=1)[:long_frames],
                np.sqrt((cut**2).mean(axis=1))[:long_frames],
                _zero_crossings(samples, long_frames),
            ],
            axis=1,
        )
        shapes = _spectral_shapes(power, self._flux(power))
        spectral = np.concatenate([auditory, shapes, log_bands @ fl.CEPSTRUM], axis=1)
        return Llds(energy, spectral, self._onset(log_bands))

    def _flux(self, power: Values) -> Values:
        magnitude = np.sqrt(power[:, 1:])
        before = magnitude[:1] if self._magnitude is None else self._magnitude
        self._magnitude = magnitude[-1:].copy()
        steps = np.diff(np.concatenate([before, magnitude]), axis=0)
        return np.asarray(np.sqrt((steps**2).mean(axis=1)))

    def _onset(self, log_bands: Values) -> Values:
        before = log_bands[:1] if self._log_bands is None else self._log_bands
        self._log_bands = log_bands[-1:].copy()
        rises = np.diff(np.concatenate([before, log_bands]), axis=0)
        return np.asarray(np.maximum(rises, 0.0).mean(axis=1))


class _Rasta:
    """RASTA band-pass along time, per band; silent for its first frames as openSMILE's is."""

    def __init__(self) -> None:
        self._fir = np.zeros((fl.RASTA_FIR.size - 1, fl.BAND_COUNT))
        self._iir = np.zeros((1, fl.BAND_COUNT))
        self._seen = 0

    def push(self, log_bands: Values) -> Values:
        """Return the filtered log bands, shape (frames, bands)."""
        slopes, self._fir = lfilter(fl.RASTA_FIR, [1.0], log_bands, axis=0, zi=self._fir)
        warm = min(len(slopes), max(0, fl.RASTA_WARM_UP - self._seen))
        self._seen += len(slopes)
        out: Values = np.zeros(slopes.shape)
        if warm < len(slopes):
            out[warm:], self._iir = lfilter(
                [1.0], [1.0, -fl.RASTA_POLE], slopes[warm:], axis=0, zi=self._iir
            )
        return out


def _zero_crossings(samples: Values, frames: int) -> Values:
    """Return the share of samples at which the sign changes, per frame of 60 ms.

    A zero between samples of different sign counts once, at the zero; in a run of zeros each
    counts, so that digital silence has a share of almost 1.  openSMILE does so too, and looks at
    the inner samples of a frame only.
    """
    crossing = np.zeros(samples.size, dtype=bool)
    crossing[1:] = samples[1:] * samples[:-1] < 0
    crossing[1:-1] |= (samples[1:-1] == 0) & (samples[:-2] * samples[2:] <= 0)
    total = np.concatenate([[0], np.cumsum(crossing)])
    start = np.arange(frames) * fl.HOP
    return np.asarray((total[start + fl.LONG_FRAME - 1] - total[start + 1]) / fl.LONG_FRAME)


def _spectral_shapes(power: Values, flux: Values) -> Values:
    """Return the 15 descriptors of a spectrum's shape, shape (frames, 15), in `columns.SPECTRAL`.

    A spectrum without power has centroid, moments and sharpness 0.
    """
    p = power[:, 1:]
    total = p.sum(axis=1)
    safe = np.where(total > 0, total, 1.0)
    weighted = p @ fl.FREQUENCY_HZ
    centroid = weighted / safe
    distance = fl.FREQUENCY_HZ - centroid[:, None]
    moment = distance**2 * p
    variance = moment.sum(axis=1) / safe
    spread = np.where(variance > 0, variance, 1.0)
    moment *= distance
    skewness = moment.sum(axis=1) / (safe * spread**1.5)
    moment *= distance
    kurtosis = moment.sum(axis=1) / (safe * spread**2)
    columns = [
        power @ fl.LOW_BAND / fl.BINS,
        power @ fl.HIGH_BAND / fl.BINS,
        *_roll_offs(p, total),
        flux,
        centroid,
        _entropy(p, total),
        variance,
        skewness,
        kurtosis,
        _slope(weighted, total),
        p @ fl.SHARPNESS / safe,
        _harmonicity(power),
    ]
    return np.stack(columns, axis=1)


def _roll_offs(p: Values, total: Values) -> list[Values]:
    below = np.cumsum(p, axis=1)
    places = [np.argmax(below >= share * total[:, None], axis=1) for share in _SHARES]
    return [fl.FREQUENCY_HZ[place] for place in places]


def _entropy(p: Values, total: Values) -> Values:
    share = np.maximum(p, _FLOOR) / np.maximum(total, _FLOOR)[:, None]
    return np.asarray(-(share * np.log2(share)).sum(axis=1))


def _slope(weighted: Values, total: Values) -> Values:
    sum_f, sum_f2 = fl.FREQUENCY_HZ.sum(), (fl.FREQUENCY_HZ**2).sum()
    slope = (fl.BINS * weighted - sum_f * total) / (fl.BINS * sum_f2 - sum_f**2)
    return np.asarray(slope * (fl.BINS - 1))


def _harmonicity(power: Values) -> Values:
    """Return half the summed steps between neighbouring extrema, over 512.

    An extremum beats two neighbours on both sides.  openSMILE holds spectra in float32, which
    decides ties.
    """
    single = power.astype(np.float32)
    centre = single[:, 3:-2]
    neighbours = [single[:, 1:-4], single[:, 2:-3], single[:, 4:-1], single[:, 5:]]
    peak = np.logical_and.reduce([centre > other for other in neighbours])
    valley = np.logical_and.reduce([centre < other for other in neighbours])
    frame, place = np.nonzero(peak | valley)
    steps = np.abs(np.diff(power[frame, place + 3]))
    same = frame[1:] == frame[:-1]
    summed = np.bincount(frame[1:][same], weights=steps[same], minlength=len(power))
    return np.asarray(summed / 2 / fl.BINS)
