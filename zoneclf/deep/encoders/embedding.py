"""One file of sound -> one embedding: which states, how pooled, how many chunks at once."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from zoneclf.audio.decode import decoders
from zoneclf.audio.files import require_regular
from zoneclf.audio.sound import RATE_HZ, WITH_ROWS, Mono, Sound
from zoneclf.deep.encoders.config import EncoderConfig, Preprocessor
from zoneclf.deep.encoders.pooling import Pool, Pooling
from zoneclf.deep.encoders.sound import SHORTEST_S, batches, chunks, normalised, resampled
from zoneclf.deep.excerpts import WHOLE, Stretch, between
from zoneclf.errors import AudioError, UsageError
from zoneclf.settings import AudioSettings

if TYPE_CHECKING:  # transformers takes seconds to load
    from zoneclf.deep.encoders.encoder import Encoder

ALL = "all"
_FLOAT_BYTES = 4
# Copies of the widest tensor that are alive at once: convolution, norm, activation.
_COPIES = 4
# On a processor several at once were no faster (60 s of sound by a network of the size of 95M on
# one core: 32, 33 and 34 s for 1, 2 and 8) and took up to 800 MB more.
_MOST = {"cpu": 1, "cuda": 64}
# The share of free memory that a batch may take.
_SHARE = 0.25


@dataclass(frozen=True, kw_only=True)
class EmbeddingSettings:
    """What an embedding is made of; `layer` is a number of hidden states or ``all``, their mean."""

    layer: int | str = ALL
    pooling: Pooling = "mean"
    chunk_s: float = 5.0  # what MERT v1 was trained on (its model card: "pre-train context")

    def require_fit(self, config: EncoderConfig, preprocessor: Preprocessor) -> None:
        """Check that a checkpoint has the layer, and that its states fit into a chunk.

        Raises
        ------
        UsageError
            If not.
        """
        if self.layer != ALL and not 0 <= int(self.layer) <= config.layers:
            raise UsageError(
                f"--layer {self.layer}: this checkpoint has 0 (what its first layer reads) to "
                f"{config.layers}, or {ALL}"
            )
        shortest_s = max(SHORTEST_S, config.fewest_samples / preprocessor.rate_hz)
        if not shortest_s <= self.chunk_s <= 60:
            raise UsageError(f"--chunk {self.chunk_s:g}: must be from {shortest_s:g} to 60 seconds")


@dataclass(frozen=True)
class Embedded:
    """What one file gave; `vector` is None where the status says that there is no sound."""

    status: str
    reason: str
    duration_s: float = 0.0
    vector: npt.NDArray[np.float32] | None = None


class Embedder:
    """Makes embeddings with one encoder; `batch` chunks at once, 0: by free memory."""

    def __init__(
        self,
        encoder: "Encoder",
        preprocessor: Preprocessor,
        settings: EmbeddingSettings,
        *,
        device: torch.device,
        batch: int = 0,
    ) -> None:
        settings.require_fit(encoder.config, preprocessor)
        self._encoder, self._preprocessor, self._settings = encoder, preprocessor, settings
        self._device = device
        self._size = round(settings.chunk_s * preprocessor.rate_hz)
        self._automatic = not batch
        self.batch = batch or fitting(encoder.config, self._size, device)

    def embed(self, path: Path, stretch: Stretch = WHOLE) -> Embedded:
        """Return the embedding of a file, or of a stretch of it.

        By the next decoder where one gives up part-way.
        """
        best: Embedded | None = None
        complaint = ""
        try:
            require_regular(path)
            for decoder in decoders(path, AudioSettings()):
                sound = Sound(decoder)
                found = self._embedded(sound, stretch)
                if best is None or _worth(found) >= _worth(best):
                    best = found
                complaint = complaint or sound.complaint
                if not sound.is_damaged:
                    break
        except AudioError as error:
            if best is None or best.vector is None:
                return Embedded(error.status, error.reason)
        assert best is not None
        if best.status == "ok" and complaint:
            return Embedded("decode_errors", complaint, best.duration_s, best.vector)
        return best

    def _embedded(self, sound: Sound, stretch: Stretch) -> Embedded:
        rate_hz = self._preprocessor.rate_hz
        part = _Part(sound, stretch)
        pool = Pool()
        shortest = round(SHORTEST_S * rate_hz)
        found = chunks(resampled(part.blocks(), rate_hz), self._size, shortest)
        for some in batches(found, self.batch):
            self._add(pool, some)
        status, reason = part.status()
        if status in WITH_ROWS and not pool.count:
            status, reason = "too_short", f"{part.duration_s:.3f} s are not enough for one state"
        kept = pool.vector(self._settings.pooling) if status in WITH_ROWS else None
        return Embedded(status, reason, round(part.duration_s, 3), kept)

    def _add(self, pool: Pool, some: list[Mono]) -> None:
        if some[0].size < self._encoder.config.fewest_samples:
            return
        if self._preprocessor.normalise:
            some = [normalised(chunk) for chunk in some]
        try:
            states = self._pooled_states(torch.from_numpy(np.stack(some)).to(self._device))
        except torch.OutOfMemoryError:
            if not self._automatic or len(some) == 1:
                raise
            self.batch = max(1, len(some) // 2)
            for first in range(0, len(some), self.batch):
                self._add(pool, some[first : first + self.batch])
            return
        pool.add(states)

    def _pooled_states(self, sound: torch.Tensor) -> torch.Tensor:
        """Return the states of the layer, or the mean over all, shape (batch, states, features)."""
        layer = self._settings.layer
        last = self._encoder.config.layers if layer == ALL else int(layer)
        # Not rounded to 10 bits of mantissa, as cuDNN's convolutions otherwise may.
        with torch.inference_mode(), torch.backends.cudnn.flags(allow_tf32=False):
            total: torch.Tensor | None = None
            for state in self._encoder.states(sound, last):
                total = state if total is None or layer != ALL else total + state
        assert total is not None
        return total / (last + 1) if layer == ALL else total


class _Part:
    """A stretch of a file's sound, or all of it."""

    def __init__(self, sound: Sound, stretch: Stretch) -> None:
        self._sound, self._is_whole = sound, stretch == WHOLE
        self._first, self._last = (round(time_s * RATE_HZ) for time_s in stretch)
        self._heard = 0

    def blocks(self) -> Iterator[Mono]:
        """Yield blocks of 44.1 kHz; what comes after the stretch is not decoded."""
        for block in between(self._sound.blocks(), self._first, self._last):
            self._heard += block.size
            yield block

    @property
    def duration_s(self) -> float:
        """How much was heard."""
        return self._sound.duration_s if self._is_whole else self._heard / RATE_HZ

    def status(self) -> tuple[str, str]:
        """Return the sound's status; a stretch that was all there is ok, whatever follows it."""
        if self._last and self._heard == self._last - self._first:
            return "ok", ""
        status, reason = self._sound.status()
        if status == "ok" and self._last:
            return "truncated", f"of its stretch {self.duration_s:.1f} s are there"
        return status, reason


def fitting(config: EncoderConfig, samples: int, device: torch.device) -> int:
    """Return how many chunks of `samples` fit into a share of the memory that is free now."""
    channels, stride, _ = config.conv[0]
    states = config.states(samples)
    heard = _COPIES * channels * (samples // stride)
    attention = 2 * config.heads * states**2
    encoded = _COPIES * states * (config.hidden_size + config.intermediate_size)
    needed = _FLOAT_BYTES * max(1, heard + attention + encoded)
    return max(1, min(_MOST[device.type], int(_SHARE * _free_bytes(device) / needed)))


def _free_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):  # not told on this system
        return 1 << 30


def _worth(found: Embedded) -> tuple[bool, float]:
    return found.vector is not None, found.duration_s
