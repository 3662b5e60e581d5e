"""What a trained network says of clips."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zoneclf.deep.batches import Clips, Inputs, Places, answers, device_of
from zoneclf.deep.checkpoint import CARD, Checkpoint
from zoneclf.errors import ModelError


def logits_of(
    checkpoint: Checkpoint, clips: Clips, places: Places, device: str = "auto"
) -> npt.NDArray[np.float32]:
    """Return logits, shape (places, labels), the mean over crops spread evenly over each clip.

    Parameters
    ----------
    checkpoint
        What answers.
    clips
        A `PreparedSet`, or anything that gives spectrograms and embeddings by place.
    places
        Which of its clips.
    device
        ``auto``, ``cpu`` or ``cuda``.

    Raises
    ------
    ModelError
        If spectrograms or embeddings are not shaped as the network was trained on.
    TableError
        If it reads embeddings and there are none.
    """
    inputs = inputs_of(checkpoint, clips)
    on = device_of(device)
    return answers(checkpoint.network.to(on), inputs, places, on)


def inputs_of(checkpoint: Checkpoint, clips: Clips) -> Inputs:
    """Return what the network reads of clips; errors are those of `logits_of`."""
    card, where = checkpoint.card, checkpoint.folder / CARD
    cnn, mert = (card.parameters.get(part, card.parameters) for part in ("cnn", "mert"))
    if "mels" in cnn:
        _require_settings(clips.spectrogram_settings.as_json(), card.spectrogram or {}, where)
    embeddings = None
    if "inputs" in mert:
        embeddings = np.asarray(clips.embeddings(), dtype=np.float32)
        if embeddings.shape[1] != mert["inputs"]:
            raise ModelError(
                f"{where}: reads embeddings of {mert['inputs']} numbers, these have "
                f"{embeddings.shape[1]}; embed with the model and layer it was trained with"
            )
    return Inputs(clips, int(cnn.get("frames", 0)), embeddings)


def _require_settings(found: dict[str, Any], wanted: dict[str, Any], where: Path) -> None:
    names = sorted(name for name in found | wanted if found.get(name) != wanted.get(name))
    if names:
        apart = ", ".join(f"{n} {found.get(n)} instead of {wanted.get(n)}" for n in names[:3])
        raise ModelError(
            f"{where}: was trained on other spectrograms ({apart}); prepare with its settings"
        )
