"""Files heard the way a checkpoint was trained: its spectrogram settings, its MERT embeddings."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zoneclf.deep.checkpoint import CARD, Checkpoint
from zoneclf.deep.excerpts import read_excerpt
from zoneclf.deep.source_tracks import Wanted
from zoneclf.deep.spectrograms import SpectrogramSettings, log_mel, settings_from
from zoneclf.errors import ModelError, SettingsError, UsageError

if TYPE_CHECKING:
    from zoneclf.deep.embedding_ears import Embed

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class HeardFile:
    """What was read of one file; `status` is one of `zoneclf.audio.sound.STATUSES`."""

    path: Path
    track_id: str = ""
    status: str = "ok"
    reason: str = ""
    spectrogram: Floats | None = field(default=None, repr=False)
    embedding: Floats | None = field(default=None, repr=False)

    @property
    def is_usable(self) -> bool:
        """Whether the network can be asked."""
        return self.spectrogram is not None or self.embedding is not None


@dataclass(frozen=True)
class HeardClips:
    """Files that were heard, as the network reads them."""

    files: Sequence[HeardFile]
    spectrogram_settings: SpectrogramSettings

    def spectrogram(self, place: int) -> Floats:
        """Return shape (frames, mels)."""
        found = self.files[place].spectrogram
        assert found is not None
        return found

    def embeddings(self) -> Floats:
        """Return shape (files, features)."""
        return np.stack([np.asarray(file.embedding) for file in self.files])


@dataclass(frozen=True)
class Ears:
    """Reads files for a checkpoint; `embed` makes embeddings, None where it reads none."""

    settings: SpectrogramSettings
    sees: bool
    embed: "Embed | None"

    def hear(self, file: Wanted) -> HeardFile:
        """Return what the network reads of a file, or why there is nothing."""
        path, track_id = file.path, file.track_id
        if file.problem is not None:
            return HeardFile(path, status=file.problem.status, reason=file.problem.reason)
        spectrogram, status, reason = self._seen(path)
        if self.sees and spectrogram is None:
            return HeardFile(path, track_id, status, reason)
        embedding = None
        if self.embed is not None:
            with _decoders_hushed():
                embedding, found, why = self.embed(path)
            if embedding is None:
                return HeardFile(path, track_id, found, why)
            status, reason = (status, reason) if status != "ok" else (found, why)
        return HeardFile(path, track_id, status, reason, spectrogram, embedding)

    def _seen(self, path: Path) -> tuple[Floats | None, str, str]:
        if not self.sees:
            return None, "ok", ""
        with _decoders_hushed():
            excerpt = read_excerpt(path, self.settings)
        if not excerpt.is_usable:
            return None, excerpt.status, excerpt.reason
        # Through the precision in which prepared sets store them, so that both answer alike.
        rounded = log_mel(excerpt.wave, self.settings).astype(np.float16)
        return rounded.astype(np.float32), excerpt.status, excerpt.reason


def ears_for(checkpoint: Checkpoint, *, mert: str, offline: bool, device: str) -> Ears:
    """Return what hears files for a checkpoint.

    Parameters
    ----------
    checkpoint
        Its card says what it was trained on.
    mert
        Folder or name on the hub of the MERT checkpoint; by default the one on the card.
    offline
        Whether to keep from fetching it.
    device
        ``auto``, ``cpu`` or ``cuda``.

    Raises
    ------
    ModelError
        If the card is damaged, or the MERT checkpoint is not the one it was trained with.
    """
    card = checkpoint.card
    sees, hears = card.spectrogram is not None, card.embedding is not None
    if mert and not hears:
        raise UsageError(f"--mert {mert}: {checkpoint.folder} reads no embeddings; leave it out")
    settings = SpectrogramSettings()
    if sees:
        try:
            settings = settings_from(card.spectrogram)
        except SettingsError as error:
            raise ModelError(f"{checkpoint.folder / CARD}: {error}") from error
    if not hears:
        return Ears(settings, sees, None)
    # Loads transformers, which takes seconds, so only for networks that need it.
    from zoneclf.deep.embedding_ears import embedding_for

    return Ears(settings, sees, embedding_for(checkpoint, mert, offline=offline, device=device))


@contextmanager
def _decoders_hushed() -> Iterator[None]:
    """Keep what decoders print on standard error to themselves; the status says what is wrong."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
