"""Compiled loops over samples and spectra; `lld` says what the descriptors are.

Sums are float64.  Loops are compiled once and cached on disk.

===============  ==================================================================================
`spectra`        p = re^2 + im^2; total, sum f p, sharpness, flux of magnitudes, entropy; then
                 roll-off by a running sum; then central moments round the centroid; then extrema
                 of p over five bins, compared in float32 as openSMILE holds spectra
`hop_energy`     sum of squares of each hop of 441 samples
`crossings`      sign changes in each frame of 60 ms, from sums per hop
===============  ==================================================================================

Entropy: with q = max(p, 1e-7) and S the total, -sum (q/S) log2 (q/S) is log2 S sum q / S - sum q
log2 q / S.  ``log2`` is a series, since a loop with a library call cannot run on vectors: q is
2^e m with m in [sqrt(1/2), sqrt(2)), log2 m = 2 / ln 2 (z + z^3/3 + ... + z^13/13) where z is
(m - 1) / (m + 1); the rest is below 1e-12.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

from zoneclf.frames import filters as fl

Values = npt.NDArray[np.float64]
Samples = npt.NDArray[np.float32]

_FLOOR = 1e-7
_MANTISSA = (1 << 52) - 1
_ONE = 1023 << 52
_SQRT2 = 2**0.5
_TWO_OVER_LN2 = 2.885390081777927
_BINS = fl.BINS
_HOP = fl.HOP
_HOPS_PER_LONG_FRAME = fl.LONG_FRAME // fl.HOP
_SUM_F = float(fl.FREQUENCY_HZ.sum())
_SLOPE_SCALE = (_BINS - 1) / (_BINS * float((fl.FREQUENCY_HZ**2).sum()) - _SUM_F**2)
Function = TypeVar("Function", bound=Callable[..., Any])


def _compiled(function: Function) -> Function:
    """Compile a loop; sums may be reordered, so that they run on vectors, nothing else."""
    options = {"cache": True, "nogil": True, "error_model": "numpy"}
    return cast(Function, numba.njit(**options, fastmath={"reassoc", "contract"})(function))


@_compiled
def spectra(
    parts: Samples,
    frequency: Values,
    sharpness: Values,
    before: Values,
    power: Values,
    shapes: Values,
) -> None:
    """Fill `power` (frames, 513) and `shapes` (frames, 13) from transforms.

    `parts` holds real and imaginary parts in turn, shape (frames, 1026).
    `before` (512,) holds the magnitudes of the frame before and is left with the last frame's; a
    negative first value means that there was none.  The columns of `shapes`: roll-off 25, 50, 75,
    90, flux, centroid, entropy, variance, skewness, kurtosis, slope, sharpness, harmonicity.
    """
    p, q = np.empty(_BINS, np.float64), np.empty(_BINS, np.float64)
    bits, exponent = q.view(np.int64), np.empty(_BINS, np.float64)
    magnitude = np.empty(_BINS, np.float64)
    single, extreme = np.empty(_BINS, np.float32), np.empty(_BINS, np.bool_)
    for t in range(parts.shape[0]):
        _powers(parts[t], p, power[t])
        for j in range(_BINS):
            single[j] = p[j]
            magnitude[j] = np.sqrt(p[j])
        shapes[t, 4] = _change(magnitude, before)
        total, weighted, sharp = 0.0, 0.0, 0.0
        for j in range(_BINS):
            total += p[j]
            weighted += p[j] * frequency[j]
            sharp += p[j] * sharpness[j]
        _roll_offs(p, frequency, total, shapes[t])
        _moments(p, frequency, weighted, total, shapes[t])
        shapes[t, 6] = _entropy(p, q, bits, exponent, total)
        shapes[t, 10] = (_BINS * weighted - _SUM_F * total) * _SLOPE_SCALE
        shapes[t, 11] = sharp / total if total > 0 else 0.0
        shapes[t, 12] = _harmonicity(p, single, extreme)


@_compiled
def hop_energy(samples: Samples, sums: Values) -> None:
    """Fill `sums` (hops,) with the sum of squares of each hop."""
    for hop in range(sums.size):
        found = 0.0
        for j in range(hop * _HOP, (hop + 1) * _HOP):
            found += np.float64(samples[j]) * samples[j]
        sums[hop] = found


@_compiled
def crossings(samples: Samples, counts: npt.NDArray[np.int64]) -> None:
    """Fill `counts` (frames,) with the sign changes inside each frame of 60 ms.

    A zero between samples of different sign counts once, at the zero; in a run of zeros each
    counts, so that digital silence has a share of almost 1.  A frame's first and last sample do
    not count.  All this as in openSMILE.
    """
    size = samples.size
    crosses = np.zeros(size, np.bool_)
    for j in range(1, size - 1):
        left, here, right = samples[j - 1], samples[j], samples[j + 1]
        crosses[j] = (here * left < 0) | ((here == 0) & (left * right <= 0))
    hops = counts.size + _HOPS_PER_LONG_FRAME - 1
    per_hop = np.zeros(hops, np.int64)
    for hop in range(hops):
        found = 0
        for j in range(hop * _HOP, (hop + 1) * _HOP):
            found += crosses[j]
        per_hop[hop] = found
    for t in range(counts.size):
        found = -int(crosses[t * _HOP]) - int(crosses[(t + _HOPS_PER_LONG_FRAME) * _HOP - 1])
        for hop in range(t, t + _HOPS_PER_LONG_FRAME):
            found += per_hop[hop]
        counts[t] = found


@_compiled
def _powers(parts: Samples, p: Values, power: Values) -> None:
    power[0] = np.float64(parts[0]) ** 2
    for j in range(_BINS):
        re, im = np.float64(parts[2 * j + 2]), np.float64(parts[2 * j + 3])
        p[j] = re * re + im * im
    for j in range(_BINS):
        power[j + 1] = p[j]


@_compiled
def _change(magnitude: Values, before: Values) -> float:
    """Return the flux and leave `magnitude` in `before`."""
    flux = 0.0
    for j in range(_BINS):
        step = magnitude[j] - before[j]
        flux += step * step
    first = before[0] < 0
    before[:] = magnitude
    return 0.0 if first else float(np.sqrt(flux / _BINS))


@_compiled
def _entropy(
    p: Values, q: Values, bits: npt.NDArray[np.int64], exponent: Values, total: float
) -> float:
    floored = 0.0
    for j in range(_BINS):
        q[j] = max(p[j], _FLOOR)
        floored += q[j]
    for j in range(_BINS):
        exponent[j] = np.float64((bits[j] >> 52) - 1023)
        bits[j] = (bits[j] & _MANTISSA) | _ONE
    weighted = 0.0
    for j in range(_BINS):
        high = q[j] > _SQRT2
        m = q[j] * 0.5 if high else q[j]
        e = exponent[j] + 1.0 if high else exponent[j]
        z = (m - 1.0) / (m + 1.0)
        y = z * z
        series = 1.0 / 13.0
        series = series * y + 1.0 / 11.0
        series = series * y + 1.0 / 9.0
        series = series * y + 1.0 / 7.0
        series = series * y + 1.0 / 5.0
        series = series * y + 1.0 / 3.0
        series = series * y + 1.0
        weighted += max(p[j], _FLOOR) * (e + _TWO_OVER_LN2 * z * series)
    whole = max(total, _FLOOR)
    return float((np.log2(whole) * floored - weighted) / whole)


@_compiled
def _roll_offs(p: Values, frequency: Values, total: float, shape: Values) -> None:
    running = 0.0
    j = -1
    for place, share in enumerate((0.25, 0.5, 0.75, 0.9)):
        while j < 0 or (running < share * total and j < _BINS - 1):
            j += 1
            running += p[j]
        shape[place] = frequency[j]


@_compiled
def _moments(p: Values, frequency: Values, weighted: float, total: float, shape: Values) -> None:
    safe = total if total > 0 else 1.0
    centroid = weighted / safe
    second = 0.0
    third = 0.0
    fourth = 0.0
    for j in range(_BINS):
        distance = frequency[j] - centroid
        moment = distance * distance * p[j]
        second += moment
        third += moment * distance
        fourth += moment * distance * distance
    variance = second / safe
    spread = variance if variance > 0 else 1.0
    shape[5] = centroid
    shape[7] = variance
    shape[8] = third / (safe * spread * np.sqrt(spread))
    shape[9] = fourth / (safe * spread * spread)


@_compiled
def _harmonicity(p: Values, single: Samples, extreme: npt.NDArray[np.bool_]) -> float:
    for j in range(2, _BINS - 2):
        a, b, c, d, e = single[j - 2], single[j - 1], single[j], single[j + 1], single[j + 2]
        peak = (a < c) & (b < c) & (c > d) & (c > e)
        valley = (a > c) & (b > c) & (c < d) & (c < e)
        extreme[j] = peak | valley
    found = 0.0
    last = -1.0
    for j in range(2, _BINS - 2):
        if extreme[j]:
            if last >= 0:
                found += abs(p[j] - last)
            last = p[j]
    return found / 2 / _BINS
