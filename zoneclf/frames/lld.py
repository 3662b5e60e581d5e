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
from scipy import fft

from zoneclf.frames import filters as fl
from zoneclf.frames import kernels, spectra

Values = npt.NDArray[np.float64]
Samples = npt.NDArray[np.float32]
# Frames per batch.  Batches are cut at fixed frames, so the result does not depend on how the
# sound was divided into blocks.
BATCH = 256
_BATCH_SAMPLES = (BATCH - 1) * fl.HOP + fl.LONG_FRAME
_HAMMING = fl.HAMMING.astype(np.float32)
_LOG_LOUDNESS = np.log(fl.LOUDNESS)
# ln of 32767^2: cepstra are of 16-bit steps.
_LOG_STEPS = 2 * np.log(32767.0)
_WEIGHTS = spectra.Weights(
    fl.FREQUENCY_HZ,
    fl.SHARPNESS,
    fl.LOW_BAND,
    fl.HIGH_BAND,
    fl.MEL_RISING,
    fl.MEL_BELOW,
    fl.MEL_FIRST_BIN - 1,
)


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
        self._samples = np.empty(_BATCH_SAMPLES, dtype=np.float32)
        self._size = 0
        self._padded = np.zeros((BATCH, fl.FFT), dtype=np.float32)
        self._room = spectra.scratch()
        self._magnitude = np.full(fl.BINS, -1.0, dtype=np.float32)
        self._log_mel: Values | None = None
        self._rasta = _Rasta()

    def push(self, mono: Samples) -> list[Llds]:
        """Take samples, shape (samples,), and return the batches that are full."""
        batches = []
        start = 0
        while start < mono.size:
            piece = mono[start : start + _BATCH_SAMPLES - self._size]
            self._samples[self._size : self._size + piece.size] = piece
            self._size += piece.size
            start += piece.size
            if self._size == _BATCH_SAMPLES:
                batches.append(self._describe(self._samples, BATCH, BATCH))
                self._size = _BATCH_SAMPLES - BATCH * fl.HOP
                self._samples[: self._size] = self._samples[BATCH * fl.HOP :]
        return batches

    def finish(self) -> list[Llds]:
        """Return the last, shorter batch, if any sound is left for it."""
        left = max(0, (self._size - fl.FRAME) // fl.HOP + 1)
        batches = []
        # 60 ms frames end 4 LLDs earlier, so up to 4 frames more than a batch may be left.
        for start in range(0, left, BATCH):
            samples = self._samples[start * fl.HOP : self._size]
            frames = min(BATCH, left - start)
            long_frames = min(frames, lld_count(samples.size))
            batches.append(self._describe(samples, frames, long_frames))
        return batches

    def _describe(self, samples: Samples, frames: int, long_frames: int) -> Llds:
        mel, shapes = self._transformed(samples, frames)
        log_mel = np.log(np.maximum(mel, fl.POWER_FLOOR))
        loudness = np.exp(fl.COMPRESSION * (log_mel + _LOG_LOUDNESS))
        auditory = np.exp(fl.COMPRESSION * (self._rasta.push(log_mel) + _LOG_LOUDNESS))
        floored = np.maximum(log_mel + _LOG_STEPS, 0.0)
        energy = np.empty((long_frames, 4))
        energy[:, 0] = loudness.mean(axis=1)[:long_frames]
        energy[:, 1] = auditory.mean(axis=1)[:long_frames]
        energy[:, 2] = _rms(samples, frames)[:long_frames]
        energy[:, 3] = _zero_crossing_rate(samples, long_frames)
        spectral = np.concatenate([auditory, shapes, floored @ fl.CEPSTRUM], axis=1)
        return Llds(energy, spectral, self._onset(floored))

    def _transformed(self, samples: Samples, frames: int) -> tuple[Values, Values]:
        """Return mel bands, shape (frames, 26), and shapes of spectra, shape (frames, 15)."""
        padded = self._padded[:frames]
        kernels.windowed(samples, _HAMMING, padded)
        parts = fft.rfft(padded, axis=1).view(np.float32)
        out = np.empty((frames, fl.BAND_COUNT)), np.empty((frames, spectra.SHAPE_COUNT))
        spectra.describe(parts, _WEIGHTS, self._room, self._magnitude, out)
        return out

    def _onset(self, log_mel: Values) -> Values:
        before = log_mel[:1] if self._log_mel is None else self._log_mel
        self._log_mel = log_mel[-1:].copy()
        rises = np.diff(np.concatenate([before, log_mel]), axis=0)
        return np.asarray(np.maximum(rises, 0.0).mean(axis=1))


class _Rasta:
    """RASTA band-pass along time, per band; silent for its first frames as openSMILE's is."""

    def __init__(self) -> None:
        self._states = np.zeros((fl.RASTA_FIR.size - 1, fl.BAND_COUNT)), np.zeros(fl.BAND_COUNT)
        self._seen = 0

    def push(self, log_mel: Values) -> Values:
        """Return the filtered log bands, shape (frames, bands)."""
        out = np.empty_like(log_mel)
        warm = max(0, fl.RASTA_WARM_UP - self._seen)
        kernels.rasta(log_mel, fl.RASTA_FIR, fl.RASTA_POLE, warm, self._states, out)
        self._seen += len(log_mel)
        return out


def _rms(samples: Samples, frames: int) -> Values:
    """Return the RMS of frames of 20 ms, which are two hops each, shape (frames,)."""
    sums = np.empty(frames + 1)
    kernels.hop_energy(samples, sums)
    return np.asarray(np.sqrt((sums[:-1] + sums[1:]) / fl.FRAME))


def _zero_crossing_rate(samples: Samples, frames: int) -> Values:
    """Return the share of samples at which the sign changes, per frame of 60 ms."""
    counts = np.empty(frames, dtype=np.int64)
    kernels.crossings(samples, np.empty(frames + fl.LONG_FRAME // fl.HOP, np.int64), counts)
    return counts / fl.LONG_FRAME
