"""Files heard the way a checkpoint was trained: its spectrogram settings, its MERT embeddings."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from zoneclf.audio.files import path_text
from zoneclf.audio.sound import WITH_ROWS
from zoneclf.deep.checkpoint import CARD, Checkpoint
from zoneclf.deep.excerpts import read_excerpt
from zoneclf.deep.isolation import Isolated
from zoneclf.deep.pace import Voice
from zoneclf.deep.source_tracks import Wanted
from zoneclf.deep.spectrogram_check import said_of
from zoneclf.deep.spectrograms import SpectrogramSettings, log_mel, settings_from
from zoneclf.errors import AudioError, ModelError, SettingsError, UsageError

if TYPE_CHECKING:
    from zoneclf.deep.embedding_ears import Embed

Floats = npt.NDArray[np.float32]
# So many files are worth a second in which processes start.
_WORTH_PROCESSES = 8


@dataclass(frozen=True)
class HeardFile:
    """What was read of one file; `status` is one of `zoneclf.audio.sound.STATUSES`.

    `unlike` tells what is outside of the spectrograms that the network learnt from.
    """

    path: Path
    track_id: str = ""
    status: str = "ok"
    reason: str = ""
    spectrogram: Floats | None = field(default=None, repr=False)
    embedding: Floats | None = field(default=None, repr=False)
    unlike: tuple[str, ...] = ()

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
    """Reads files for a checkpoint; `embed` makes embeddings, None where it reads none.

    `statistics` are those of the spectrograms that it learnt from.
    """

    settings: SpectrogramSettings
    sees: bool
    embed: "Embed | None"
    statistics: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def hear(self, file: Wanted) -> HeardFile:
        """Return what the network reads of a file, or why there is nothing."""
        with _decoders_hushed():
            return self.complete(see(file, self.settings if self.sees else None))

    def complete(self, seen: HeardFile) -> HeardFile:
        """Return a file that was seen (`see`), checked, and with its embedding if there is one."""
        if seen.spectrogram is not None:
            seen = replace(seen, unlike=tuple(said_of(self.statistics, [seen.spectrogram])))
        if self.embed is None or seen.status not in WITH_ROWS:
            return seen
        embedding, status, reason = self.embed(seen.path)
        if embedding is None:
            return HeardFile(seen.path, seen.track_id, status, reason)
        if seen.status != "ok":
            status, reason = seen.status, seen.reason
        return replace(seen, status=status, reason=reason, embedding=embedding)

    def hear_all(
        self, files: Sequence[Wanted], at_once: int, tell: Callable[[], None]
    ) -> Iterator[list[HeardFile]]:
        """Yield files in order, `at_once` of them at a time; `tell` is called for each one heard.

        Where there are several to be seen, they are decoded in processes of their own: one that
        hangs or crashes costs itself only.
        """
        groups = [files[first : first + at_once] for first in range(0, len(files), at_once)]
        if not self.sees or len(files) < _WORTH_PROCESSES:
            for group in groups:
                yield [_told(self.hear(file), tell) for file in group]
            return
        with Isolated(partial(see, settings=self.settings), __name__) as processes:
            for group in groups:
                found = processes.run(group)
                seen = {file.path: _told(_seen(file, one), tell) for file, one in found}
                with _decoders_hushed():
                    heard = [self.complete(seen[file.path]) for file in group]
                yield heard


def warn_of_unlike(heard: HeardFile, voice: Voice) -> None:
    """Tell if a file's spectrogram is not like those that the network learnt from."""
    if heard.unlike:
        told = "; ".join(heard.unlike)
        voice.warn(
            f"{path_text(heard.path)}: its spectrogram is not like those learnt from ({told}), so "
            "the answer may be worthless; see zoneclf deep spectrograms match"
        )


def _told(heard: HeardFile, tell: Callable[[], None]) -> HeardFile:
    tell()
    return heard


def see(file: Wanted, settings: SpectrogramSettings | None) -> HeardFile:
    """Return a file with its spectrogram, or why there is none; without settings, none is made."""
    path, track_id = file.path, file.track_id
    if file.problem is not None:
        return HeardFile(path, status=file.problem.status, reason=file.problem.reason)
    if settings is None:
        return HeardFile(path, track_id)
    excerpt = read_excerpt(path, settings)
    if not excerpt.is_usable:
        return HeardFile(path, track_id, excerpt.status, excerpt.reason)
    # Through the precision in which prepared sets store them, so that both answer alike.
    rounded = log_mel(excerpt.wave, settings).astype(np.float16).astype(np.float32)
    return HeardFile(path, track_id, excerpt.status, excerpt.reason, rounded)


def _seen(file: Wanted, found: HeardFile | AudioError) -> HeardFile:
    if isinstance(found, AudioError):
        return HeardFile(file.path, file.track_id, found.status, found.reason)
    return found


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
        return Ears(settings, sees, None, card.training_statistics)
    # Loads transformers, which takes seconds, so only for networks that need it.
    from zoneclf.deep.embedding_ears import embedding_for

    embed = embedding_for(checkpoint, mert, offline=offline, device=device)
    return Ears(settings, sees, embed, card.training_statistics)


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
