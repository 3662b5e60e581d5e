"""Crops of clips put together to batches: at random places to learn, evenly spread to answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from zoneclf.deep.augmentation import Augmenter
from zoneclf.deep.spectrograms import SpectrogramSettings
from zoneclf.errors import TableError, UsageError

# Of a long clip, so many crops are heard.
MAX_CROPS = 8
AT_ONCE = 64

Floats = npt.NDArray[np.float32]
Places = Sequence[int] | npt.NDArray[np.int64]


class Clips(Protocol):
    """Where clips come from: a prepared set, or files that were just read."""

    @property
    def spectrogram_settings(self) -> SpectrogramSettings:
        """How the spectrograms were made."""

    def spectrogram(self, place: int) -> Floats:
        """Return shape (frames, mels)."""

    def embeddings(self) -> Floats:
        """Return shape (clips, features)."""


@dataclass(frozen=True)
class Inputs:
    """What a network reads of some clips.

    `frames` is the length of a crop, 0 where the network reads no spectrogram; `embeddings` has a
    row per clip, None where it reads none; `augmenter` changes random crops, never others.
    """

    clips: Clips
    frames: int
    embeddings: Floats | None = field(default=None, repr=False)
    augmenter: Augmenter | None = None

    def batch(self, places: Sequence[int], starts: Sequence[int]) -> dict[str, Tensor]:
        """Return the crops of `places` that begin at the frames `starts`."""
        if not self.frames:
            return self._put_together([], places)
        pairs = zip(places, starts, strict=True)
        crops = [crop(self.clips.spectrogram(p), start, self.frames) for p, start in pairs]
        return self._put_together(crops, places)

    def random_batch(self, places: Sequence[int], random: np.random.Generator) -> dict[str, Tensor]:
        """Return a crop of each place, from anywhere in it, changed if there is an augmenter."""
        draws = random.random(len(places))
        if not self.frames:
            return self._put_together([], places)
        lengths = [self.frames] * len(places)
        if self.augmenter is not None:
            lengths = self.augmenter.lengths(len(places), self.frames, random)
        crops = []
        for place, draw, length in zip(places, draws, lengths, strict=True):
            whole = self.clips.spectrogram(place)
            start = int(draw * (max(0, len(whole) - length) + 1))
            found = crop(whole, start, length)
            if self.augmenter is not None:
                found = self.augmenter.change(found, self.frames, random)
            crops.append(found)
        return self._put_together(crops, places)

    def _put_together(self, crops: Sequence[Floats], places: Sequence[int]) -> dict[str, Tensor]:
        found = {}
        if self.frames:
            found["spectrogram"] = torch.from_numpy(np.stack(crops))
        if self.embeddings is not None:
            found["embedding"] = torch.from_numpy(self.embeddings[list(places)])
        return found

    def starts(self, place: int) -> list[int]:
        """Return where the crops begin that answer for a clip: evenly spread over all of it."""
        if not self.frames:
            return [0]
        length = len(self.clips.spectrogram(place))
        count = min(MAX_CROPS, max(1, -(-length // self.frames)))
        spare = max(0, length - self.frames)
        return [round(spare * number / max(1, count - 1)) for number in range(count)]


def crop(spectrogram: Floats, start: int, frames: int) -> Floats:
    """Return shape (mels, frames), float32; a clip that is too short is repeated.

    Raises
    ------
    TableError
        If there is no frame at all.
    """
    if not len(spectrogram):
        raise TableError("a spectrogram has no frames; prepare the set again")
    piece = np.asarray(spectrogram[start : start + frames], dtype=np.float32)
    if len(piece) < frames:
        piece = np.pad(piece, ((0, frames - len(piece)), (0, 0)), mode="wrap")
    return np.ascontiguousarray(piece.T)


def answers(network: nn.Module, inputs: Inputs, places: Places, device: str = "cpu") -> Floats:
    """Return the logits of clips, shape (places, labels): the mean over each one's crops."""
    training = network.training
    network.eval()
    rows: list[Floats] = []
    owners: list[int] = []
    with torch.inference_mode():
        for chunk in _chunks(inputs, places):
            batch = inputs.batch([place for _, place, _ in chunk], [start for *_, start in chunk])
            logits = network({name: value.to(device) for name, value in batch.items()})
            rows.append(logits.float().cpu().numpy())
            owners += [number for number, *_ in chunk]
    network.train(training)
    return _means(rows, owners, len(places))


def _chunks(inputs: Inputs, places: Places) -> Iterator[list[tuple[int, int, int]]]:
    """Yield crops as (number of the clip, its place, first frame), so many at once."""
    waiting: list[tuple[int, int, int]] = []
    for number, place in enumerate(places):
        waiting += [(number, int(place), start) for start in inputs.starts(int(place))]
        while len(waiting) >= AT_ONCE:
            yield waiting[:AT_ONCE]
            waiting = waiting[AT_ONCE:]
    if waiting:
        yield waiting


def _means(rows: list[Floats], owners: list[int], count: int) -> Floats:
    if not rows:
        return np.zeros((0, 0), dtype=np.float32)
    logits = np.concatenate(rows)
    sums = np.zeros((count, logits.shape[1]), dtype=np.float64)
    np.add.at(sums, owners, logits)
    crops = np.bincount(owners, minlength=count)[:, None]
    return np.asarray(sums / crops, dtype=np.float32)


def device_of(wanted: str) -> str:
    """Return ``cuda`` or ``cpu`` for ``auto``, ``cuda`` or ``cpu``.

    Raises
    ------
    UsageError
        If it is another name, or CUDA is asked for and there is none.
    """
    if wanted not in ("auto", "cpu", "cuda"):
        raise UsageError(f"--device {wanted}: must be auto, cpu or cuda")
    there = torch.cuda.is_available()
    if wanted == "cuda" and not there:
        raise UsageError("--device cuda: there is no GPU here; take --device auto or cpu")
    return "cuda" if there and wanted != "cpu" else "cpu"
