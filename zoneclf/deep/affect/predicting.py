"""Arousal and valence of files, along each track and on the whole, by a trained network."""

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from zoneclf.audio.files import path_text
from zoneclf.deep.affect.affect_set import NAMES
from zoneclf.deep.affect.agreement import Floats
from zoneclf.deep.affect.rescale import Rescale, bounded
from zoneclf.deep.affect.windows import timed_windows
from zoneclf.deep.batches import Inputs, answers, device_of
from zoneclf.deep.checkpoint import Checkpoint
from zoneclf.deep.hearing import Ears, HeardClips, HeardFile, warn_of_unlike
from zoneclf.deep.inference import logits_of
from zoneclf.deep.pace import Pace, Voice
from zoneclf.deep.source_tracks import Wanted

STEP_S = 0.5
# Whole tracks held at once.
_AT_ONCE = 8
# Of a track's course, what is told besides its mean.
LOW, HIGH = 0.1, 0.9
STATISTICS = ("mean", "sd", "low", "high")


@dataclass(frozen=True)
class Prediction:
    """What a network says of one file; without sound there are no values.

    `summary` has the mean of each dimension, as ``arousal_mean``; of a network that hears
    spectrograms also ``sd``, ``low`` and ``high`` (10 and 90 %) along the track.  `times_s`, shape
    (steps,), are the beginnings of half seconds, `course`, shape (steps, 2), the values around
    them; empty of a network that reads one embedding per track.  `spectrogram_check` tells what is
    not like the spectrograms learnt from.
    """

    path: str
    track_id: str
    status: str
    reason: str
    summary: dict[str, float]
    times_s: npt.NDArray[np.float64] = field(repr=False)
    course: Floats = field(repr=False)
    spectrogram_check: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Who answers: a checkpoint, what hears for it, and how its values are stretched, if so."""

    checkpoint: Checkpoint
    ears: Ears
    rescale: Rescale | None
    device: str

    @property
    def has_course(self) -> bool:
        """Whether it can follow a track in time."""
        return self.ears.embed is None

    def predict(self, files: Sequence[Wanted], voice: Voice) -> list[Prediction]:
        """Return what the network says of files, in order.

        Of whole files (20 minutes at most), also where it learnt from excerpts.
        """
        settings = dataclasses.replace(self.ears.settings, excerpt_s=0.0)
        ears = dataclasses.replace(self.ears, settings=settings)
        pace, done = Pace("predict", voice), itertools.count(1)
        heard = ears.hear_all(files, _AT_ONCE, lambda: pace(next(done), len(files)))
        found = []
        for one in itertools.chain.from_iterable(heard):
            warn_of_unlike(one, voice)
            found.append(dataclasses.replace(self._of(one), spectrogram_check=one.unlike))
        pace.close()
        return found

    def _of(self, heard: HeardFile) -> Prediction:
        about = (path_text(heard.path), heard.track_id, heard.status, heard.reason)
        none = np.empty(0), np.empty((0, len(NAMES)), np.float32)
        if not heard.is_usable:
            return Prediction(*about, {}, *none)
        clips = HeardClips([heard], self.ears.settings)
        if not self.has_course:
            values = self._stretched(logits_of(self.checkpoint, clips, [0], self.device))
            return Prediction(*about, _means(values), *none)
        frames = int(self.checkpoint.card.parameters["frames"])
        lengths = [len(clips.spectrogram(0))]
        windows, (times_s,) = timed_windows(clips, lengths, frames=frames, step_s=STEP_S)
        device = device_of(self.device)
        network = self.checkpoint.network.to(device)
        said = answers(network, Inputs(windows, frames), range(len(windows)), device)
        course = self._stretched(said)
        return Prediction(*about, _means(course) | _spreads(course), times_s, course)

    def _stretched(self, values: Floats) -> Floats:
        return bounded(values) if self.rescale is None else self.rescale(values)


def _means(values: Floats) -> dict[str, float]:
    return {f"{name}_mean": float(values[:, place].mean()) for place, name in enumerate(NAMES)}


def _spreads(course: Floats) -> dict[str, float]:
    found: dict[str, Any] = {}
    for place, name in enumerate(NAMES):
        values = course[:, place].astype(np.float64)
        low, high = np.quantile(values, [LOW, HIGH])
        found |= {f"{name}_sd": float(values.std()), f"{name}_low": float(low)}
        found |= {f"{name}_high": float(high)}
    return found
