"""One mood for each of some files, by a trained network."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from zoneclf.audio.files import path_text
from zoneclf.deep.asking import Said, ask
from zoneclf.deep.checkpoint import Checkpoint
from zoneclf.deep.hearing import Ears, HeardFile
from zoneclf.deep.pace import Voice
from zoneclf.deep.source_tracks import Wanted


@dataclass(frozen=True)
class Prediction:
    """What a network says of one file; without sound there is no mood, and no probabilities.

    `probabilities` are of all moods, the likeliest first; they sum to 1.  `spectrogram_check` tells
    what is not like the spectrograms learnt from.
    """

    path: str
    track_id: str
    status: str
    reason: str
    mood: str
    probabilities: dict[str, float]
    spectrogram_check: tuple[str, ...] = ()


def predict(
    checkpoint: Checkpoint, files: Sequence[Wanted], *, ears: Ears, device: str, voice: Voice
) -> list[Prediction]:
    """Return what a network says of files, in order."""
    moods = checkpoint.card.labels
    asked = ask(checkpoint, files, ears=ears, device=device, voice=voice)
    return [_prediction(file, logits, moods) for file, logits in asked]


def _prediction(file: HeardFile, logits: Said, moods: Sequence[str]) -> Prediction:
    about = (path_text(file.path), file.track_id, file.status, file.reason)
    if logits is None:
        return Prediction(*about, "", {})
    chances = softmax(logits.astype(np.float64))
    order = np.argsort(-chances, kind="stable")
    told = {moods[place]: float(chances[place]) for place in order}
    return Prediction(*about, next(iter(told)), told, file.unlike)
