"""A prepared set and a recipe become a genre network: the lesson, the loss, the parameters."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from zoneclf.deep.genre.prepared import PreparedSet, load_prepared
from zoneclf.deep.genre.ranking import average_precision, steps_of
from zoneclf.deep.genre.training_recipe import Recipe
from zoneclf.deep.losses import describe_weights, focal, pos_weights, weighted_bce
from zoneclf.deep.material import Material, StoringTask, fresh_network, learning_inputs, material_of
from zoneclf.deep.target_set import with_target
from zoneclf.deep.training import Lesson
from zoneclf.errors import TableError

SCORE = "PR-AUC"
GenreMaterial = Material[PreparedSet]


def lesson_of(material: GenreMaterial, recipe: Recipe, device: str) -> tuple[Lesson, list[str]]:
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
    lesson = Lesson(
        inputs=learning_inputs(material, recipe.architecture, recipe),
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


def parameters_of(material: GenreMaterial, recipe: Recipe, frames: int) -> dict[str, Any]:
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


class GenreTask(StoringTask):
    """Multi-label genre: weighted cross-entropies, stopped by the mean average precision."""

    name = "genre"
    score = SCORE
    recipe = Recipe

    def material(self, set_folder: Path, recipe: Recipe, embeddings: str) -> GenreMaterial:
        """Return what a recipe learns from."""
        material = material_of(load_prepared(set_folder), recipe.architecture, embeddings)
        return with_target(material, recipe.adapting, recipe.architecture)

    def lesson(
        self, material: GenreMaterial, recipe: Recipe, device: str
    ) -> tuple[Lesson, list[str]]:
        """Return what is learnt, and what to say of the class weights in debug output."""
        return lesson_of(material, recipe, device)

    def network(
        self, material: GenreMaterial, recipe: Recipe, lesson: Lesson
    ) -> tuple[nn.Module, dict[str, Any]]:
        """Return a network with random weights that follow from the seed, and its parameters."""
        parameters = parameters_of(material, recipe, lesson.inputs.frames)
        network = fresh_network(material, recipe.architecture, parameters, seed=recipe.seed)
        return network, parameters

    def labels_of(self, material: GenreMaterial) -> tuple[str, ...]:
        """Return genres, in the set's order."""
        return material.prepared.genres


GENRE = GenreTask()
