"""A run of any task, its best checkpoint and the prepared set that it is judged on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, cast

import numpy as np
import numpy.typing as npt

from zoneclf.console import console
from zoneclf.deep.checkpoint import Checkpoint, load_checkpoint
from zoneclf.deep.inference import logits_of
from zoneclf.deep.material import S
from zoneclf.deep.readers.listing import SPLITS
from zoneclf.deep.run_card import Run, read_run
from zoneclf.deep.sets.embeddings import embeddings_read
from zoneclf.deep.sets.loading import load_set
from zoneclf.deep.sets.track_set import TrackSet
from zoneclf.deep.spectrograms import SpectrogramSettings
from zoneclf.deep.task import Task
from zoneclf.errors import ModelError, TableError

_SHA = "set_sha256"


@dataclass(frozen=True)
class Named:
    """A prepared set whose embeddings are those of one name."""

    prepared: TrackSet
    name: str

    @property
    def spectrogram_settings(self) -> SpectrogramSettings:
        """How the spectrograms were made."""
        return self.prepared.spectrogram_settings

    def spectrogram(self, place: int) -> npt.NDArray[np.float32]:
        """Return shape (frames, mels)."""
        return self.prepared.spectrogram(place)

    def embeddings(self) -> npt.NDArray[np.float32]:
        """Return shape (tracks, features)."""
        return self.prepared.embeddings(self.name)


@dataclass(frozen=True)
class Opened(Generic[S]):
    """A run, its best checkpoint and the set it is judged on.

    `embeddings` names those of the set that the network reads.
    """

    run: Run
    checkpoint: Checkpoint
    prepared: S
    device: str
    embeddings: str = ""
    _kept: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The run's name."""
        return self.run.folder.name

    @property
    def is_own(self) -> bool:
        """Whether the set is the one that the run learnt from."""
        return bool(self.checkpoint.card.training.get(_SHA) == self.prepared.sha256)

    @property
    def facts(self) -> dict[str, Any]:
        """What it was made of, for the end of a page."""
        card, run, prepared = self.checkpoint.card, self.run.card, self.prepared
        told = {
            "run": self.run.folder,
            "set": prepared.folder,
            "usable tracks": ", ".join(f"{name} {prepared.places(name).size}" for name in SPLITS),
            "network": f"{card.architecture}, epoch {card.training.get('epoch', '?')}",
            "recipe": ", ".join(f"{name} {value}" for name, value in run.recipe.items()),
        }
        if card.embedding:
            told["embeddings"] = card.embedding["spec"]["descriptors"]
        return told | {
            "weights SHA-256": card.sha256,
            "versions": ", ".join(f"{name} {found}" for name, found in run.versions.items()),
        }

    def results_name(self, split: str) -> str:
        """Return the folder of its results: another set's or split's take nobody's place."""
        end = "" if self.is_own else f"-on-{self.prepared.folder.resolve().name}"
        return f"{self.name}{end}" + ("" if split == "test" else f"-{split}")

    def places(self, split: str) -> npt.NDArray[np.int64]:
        """Return the usable tracks of a split.

        Raises
        ------
        TableError
            If the set has none.
        """
        places = self.prepared.places(split)
        if not places.size:
            raise TableError(
                f"{self.prepared.folder}: has no usable track in the split {split}; prepare it "
                "with more tracks or other shares"
            )
        return places

    def logits(self, split: str) -> npt.NDArray[np.float32]:
        """Return what the network says of a split's tracks, shape (tracks, labels); once."""
        if split not in self._kept:
            clips = Named(self.prepared, self.embeddings)
            self._kept[split] = logits_of(self.checkpoint, clips, self.places(split), self.device)
        return self._kept[split]


def open_run_of(
    task: Task[Any, Any],
    folder: Path,
    labels: Callable[[S], Sequence[str]],
    *,
    set_folder: Path | None,
    device: str,
) -> Opened[S]:
    """Return a run ready to be judged, on its own set or on another of the same labels.

    Parameters
    ----------
    labels, set_folder
        What returns those of a set, in order; that of another set, None: its own.

    Raises
    ------
    ModelError
        If it is no run of this task, its set was prepared anew since, or the set's embeddings are
        others than it learnt from.
    TableError
        If the set is none, or has other labels.
    """
    run = read_run(folder, task)
    checkpoint = load_checkpoint(folder, task=task.name)
    prepared = cast(S, load_set(set_folder or Path(run.card.set)))
    _require_labels(labels(prepared), checkpoint.card.labels, prepared.folder, folder)
    if set_folder is None and checkpoint.card.training.get(_SHA) != prepared.sha256:
        raise ModelError(
            f"{folder}: learnt from another state of {prepared.folder}, so its test tracks may be "
            "among those learnt from; train again, or restore the set"
        )
    name = embeddings_read(checkpoint, prepared, run.card.embeddings)
    opened = Opened(run, checkpoint, prepared, device, name)
    _warn(opened)
    return opened


def _warn(opened: Opened[Any]) -> None:
    if not opened.run.card.finished:
        folder = opened.run.folder
        console.warn(f"{folder}: its training is not finished; it is judged as it is now")
    if not opened.is_own:
        _warn_of_known(opened)


def _require_labels(
    found: Sequence[str], wanted: Sequence[str], set_folder: Path, folder: Path
) -> None:
    if tuple(found) == tuple(wanted):
        return
    apart = sorted(set(found) ^ set(wanted))
    words = f"first {apart[0]!r}" if apart else "in another order"
    raise TableError(
        f"{set_folder}: its labels are not those of {folder} ({words}); prepare a set of the same"
    )


def _warn_of_known(opened: Opened[Any]) -> None:
    """Tell how many tracks of another set the run has learnt from, where that is known."""
    try:
        own = load_set(Path(opened.run.card.set))
    except TableError:
        return
    learnt = own.track_ids[own.places("train")]
    known = int(np.isin(opened.prepared.track_ids, learnt).sum())
    if known:
        console.warn(
            f"{opened.prepared.folder}: the run has learnt from {known} of its "
            f"{len(opened.prepared)} tracks, so scores on it may be too good"
        )
