"""A prepared set and a recipe become a network: the lesson, the loss, the checkpoints' card."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from zoneclf.deep.batches import Floats, Inputs
from zoneclf.deep.checkpoint import CheckpointCard, save_checkpoint
from zoneclf.deep.genre.prepared import PreparedSet
from zoneclf.deep.genre.ranking import average_precision, steps_of
from zoneclf.deep.genre.training_recipe import Recipe, plain
from zoneclf.deep.history import Epoch
from zoneclf.deep.losses import describe_weights, focal, pos_weights, weighted_bce
from zoneclf.deep.networks import branches, build, needs
from zoneclf.deep.sets.embeddings import name_of
from zoneclf.deep.training import Lesson
from zoneclf.errors import TableError
from zoneclf.store import TableNote, read_note

TASK = "genre"
SCORE = "PR-AUC"
# Goes up when the same recipe on the same set would learn something else.
VERSION = 1


@dataclass(frozen=True)
class Material:
    """What a run learns from: a set, and, for a network that reads them, its embeddings.

    `name` is that of their table, also where it was the only one and nobody named it.
    """

    prepared: PreparedSet
    embeddings: Floats | None = field(default=None, repr=False)
    note: TableNote | None = None
    name: str = ""

    def digest(self, recipe: Recipe) -> str:
        """Return the hash of all that decides what is learnt."""
        told = {key: value for key, value in plain(recipe).items() if key not in _TELLING}
        note = dataclasses.asdict(self.note) if self.note else None
        content = [VERSION, self.prepared.sha256, told, note]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


# Of a recipe, what changes nothing in the network.
_TELLING = ("about", "thresholds")


def material_of(prepared: PreparedSet, recipe: Recipe, name: str = "") -> Material:
    """Return what a recipe learns from; `name` chooses among a set's embeddings.

    Raises
    ------
    TableError
        If it reads embeddings and the set has none; with the command that makes them.
    """
    if "embedding" not in needs(recipe.architecture):
        return Material(prepared)
    try:
        path = prepared.embedding_file(name)
        name = name_of(path)
        return Material(prepared, prepared.embeddings(name), read_note(path), name)
    except TableError as error:
        hint = f"{recipe.architecture} reads embeddings; --architecture mel-cnn does without"
        raise TableError(f"{error} ({hint})") from error


def lesson_of(material: Material, recipe: Recipe, device: str) -> tuple[Lesson, list[str]]:
    """Return what is learnt, and what to say of the class weights in debug output."""
    prepared = material.prepared
    train, valid = (prepared.places(split) for split in ("train", "valid"))
    if not len(train) or not prepared.targets[valid].any():
        raise TableError(
            f"{prepared.folder}: has {len(train)} tracks to train on, and {len(valid)} to validate "
            "on; prepare it with more tracks or other shares"
        )
    targets = torch.from_numpy(prepared.targets.astype(np.float32))
    weights = pos_weights(targets[train], recipe.pos_weight_power, recipe.pos_weight_cap)
    reads = needs(recipe.architecture)
    frames = _frames(prepared, train, recipe) if "spectrogram" in reads else 0
    lesson = Lesson(
        inputs=Inputs(prepared, frames, material.embeddings),
        targets=targets,
        train=train.tolist(),
        valid=valid.tolist(),
        loss=_Loss(recipe, weights.to(device)),
        score=macro_average_precision,
        score_name=SCORE,
    )
    return lesson, describe_weights(targets[train], weights, prepared.genres)


@dataclass(frozen=True)
class _Loss:
    recipe: Recipe
    weights: Tensor

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        recipe = self.recipe
        if recipe.loss == "bce":
            return weighted_bce(logits, targets, self.weights)
        return focal(logits, targets, recipe.gamma, alpha=recipe.alpha, pos_weight=self.weights)


def macro_average_precision(
    logits: npt.NDArray[np.float32], targets: npt.NDArray[np.floating]
) -> float:
    """Return the mean average precision of the genres that any track has."""
    true = targets > 0
    there = np.flatnonzero(true.any(axis=0))
    found = [average_precision(steps_of(true[:, g], logits[:, g]))[0] for g in there]
    return float(np.mean(found))


def network_of(material: Material, recipe: Recipe, lesson: Lesson) -> tuple[nn.Module, Any]:
    """Return a network with random weights that follow from the seed, and its parameters."""
    parameters = parameters_of(material, recipe, lesson.inputs.frames)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        network = build(recipe.architecture, parameters)
    parts = branches(network)
    bands = material.prepared.statistics.get("bands", {})
    if "spectrogram" in parts and bands:
        parts["spectrogram"].units.set(torch.tensor(bands["mean"]), torch.tensor(bands["sd"]))
    if "embedding" in parts and material.embeddings is not None:
        seen = torch.from_numpy(material.embeddings[lesson.train]).double()
        parts["embedding"].units.set(seen.mean(0).float(), seen.std(0).float())
    return network, parameters


def parameters_of(material: Material, recipe: Recipe, frames: int) -> dict[str, Any]:
    """Return the parameters of a recipe's network for these inputs and labels."""
    prepared = material.prepared
    cnn = {
        "labels": len(prepared.genres),
        "mels": prepared.spectrogram_settings.mels,
        "frames": frames,
        "base_channels": recipe.base_channels,
        "features": recipe.cnn_features,
        "dropout": recipe.dropout,
    }
    if material.embeddings is None:
        return cnn
    mert = {
        "labels": len(prepared.genres),
        "inputs": material.embeddings.shape[1],
        "units": list(recipe.mert_units),
        "dropout": recipe.dropout if recipe.mert_dropout is None else recipe.mert_dropout,
    }
    if recipe.architecture == "mert-mlp":
        return mert
    return {"cnn": cnn, "mert": mert, "dropout": recipe.dropout}


@dataclass(frozen=True)
class Storing:
    """Stores a run's checkpoints, ``best`` and ``last``."""

    folder: Path
    material: Material
    recipe: Recipe
    parameters: dict[str, Any]

    def __call__(self, name: str, network: nn.Module, epoch: Epoch) -> None:
        """Store `network` as it is after `epoch`."""
        prepared, note = self.material.prepared, self.material.note
        reads = needs(self.recipe.architecture)
        hears = "spectrogram" in reads
        card = CheckpointCard(
            task=TASK,
            labels=prepared.genres,
            architecture=self.recipe.architecture,
            parameters=self.parameters,
            spectrogram=prepared.spectrogram_settings.as_json() if hears else None,
            embedding=dataclasses.asdict(note) if note else None,
            training_statistics=prepared.statistics if hears else {},
            training={
                "set": str(prepared.folder),
                "set_sha256": prepared.sha256,
                "recipe": plain(self.recipe),
                "epoch": epoch.epoch,
                "valid_pr_auc": epoch.score,
                "licence": note.licence if note else "",
            },
        )
        save_checkpoint(self.folder / name, network, card)


def _frames(prepared: PreparedSet, train: npt.NDArray[np.int64], recipe: Recipe) -> int:
    """Return the frames of a crop: as many as the recipe says, or the longest clip has."""
    asked = round(recipe.crop_s / prepared.spectrogram_settings.frame_s)
    return int(max(8, min(asked, prepared.frame_counts[train].max())))
