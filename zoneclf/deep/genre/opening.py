"""A run, its best checkpoint and the prepared set that it is judged on."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zoneclf.console import console
from zoneclf.deep.checkpoint import Checkpoint, load_checkpoint
from zoneclf.deep.genre.evaluation import Scored
from zoneclf.deep.genre.inference import logits_of
from zoneclf.deep.genre.learning import GENRE
from zoneclf.deep.genre.prepared import PreparedSet, load_prepared
from zoneclf.deep.run_card import Run, read_run
from zoneclf.deep.sets.embeddings import embeddings_read
from zoneclf.deep.spectrograms import SpectrogramSettings
from zoneclf.errors import ModelError, TableError

TASK = GENRE.name
_SHA = "set_sha256"


@dataclass(frozen=True)
class _Named:
    """A prepared set whose embeddings are those of one name."""

    prepared: PreparedSet
    name: str

    @property
    def spectrogram_settings(self) -> SpectrogramSettings:
        return self.prepared.spectrogram_settings

    def spectrogram(self, place: int) -> npt.NDArray[np.float32]:
        return self.prepared.spectrogram(place)

    def embeddings(self) -> npt.NDArray[np.float32]:
        return self.prepared.embeddings(self.name)


@dataclass(frozen=True)
class Opened:
    """A run, its best checkpoint and the set it is judged on; logits are computed once a split.

    `embeddings` names those of the set that the network reads.
    """

    run: Run
    checkpoint: Checkpoint
    prepared: PreparedSet
    device: str
    embeddings: str = ""
    _kept: dict[str, Scored] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The run's name."""
        return self.run.folder.name

    @property
    def is_own(self) -> bool:
        """Whether the set is the one that the run learnt from."""
        return self.checkpoint.card.training.get(_SHA) == self.prepared.sha256

    def scored(self, split: str) -> Scored:
        """Return the tracks of a split and what the network says of them.

        Raises
        ------
        TableError
            If the set has none.
        """
        if split not in self._kept:
            self._kept[split] = self._scored(split)
        return self._kept[split]

    def _scored(self, split: str) -> Scored:
        prepared = self.prepared
        places = prepared.places(split)
        if not places.size:
            raise TableError(
                f"{prepared.folder}: has no usable track in the split {split}; prepare it with "
                "more tracks or other shares"
            )
        clips = _Named(prepared, self.embeddings)
        return Scored(
            split=split,
            track_ids=prepared.track_ids[places],
            paths=prepared.paths[places],
            groups=prepared.groups[places],
            targets=prepared.targets[places],
            logits=logits_of(self.checkpoint, clips, places, self.device),
        )


def open_run(folder: Path, *, set_folder: Path | None = None, device: str = "auto") -> Opened:
    """Return a run ready to be judged, on its own set or on another of the same genres.

    Raises
    ------
    ModelError
        If it is no run, its set was prepared anew since, or the set's embeddings are others than
        it learnt from.
    TableError
        If the set is none, or is of other genres.
    """
    run = read_run(folder, GENRE)
    checkpoint = load_checkpoint(folder, task=TASK)
    prepared = load_prepared(set_folder or Path(run.card.set))
    labels = checkpoint.card.labels
    if prepared.genres != labels:
        apart = sorted(set(prepared.genres) ^ set(labels))
        words = f"first {apart[0]!r}" if apart else "in another order"
        raise TableError(
            f"{prepared.folder}: its genres are not those of {folder} ({words}); prepare a set of "
            "the same genres"
        )
    if set_folder is None and checkpoint.card.training.get(_SHA) != prepared.sha256:
        raise ModelError(
            f"{folder}: learnt from another state of {prepared.folder}, so its test tracks may be "
            "among those learnt from; train again, or restore the set"
        )
    name = embeddings_read(checkpoint, prepared, run.card.embeddings)
    if not run.card.finished:
        console.warn(f"{folder}: its training is not finished; it is judged as it is now")
    opened = Opened(run, checkpoint, prepared, device, name)
    if not opened.is_own:
        _warn_of_known(opened)
    return opened


def _warn_of_known(opened: Opened) -> None:
    """Tell how many tracks of another set the run has learnt from, where that is known."""
    try:
        own = load_prepared(Path(opened.run.card.set))
    except TableError:
        return
    learnt = own.track_ids[own.places("train")]
    known = int(np.isin(opened.prepared.track_ids, learnt).sum())
    if known:
        console.warn(
            f"{opened.prepared.folder}: the run has learnt from {known} of its "
            f"{len(opened.prepared)} tracks, so scores on it may be too good"
        )
