"""What a run learns from, whatever its task: a set, its embeddings, a network with its units."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import nn

from zoneclf.deep import adaptation, augmentation
from zoneclf.deep.augmentation import Augmenter
from zoneclf.deep.batches import Clips, Floats, Inputs
from zoneclf.deep.checkpoint import CheckpointCard, save_checkpoint
from zoneclf.deep.history import Epoch, result_name
from zoneclf.deep.networks import branches, build, needs
from zoneclf.deep.recipe import LearningRecipe, plain
from zoneclf.deep.sets.embeddings import name_of
from zoneclf.deep.sets.track_set import TrackSet
from zoneclf.errors import TableError, UsageError
from zoneclf.store import TableNote, read_note

# Goes up when the same recipe on the same set would learn something else.
VERSION = 1
# Of a recipe, what changes nothing in the network.
_TELLING = ("about", "thresholds")
_LEAST_FRAMES = 8


S = TypeVar("S", bound=TrackSet)


@dataclass(frozen=True)
class Material(Generic[S]):
    """What a run learns from: a set, and, for a network that reads them, its embeddings.

    `name` is that of their table, also where it was the only one and nobody named it; `target` is
    the set that is adapted to, without its labels (`zoneclf.deep.target_set`).
    """

    prepared: S
    embeddings: Floats | None = field(default=None, repr=False)
    note: TableNote | None = None
    name: str = ""
    target: "Material[TrackSet] | None" = None

    def digest(self, recipe: LearningRecipe) -> str:
        """Return the hash of all that decides what is learnt."""
        # What is off is left out, so that it has the hash of a recipe that could not tell it.
        off = set(augmentation.NAMES) - set(recipe.augmentation.given)
        # Which set is adapted to is told by its hash, wherever it lies.
        off |= set(adaptation.NAMES if recipe.adapt == "none" else ["target"])
        told = {key: v for key, v in plain(recipe).items() if key not in {*_TELLING, *off}}
        content = [VERSION, self.prepared.sha256, told, self._noted]
        if self.target is not None:
            content += [self.target.prepared.sha256, self.target._noted]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def _noted(self) -> dict[str, Any] | None:
        return dataclasses.asdict(self.note) if self.note else None


def material_of(prepared: S, architecture: str, name: str = "") -> Material[S]:
    """Return what a network learns from; `name` chooses among a set's embeddings.

    Raises
    ------
    TableError
        If it reads embeddings and the set has none; with the command that makes them.
    """
    if "embedding" not in needs(architecture):
        return Material(prepared)
    try:
        path = prepared.embedding_file(name)
        name = name_of(path)
        return Material(prepared, prepared.embeddings(name), read_note(path), name)
    except TableError as error:
        hint = f"{architecture} reads embeddings; --architecture mel-cnn does without"
        raise TableError(f"{error} ({hint})") from error


def crop_frames(prepared: TrackSet, architecture: str, crop_s: float) -> int:
    """Return the frames of a crop: of so many seconds, or of the longest training clip.

    0 where the network reads no spectrogram.
    """
    if "spectrogram" not in needs(architecture):
        return 0
    asked = round(crop_s / prepared.spectrogram_settings.frame_s)
    longest = prepared.frame_counts[prepared.places("train")].max()
    return int(max(_LEAST_FRAMES, min(asked, longest)))


def learning_inputs(
    material: Material[Any],
    architecture: str,
    recipe: LearningRecipe,
    *,
    clips: Clips | None = None,
) -> Inputs:
    """Return what a network learns from: crops of the set's tracks, or of `clips` made of them.

    Raises
    ------
    UsageError
        If crops are to be changed and the network reads no spectrogram.
    """
    prepared: TrackSet = material.prepared
    given = recipe.augmentation.given
    frames = crop_frames(prepared, architecture, recipe.crop_s)
    if given and not frames:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise UsageError(f"{options}: changes what is heard, and {architecture} hears nothing")
    augmenter = None
    if given:
        augmenter = Augmenter(recipe.augmentation, prepared.spectrogram_settings)
    return Inputs(clips or prepared, frames, material.embeddings, augmenter)


def fresh_network(
    material: Material[Any], architecture: str, parameters: dict[str, Any], *, seed: int
) -> nn.Module:
    """Return a network with random weights that follow from the seed, and its inputs' units."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build(architecture, parameters)
    parts = branches(network)
    bands = material.prepared.statistics.get("bands", {})
    if "spectrogram" in parts and bands:
        parts["spectrogram"].units.set(torch.tensor(bands["mean"]), torch.tensor(bands["sd"]))
    if "embedding" in parts and material.embeddings is not None:
        train = material.prepared.places("train")
        seen = torch.from_numpy(material.embeddings[train]).double()
        parts["embedding"].units.set(seen.mean(0).float(), seen.std(0).float())
    return network


@dataclass(frozen=True, kw_only=True)
class Storing:
    """Stores a run's checkpoints, ``best`` and ``last``.

    `score` is what the validation score is called on the card; `training` what the task has to
    tell besides.  A network's use is as restricted as that of anything it learnt from: its set, its
    embeddings, and `begun_from`, the licence of the network that it goes on with.
    """

    task: str
    folder: Path
    material: Material[Any]
    recipe: LearningRecipe
    labels: tuple[str, ...]
    architecture: str
    parameters: dict[str, Any]
    score: str
    training: dict[str, Any] = field(default_factory=dict)
    begun_from: str = ""

    def __call__(self, name: str, network: nn.Module, epoch: Epoch) -> None:
        """Store `network` as it is after `epoch`."""
        prepared, note, target = self.material.prepared, self.material.note, self.material.target
        hears = "spectrogram" in needs(self.architecture)
        licences = [str(prepared.card.get("licence", "")), note.licence if note else ""]
        licences.append(self.begun_from)
        card = CheckpointCard(
            task=self.task,
            labels=self.labels,
            architecture=self.architecture,
            parameters=self.parameters,
            spectrogram=prepared.spectrogram_settings.as_json() if hears else None,
            embedding=dataclasses.asdict(note) if note else None,
            training_statistics=prepared.statistics if hears else {},
            training={
                "set": str(prepared.folder),
                "set_sha256": prepared.sha256,
                "recipe": plain(self.recipe),
                "epoch": epoch.epoch,
                self.score: epoch.score,
                "licence": max(licences),
                **({"target_sha256": target.prepared.sha256} if target else {}),
                **self.training,
            },
        )
        save_checkpoint(self.folder / name, network, card)


class StoringTask:
    """What tasks share: whose checkpoints tell their labels, network and score.

    A task says its `name`, its `score` in words, and the labels of what it learns from.
    """

    name: str
    score: str

    def labels_of(self, material: Any) -> tuple[str, ...]:
        """Return what the logits stand for, in order."""
        raise NotImplementedError

    def keeper(
        self, folder: Path, material: Any, recipe: Any, *, parameters: dict[str, Any]
    ) -> Storing:
        """Return what stores checkpoints in a run's folder."""
        return Storing(
            task=self.name,
            folder=folder,
            material=material,
            recipe=recipe,
            labels=self.labels_of(material),
            architecture=recipe.architecture,
            parameters=parameters,
            score=result_name(self.score),
        )
