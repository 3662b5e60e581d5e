"""Compiled loops over the bins of one spectrum after the other; `lld` says what comes out.

Powers are float32 as openSMILE holds them, p = re^2 + im^2; sums are float64.  Mel bands; flux of
magnitudes; weighted sums of p; roll-off by a running sum; central moments round the centroid;
entropy; extrema of p over five bins.  Source: openSMILE 2.x, components cMelspec, cSpectral.

Entropy: with q = max(p, 1e-7) and S the total, -sum (q/S) log2 (q/S) is log2 S sum q / S - sum q
log2 q / S.  ``log2`` is a series, since a loop with a library call cannot run on vectors: q is
2^e m with m in [sqrt(1/2), sqrt(2)), log2 m = 2 / ln 2 (z + z^3/3 + ... + z^9/9) where z is
(m - 1) / (m + 1); the rest is below 1e-9, less than float32 resolves.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zoneclf.compiled import compiled
from zoneclf.frames import filters as fl

Values = npt.NDArray[np.float64]
Samples = npt.NDArray[np.float32]
Counts = npt.NDArray[np.int64]

SHAPE_COUNT = 15
_FLOOR = np.float32(1e-7)
# Bits of a float32: sqrt(1/2), and the mantissa.
_SQRT_HALF = np.int32(0x3F3504F3)
_MANTISSA = np.int32((1 << 23) - 1)
_TWO_OVER_LN2 = np.float32(2.885390081777927)
_BINS = fl.BINS
_RUN = 16  # bins that roll-off adds up at once


class Weights(NamedTuple):
    """Weights per bin from 1 on: frequency, sharpness, two bands, shape (512,), and mel bands.

    Triangles of the mel bands overlap by half, so that a bin of theirs, shape (bins,), gives the
    share `rising` of its power to one band, and the rest to band number `below` under it, where
    -1 and 26 are none; `mel_first` is the place of the first such bin.
    """

    frequency: Values
    sharpness: Values
    low_band: Values
    high_band: Values
    rising: Values
    below: Counts
    mel_first: int


class Scratch(NamedTuple):
    """Room for one spectrum; `mantissa` and `bits` are two views of the same memory."""

    power: Samples
    magnitude: Samples
    mantissa: Samples
    bits: npt.NDArray[np.int32]
    exponent: Samples
    extreme: npt.NDArray[np.bool_]
    found: Samples
    bands: Values


def scratch() -> Scratch:
    """Return room for one spectrum."""
    power, magnitude, mantissa, exponent, found = np.empty((5, _BINS), np.float32)
    extreme, bands = np.empty(_BINS, np.bool_), np.empty(fl.BAND_COUNT + 2)
    bits = mantissa.view(np.int32)
    return Scratch(power, magnitude, mantissa, bits, exponent, extreme, found, bands)


@compiled
def describe(
    parts: Samples, weights: Weights, room: Scratch, before: Samples, out: tuple[Values, Values]
) -> None:
    """Fill `out`, mel bands (frames, 26) and shapes (frames, 15), from transforms.

    `parts` holds real and imaginary parts in turn, shape (frames, 1026).
    `before` (512,) holds the magnitudes of the frame before and is left with the last frame's; a
    negative first value means that there was none.  The columns of shapes: both bands, roll-off 25,
    50, 75, 90, flux, centroid, entropy, variance, skewness, kurtosis, slope, sharpness,
    harmonicity.
    """
    p = room.power
    frequency, sharpness = weights.frequency, weights.sharpness
    sum_f, sum_f2 = frequency.sum(), (frequency * frequency).sum()
    slope_scale = (_BINS - 1) / (_BINS * sum_f2 - sum_f * sum_f)
    for t in range(parts.shape[0]):
        _powers(parts[t], p)
        _mel(p, weights, room.bands, out[0][t])
        shape = out[1][t]
        shape[6] = _change(p, room.magnitude, before)
        total, weighted, sharp, low, high = 0.0, 0.0, 0.0, 0.0, 0.0
        for j in range(_BINS):
            power = np.float64(p[j])
            total += power
            weighted += power * frequency[j]
            sharp += power * sharpness[j]
            low += power * weights.low_band[j]
            high += power * weights.high_band[j]
        shape[0], shape[1] = low / _BINS, high / _BINS
        _roll_offs(p, frequency, total, shape)
        _moments(p, frequency, weighted, total, shape)
        shape[8] = _entropy(p, room, total)
        shape[12] = (_BINS * weighted - sum_f * total) * slope_scale
        shape[13] = sharp / total if total > 0 else 0.0
        shape[14] = _harmonicity(p, room.extreme, room.found)


@compiled
def _powers(parts: Samples, p: Samples) -> None:
    for j in range(_BINS):
        re, im = parts[2 * j + 2], parts[2 * j + 3]
        p[j] = re * re + im * im


@compiled
def _mel(p: Samples, weights: Weights, bands: Values, out: Values) -> None:
    for band in range(bands.size):
        bands[band] = 0.0
    for j in range(weights.below.size):
        power, below = np.float64(p[weights.mel_first + j]), weights.below[j] + 1
        rising = power * weights.rising[j]
        bands[below] += power - rising
        bands[below + 1] += rising
    for band in range(out.size):
        out[band] = bands[band + 1]


@compiled
def _change(p: Samples, magnitude: Samples, before: Samples) -> float:
    """Return the flux and leave the magnitudes in `before`."""
    for j in range(_BINS):
        magnitude[j] = np.sqrt(p[j])
    flux = 0.0
    for j in range(_BINS):
        step = np.float64(magnitude[j]) - np.float64(before[j])
        flux += step * step
    first = before[0] < 0
    for j in range(_BINS):  # faster than an assignment of the whole
        before[j] = magnitude[j]
    return 0.0 if first else float(np.sqrt(flux / _BINS))


@compiled
def _entropy(p: Samples, room: Scratch, total: float) -> float:
    q, bits, exponent = room.mantissa, room.bits, room.exponent
    floored = 0.0
    for j in range(_BINS):
        q[j] = max(p[j], _FLOOR)
        floored += np.float64(q[j])
    for j in range(_BINS):
        shifted = np.int32(bits[j] - _SQRT_HALF)
        exponent[j] = np.float32(shifted >> np.int32(23))
        bits[j] = np.int32((shifted & _MANTISSA) + _SQRT_HALF)
    weighted = 0.0
    one = np.float32(1)
    for j in range(_BINS):
        z = (q[j] - one) / (q[j] + one)
        y = z * z
        series = np.float32(1 / 9)
        series = series * y + np.float32(1 / 7)
        series = series * y + np.float32(1 / 5)
        series = series * y + np.float32(1 / 3)
        series = series * y + one
        log2 = exponent[j] + _TWO_OVER_LN2 * z * series
        weighted += np.float64(max(p[j], _FLOOR) * log2)
    whole = max(total, np.float64(_FLOOR))
    return float((np.log2(whole) * floored - weighted) / whole)


@compiled
def _roll_offs(p: Samples, frequency: Values, total: float, shape: Values) -> None:
    running = 0.0
    run = 0.0
    j = 0
    for j_in_run in range(_RUN):
        run += np.float64(p[j_in_run])
    for place, share in enumerate((0.25, 0.5, 0.75, 0.9)):
        wanted = share * total
        while running + run < wanted and j < _BINS - _RUN:
            running += run
            j += _RUN
            run = 0.0
            for j_in_run in range(_RUN):
                run += np.float64(p[j + j_in_run])
        inside, k = running + np.float64(p[j]), j
        while inside < wanted and k < j + _RUN - 1:
            k += 1
            inside += np.float64(p[k])
        shape[2 + place] = frequency[k]


@compiled
def _moments(p: Samples, frequency: Values, weighted: float, total: float, shape: Values) -> None:
    safe = total if total > 0 else 1.0
    centroid = weighted / safe
    second = 0.0
    third = 0.0
    fourth = 0.0
    for j in range(_BINS):
        distance = frequency[j] - centroid
        moment = distance * distance * np.float64(p[j])
        second += moment
        third += moment * distance
        fourth += moment * distance * distance
    variance = second / safe
    spread = variance if variance > 0 else 1.0
    shape[7] = centroid
    shape[9] = variance
    shape[10] = third / (safe * spread * np.sqrt(spread))
    shape[11] = fourth / (safe * spread * spread)


@compiled
def _harmonicity(p: Samples, extreme: npt.NDArray[np.bool_], found: Samples) -> float:
    for j in range(2, _BINS - 2):
        highest = max(p[j - 2], p[j - 1], p[j + 1], p[j + 2])
        lowest = min(p[j - 2], p[j - 1], p[j + 1], p[j + 2])
        extreme[j] = (p[j] > highest) | (p[j] < lowest)
    count = 0
    for j in range(2, _BINS - 2):
        found[count] = p[j]  # written over unless it is one: no branch to guess wrong
        count += extreme[j]
    steps = 0.0
    for k in range(1, count):
        steps += np.float64(abs(found[k] - found[k - 1]))
    return steps / 2 / _BINS
