"""Compiled loops along time: windows, energies, zero crossings, RASTA.

===============  ==================================================================================
`windowed`       frames times the window
`hop_energy`     sum of squares of each hop of 441 samples
`crossings`      sign changes in each frame of 60 ms, from sums per hop
`rasta`          band-pass along time: four delayed differences, one pole
===============  ==================================================================================

Sums are float64.  Sources: openSMILE 2.x, components cEnergy, cMZcr, cPlp.
"""

import numpy as np
import numpy.typing as npt

from zoneclf.compiled import compiled
from zoneclf.frames import filters as fl

Values = npt.NDArray[np.float64]
Samples = npt.NDArray[np.float32]
Counts = npt.NDArray[np.int64]

_HOP = fl.HOP
_HOPS_PER_LONG_FRAME = fl.LONG_FRAME // fl.HOP


@compiled
def windowed(samples: Samples, window: Samples, padded: Samples) -> None:
    """Fill the first columns of `padded`, shape (frames, 1024), with frames times `window`."""
    for t in range(padded.shape[0]):
        piece = samples[t * _HOP : t * _HOP + window.size]
        row = padded[t]
        for j in range(window.size):
            row[j] = piece[j] * window[j]


@compiled
def hop_energy(samples: Samples, sums: Values) -> None:
    """Fill `sums` (hops,) with the sum of squares of each hop."""
    for hop in range(sums.size):
        piece = samples[hop * _HOP : (hop + 1) * _HOP]
        found = 0.0
        for j in range(_HOP):
            value = np.float64(piece[j])
            found += value * value
        sums[hop] = found


@compiled
def crossings(samples: Samples, per_hop: Counts, counts: Counts) -> None:
    """Fill `counts` (frames,) with the sign changes inside each frame of 60 ms.

    A zero between samples of different sign counts once, at the zero; in a run of zeros each
    counts, so that digital silence has a share of almost 1.  A frame's first and last sample do
    not count.  All this as in openSMILE.  `per_hop` is room for the hops of all frames.
    """
    hops = counts.size + _HOPS_PER_LONG_FRAME - 1
    for hop in range(hops if counts.size else 0):
        first = max(1, hop * _HOP)
        size = min(samples.size - 1, (hop + 1) * _HOP) - first
        left = samples[first - 1 : first - 1 + size]
        here = samples[first : first + size]
        right = samples[first + 1 : first + 1 + size]
        found = np.int32(0)
        for j in range(size):
            found += np.int32(_crosses(left[j], here[j], right[j]))
        per_hop[hop] = found
    for t in range(counts.size):
        found_all = np.int64(0)
        for hop in range(t, t + _HOPS_PER_LONG_FRAME):
            found_all += per_hop[hop]
        for edge in (t * _HOP, (t + _HOPS_PER_LONG_FRAME) * _HOP - 1):
            if 0 < edge < samples.size - 1:
                found_all -= _crosses(samples[edge - 1], samples[edge], samples[edge + 1])
        counts[t] = found_all


@compiled
def rasta(
    rows: Values, taps: Values, pole: float, warm: int, states: tuple[Values, Values], out: Values
) -> None:
    """Fill `out` (frames, bands) with `rows` filtered along time; its first `warm` rows are 0.

    `states` are the rows before, shape (taps - 1, bands), the latest last, and the output before,
    shape (bands,), in which the warm-up is left out; both are left as they are at the end.
    """
    history, previous = states
    count = history.shape[0]
    for t in range(rows.shape[0]):
        row, filtered = rows[t], out[t]
        for band in range(row.size):
            slope = taps[0] * row[band]
            for k in range(count):
                slope += taps[k + 1] * history[count - 1 - k, band]
            filtered[band] = 0.0 if t < warm else slope + pole * previous[band]
            previous[band] = filtered[band]
        for k in range(count - 1):
            history[k] = history[k + 1]
        history[count - 1] = row


@compiled
def _crosses(left: float, here: float, right: float) -> bool:
    return (here * left < 0) | ((here == 0) & (left * right <= 0))
