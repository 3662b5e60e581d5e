"""A set with one mood per track and a recipe become a network: lesson, loss, parameters."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from zoneclf.deep.genre.prepared import PreparedSet, load_prepared
from zoneclf.deep.losses import describe_weights
from zoneclf.deep.material import Material, StoringTask, fresh_network, learning_inputs, material_of
from zoneclf.deep.mood.recipe import MoodRecipe
from zoneclf.deep.target_set import with_target
from zoneclf.deep.training import Lesson
from zoneclf.errors import TableError

SCORE = "balanced accuracy"
MoodMaterial = Material[PreparedSet]
Codes = npt.NDArray[np.int64]
_FEWEST_MOODS = 2


def codes_of(prepared: PreparedSet) -> Codes:
    """Return each track's mood as its place among the labels, shape (tracks,); -1 for none.

    Raises
    ------
    TableError
        If a track that is used has not exactly one.
    """
    counts = prepared.targets.sum(axis=1)
    odd = int((prepared.used & (counts != 1)).sum())
    if odd:
        raise TableError(
            f"{prepared.folder}: {odd} of its tracks have not exactly one mood; make a set "
            "of moods with `zoneclf deep mood prepare`"
        )
    return np.where(counts == 1, prepared.targets.argmax(axis=1), -1)


def lesson_of(material: MoodMaterial, recipe: MoodRecipe, device: str) -> tuple[Lesson, list[str]]:
    """Return what is learnt, and what to say of the class weights in debug output."""
    prepared, codes = material.prepared, codes_of(material.prepared)
    train, valid = (prepared.places(split) for split in ("train", "valid"))
    if len(np.unique(codes[train])) < _FEWEST_MOODS or not len(valid):
        raise TableError(
            f"{prepared.folder}: has {len(np.unique(codes[train]))} moods to learn, and "
            f"{len(valid)} tracks to validate on; at least {_FEWEST_MOODS} and 1 are needed"
        )
    one_hot = torch.from_numpy(prepared.targets[train].astype(np.float32))
    weights = class_weights(one_hot.sum(0), recipe.class_weight_power)
    lesson = Lesson(
        inputs=learning_inputs(material, recipe.architecture, recipe),
        targets=torch.from_numpy(codes),
        train=train.tolist(),
        valid=valid.tolist(),
        loss=_Loss(weights.to(device), recipe.label_smoothing),
        score=balanced_accuracy,
        score_name=SCORE,
    )
    return lesson, describe_weights(one_hot, weights, prepared.genres)


def class_weights(counts: Tensor, power: float) -> Tensor:
    """Return (most / own)^power for moods of so many tracks, 1 where there is none."""
    known = counts.clamp_min(1)
    return torch.where(counts > 0, counts.max() / known, 1.0).pow(power)


@dataclass(frozen=True)
class _Loss:
    """Cross-entropy: a mean over tracks, each with its mood's weight."""

    weights: Tensor
    smoothing: float

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        return functional.cross_entropy(
            logits, targets, self.weights, label_smoothing=self.smoothing
        )


def balanced_accuracy(logits: npt.NDArray[np.float32], targets: npt.NDArray[Any]) -> float:
    """Return the mean, over the moods that any track has, of the share that is recognised."""
    right = logits.argmax(axis=1) == targets
    moods = np.unique(targets)
    return float(np.mean([right[targets == mood].mean() for mood in moods]))


def parameters_of(material: MoodMaterial, recipe: MoodRecipe, frames: int) -> dict[str, Any]:
    """Return the parameters of a recipe's network for these inputs and moods."""
    shared = {"labels": len(material.prepared.genres), "dropout": recipe.dropout}
    if material.embeddings is not None:
        inputs = material.embeddings.shape[1]
        return {**shared, "inputs": inputs, "units": [recipe.features]}
    heard = {
        **shared,
        "mels": material.prepared.spectrogram_settings.mels,
        "frames": frames,
        "base_channels": recipe.base_channels,
        "features": recipe.features,
    }
    return heard | ({"blocks": recipe.blocks} if recipe.architecture == "mood-resnet" else {})


class MoodTask(StoringTask):
    """One mood per track: cross-entropy, stopped by balanced accuracy."""

    name = "mood"
    score = SCORE
    recipe = MoodRecipe

    def material(self, set_folder: Path, recipe: MoodRecipe, embeddings: str) -> MoodMaterial:
        """Return what a recipe learns from."""
        material = material_of(load_prepared(set_folder), recipe.architecture, embeddings)
        return with_target(material, recipe.adapting, recipe.architecture)

    def lesson(
        self, material: MoodMaterial, recipe: MoodRecipe, device: str
    ) -> tuple[Lesson, list[str]]:
        """Return what is learnt, and what to say of the class weights in debug output."""
        return lesson_of(material, recipe, device)

    def network(
        self, material: MoodMaterial, recipe: MoodRecipe, lesson: Lesson
    ) -> tuple[nn.Module, dict[str, Any]]:
        """Return a network with random weights that follow from the seed, and its parameters."""
        parameters = parameters_of(material, recipe, lesson.inputs.frames)
        network = fresh_network(material, recipe.architecture, parameters, seed=recipe.seed)
        return network, parameters

    def labels_of(self, material: MoodMaterial) -> tuple[str, ...]:
        """Return moods, in the set's order."""
        return material.prepared.genres


MOOD = MoodTask()
