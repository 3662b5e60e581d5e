"""Sound of a file at an encoder's rate, in chunks of equal length: memory does not grow with it.

Sound is decoded as everywhere in zoneclf (mono, 44.1 kHz) and resampled by soxr (HQ), block by
block.  What follows the last whole chunk becomes a chunk of its own if it lasts at least
`SHORTEST_S`; less is left out, unless it is all there is.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import soxr

from zoneclf.audio.sound import RATE_HZ, Mono

# A shorter rest would weigh little and hear less.
SHORTEST_S = 1.0
# Beside the variance, as transformers' Wav2Vec2FeatureExtractor adds it.
_EPSILON = 1e-7


def resampled(blocks: Iterable[Mono], rate_hz: int) -> Iterator[Mono]:
    """Yield blocks of 44.1 kHz at another rate, float32."""
    if rate_hz == RATE_HZ:
        yield from blocks
        return
    resampler: Any = soxr.ResampleStream(RATE_HZ, rate_hz, 1, dtype="float32", quality="HQ")
    for block in blocks:
        yield resampler.resample_chunk(np.ascontiguousarray(block))
    yield resampler.resample_chunk(np.empty(0, np.float32), last=True)


def chunks(blocks: Iterable[Mono], size: int, shortest: int) -> Iterator[Mono]:
    """Yield chunks of `size` samples and the rest, if it has `shortest` or is all there is."""
    held = np.empty(0, np.float32)
    count = 0
    for block in blocks:
        held = np.concatenate([held, block])
        while held.size >= size:
            yield held[:size]
            held = held[size:]
            count += 1
    if held.size and (held.size >= shortest or not count):
        yield held


def normalised(chunk: Mono) -> Mono:
    """Return a chunk with mean 0 and variance 1 (``zero_mean_unit_var_norm`` of transformers)."""
    wide = chunk.astype(np.float64)
    centred = wide - wide.mean()
    scaled: Mono = (centred / np.sqrt(wide.var() + _EPSILON)).astype(np.float32)
    return scaled


def batches(found: Iterable[Mono], size: int) -> Iterator[list[Mono]]:
    """Yield up to `size` chunks of one length at a time: padding would change what is heard."""
    held: list[Mono] = []
    for chunk in found:
        if held and (len(held) == size or held[0].size != chunk.size):
            yield held
            held = []
        held.append(chunk)
    if held:
        yield held
