"""A file becomes blocks of mono sound at 44.1 kHz, as openSMILE would hear it, and a status.

Other rates go through soxr HQ first.  Then each channel is clipped and rounded to int16 steps,
divided by 32767 (openSMILE's scale for 16-bit sound), and the channels are averaged.  ffmpeg's
own mixdown to float is 41 % louder, and openSMILE's cast wraps a sample of 1.0 to -1.0.

What is found out on the way becomes the status: silence, truncation, samples that are no numbers.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soxr

from zoneclf.audio.decode import Block, Decoder, Header
from zoneclf.audio.headers import WHOLE_SHARE
from zoneclf.compiled import compiled
from zoneclf.errors import AudioError

RATE_HZ = 44_100
STATUSES = {
    "ok": "whole",
    "truncated": "less than 98 % of the announced length is there",
    "decode_errors": "the decoder reported errors part-way",
    "undecodable": "no decoder finds sound in it",
    "needs_ffmpeg": "ffmpeg reads this format and is not installed",
    "refused": "its header is absurd: rate, channels or length",
    "too_short": "shorter than one frame",
    "silent": "no sound, or channels that cancel",
    "nonfinite": "samples that are not numbers",
    "timeout": "took longer than audio.time_limit_s",
    "crashed": "the decoder crashed",
    "missing": "not there",
    "not_a_file": "a folder, pipe, socket or device",
    "unreadable": "cannot be read",
    "bad_table": "a feature file that does not hold what it must",
}
# These tracks have rows; all others have none.
WITH_ROWS = frozenset({"ok", "truncated", "decode_errors"})
# Worth another try in a later run, since another machine state may cure them.
WORTH_RETRYING = frozenset({"needs_ffmpeg", "timeout", "crashed", "missing", "unreadable"})
# One int16 step, peak to peak: dither of digital silence.
SILENT_STEPS = 2

# Samples mixed at once, so that they stay in the cache.
_MIXED_AT_ONCE = 4096

Mono = npt.NDArray[np.float32]
Steps = npt.NDArray[np.int32]


@dataclass
class Sound:
    """Mono sound of one file, block by block; what `status` says is known after the last block."""

    decoder: Decoder
    sample_count: int = 0
    _low: float = np.inf
    _high: float = -np.inf
    _loudest: int = 0
    _broken: AudioError | None = None

    @property
    def header(self) -> Header:
        """What the file announces."""
        return self.decoder.header

    @property
    def duration_s(self) -> float:
        """Seconds decoded so far."""
        return self.sample_count / RATE_HZ

    @property
    def is_short(self) -> bool:
        """Whether less was decoded than the file announces."""
        declared_s = self.header.declared_s
        return declared_s is not None and self.duration_s < WHOLE_SHARE * declared_s

    @property
    def complaint(self) -> str:
        """What the decoder reported part-way; empty if nothing, or only where the file ends."""
        broken = self._broken
        return broken.reason if broken is not None and broken.status != "truncated" else ""

    @property
    def is_damaged(self) -> bool:
        """Whether decoding ended early or with errors, so that another decoder may do better."""
        return self.is_short or bool(self.complaint)

    def blocks(self) -> Iterator[Mono]:
        """Yield blocks of shape (samples,), float32, 44.1 kHz.

        Raises
        ------
        AudioError
            ``nonfinite``.
        """
        for block in self._at_44k():
            # Behind the resampler, which makes such samples of very high ones.
            if not (np.isfinite(block.min(initial=0)) and np.isfinite(block.max(initial=0))):
                raise AudioError("nonfinite", "holds samples that are not numbers")
            if len(block):
                mono = np.empty(len(block), np.float32)
                self._remember(mono, mixed(np.ascontiguousarray(block).ravel(), mono))
                yield mono

    def status(self) -> tuple[str, str]:
        """Return the status word and the reason, empty if all is well."""
        if self.sample_count == 0:
            broken = self._broken
            return ("undecodable", broken.reason) if broken else ("too_short", "no samples in it")
        if self._high - self._low < SILENT_STEPS:
            quiet = max(self._high, -self._low) < SILENT_STEPS
            cancels = quiet and self._loudest > SILENT_STEPS
            return "silent", "the channels cancel each other" if cancels else "no sound in it"
        if self.is_short:
            lengths_s = f"{self.duration_s:.1f} of {self.header.declared_s:.1f}"
            return "truncated", f"{lengths_s} s could be decoded"
        if self._broken is not None:
            return self._broken.status, self._broken.reason
        return "ok", ""

    def _at_44k(self) -> Iterator[Block]:
        rate_hz, channels = self.header.rate_hz, self.header.channels
        if rate_hz == RATE_HZ:
            yield from self._stored()
            return
        resampler = soxr.ResampleStream(rate_hz, RATE_HZ, channels, dtype="float32", quality="HQ")
        for block in self._stored():
            yield resampler.resample_chunk(block).reshape(-1, channels)
        yield resampler.resample_chunk(np.empty((0, channels), np.float32), last=True).reshape(
            -1, channels
        )

    def _stored(self) -> Iterator[Block]:
        try:
            yield from self.decoder.blocks()
        except AudioError as error:
            self._broken = error

    def _remember(self, mono: Mono, levels: tuple[int, float, float]) -> None:
        loudest, low, high = levels
        self.sample_count += mono.size
        self._low, self._high = min(self._low, low), max(self._high, high)
        self._loudest = max(self._loudest, loudest)


@compiled
def mixed(interleaved: Mono, mono: Mono) -> tuple[int, float, float]:
    """Fill `mono` with the mean of the channels in int16 steps, divided by 32767.

    Samples beyond full scale are clipped, halves go to the even step.  Returns the loudest step of
    any channel, and the lowest and highest mean in steps.
    """
    channels = interleaved.size // mono.size
    steps = np.empty(_MIXED_AT_ONCE * channels, np.int32)
    sums = np.empty(_MIXED_AT_ONCE, np.int32)
    scale = np.float32(1 / (32767 * channels))
    low, high, loudest = np.int32(32767 * channels), np.int32(-32768 * channels), np.int32(0)
    for first in range(0, mono.size, _MIXED_AT_ONCE):
        part = mono[first : first + _MIXED_AT_ONCE]
        size = part.size
        stored = interleaved[first * channels : (first + size) * channels]
        for j in range(stored.size):
            level = stored[j] * np.float32(32768)
            level = min(max(level, np.float32(-32768)), np.float32(32767))
            steps[j] = np.int32(np.rint(level))
        for j in range(stored.size):
            loudest = max(loudest, abs(steps[j]))
        _sum_channels(steps, channels, sums[:size])
        for j in range(size):
            low, high = min(low, sums[j]), max(high, sums[j])
            part[j] = np.float32(sums[j]) * scale
    return int(loudest), low / channels, high / channels


@compiled
def _sum_channels(steps: Steps, channels: int, sums: Steps) -> None:
    if channels == 2:  # by far the most frequent; a loop over channels is slower
        for j in range(sums.size):
            sums[j] = steps[2 * j] + steps[2 * j + 1]
        return
    for j in range(sums.size):
        sums[j] = 0
        for channel in range(channels):
            sums[j] += steps[j * channels + channel]
