"""A set with arousal and valence and a recipe become a network: lesson, loss, regression head."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from zoneclf.deep.affect.affect_set import NAMES, AffectSet, load_affect
from zoneclf.deep.affect.agreement import concordance
from zoneclf.deep.affect.losses import concordance_loss, spread_of, squared_error
from zoneclf.deep.affect.recipe import ENCODERS, AffectRecipe
from zoneclf.deep.affect.rescale import bounded
from zoneclf.deep.affect.transfer import frozen, moved
from zoneclf.deep.affect.windows import course_windows
from zoneclf.deep.batches import Floats, Inputs
from zoneclf.deep.checkpoint import checkpoint_folder, read_card
from zoneclf.deep.material import (
    Material,
    Storing,
    StoringTask,
    fresh_network,
    learning_inputs,
    material_of,
)
from zoneclf.deep.sets.embeddings import name_of
from zoneclf.deep.target_set import with_target
from zoneclf.deep.training import Lesson
from zoneclf.errors import TableError
from zoneclf.store import read_note

SCORE = "CCC"
AffectMaterial = Material[AffectSet]


def embeddings_of(prepared: AffectSet, backbone: str) -> str:
    """Return the name of the set's only embeddings by an encoder.

    Raises
    ------
    TableError
        If the set has none by it, or several; with the command that makes them.
    """
    tables = sorted(prepared.folder.glob("embeddings-*.parquet"))
    names = [
        name_of(path)
        for path in tables
        if read_note(path).spec.descriptors.partition("/")[0] == backbone
    ]
    if not names:
        model = "facebook/wav2vec2-base" if backbone == "wav2vec2" else "m-a-p/MERT-v1-95M"
        raise TableError(
            f"{prepared.folder}: has no embeddings by {backbone}; run `zoneclf deep embed --set "
            f"{prepared.folder} --model {model}` (or a folder with such a model) first"
        )
    if len(names) > 1:
        raise TableError(
            f"{prepared.folder}: has several embeddings by {backbone} ({', '.join(names)}); name "
            "one of them with --embeddings"
        )
    return names[0]


def lesson_of(
    material: AffectMaterial, recipe: AffectRecipe, device: str
) -> tuple[Lesson, list[str]]:
    """Return what is learnt, and what to say of the targets in debug output."""
    prepared = material.prepared
    train, valid = (prepared.places(split) for split in ("train", "valid"))
    if not len(train) or not len(valid):
        raise TableError(
            f"{prepared.folder}: has {len(train)} tracks to train on, and {len(valid)} to validate "
            "on; prepare it with more tracks or other shares"
        )
    inputs = learning_inputs(material, recipe.architecture, recipe)
    targets, places = prepared.targets, (train, valid)
    if recipe.targets == "dynamic":
        inputs, targets, places = _of_courses(prepared, places, inputs)
    known = torch.from_numpy(targets)
    spread = spread_of(known[places[0]])
    lesson = Lesson(
        inputs=inputs,
        targets=known,
        train=places[0].tolist(),
        valid=places[1].tolist(),
        loss=_Loss(recipe.loss, spread.to(device)),
        score=_score,
        score_name=SCORE,
    )
    means = known[places[0]].mean(0).tolist()
    pairs = zip(NAMES, means, spread.tolist(), strict=True)
    return lesson, [f"{name}: mean {mean:.2f}, spread {sd:.2f}" for name, mean, sd in pairs]


Places = npt.NDArray[np.int64]


def _of_courses(
    prepared: AffectSet, splits: tuple[Places, Places], inputs: Inputs
) -> tuple[Inputs, Floats, tuple[Places, Places]]:
    """Return inputs and targets of the windows of training and validation tracks, and which."""
    both = np.concatenate(splits)
    windows, targets = course_windows(prepared, both, inputs.frames)
    of_train = np.isin(windows.owners, splits[0])
    places = np.flatnonzero(of_train), np.flatnonzero(~of_train)
    if not places[0].size or not places[1].size:
        raise TableError(
            f"{prepared.folder}: has no courses in time to train and validate on; take --targets "
            "static, or prepare it from targets that have them"
        )
    return dataclasses.replace(inputs, clips=windows), targets, places


@dataclass(frozen=True)
class _Loss:
    name: str
    spread: Tensor

    def __call__(self, predicted: Tensor, targets: Tensor) -> Tensor:
        if self.name == "ccc":
            return concordance_loss(predicted, targets)
        return squared_error(predicted, targets, self.spread)


def _score(predicted: Floats, targets: Floats) -> float:
    return concordance(targets, bounded(predicted))


def parameters_of(material: AffectMaterial, recipe: AffectRecipe, frames: int) -> dict[str, Any]:
    """Return the parameters of a network that begins from nothing."""
    if material.embeddings is not None:
        return {
            "labels": len(NAMES),
            "inputs": material.embeddings.shape[1],
            "units": list(recipe.units),
            "dropout": recipe.dropout,
        }
    return {
        "labels": len(NAMES),
        "mels": material.prepared.spectrogram_settings.mels,
        "frames": frames,
        "base_channels": recipe.base_channels,
        "features": recipe.features,
        "dropout": recipe.dropout,
    }


class AffectTask(StoringTask):
    """Arousal and valence: squared error or concordance, stopped by the mean concordance."""

    name = "affect"
    score = SCORE
    recipe = AffectRecipe

    def material(self, set_folder: Path, recipe: AffectRecipe, embeddings: str) -> AffectMaterial:
        """Return what a recipe learns from."""
        prepared = load_affect(set_folder)
        if recipe.backbone in ENCODERS:
            embeddings = embeddings or embeddings_of(prepared, recipe.backbone)
        material = material_of(prepared, recipe.architecture, embeddings)
        found = material.note.spec.descriptors if material.note else recipe.backbone
        if recipe.backbone in ENCODERS and found.partition("/")[0] != recipe.backbone:
            raise TableError(
                f"{prepared.folder}: its embeddings {embeddings} are {found}, not by "
                f"{recipe.backbone}; name others with --embeddings, or take another --backbone"
            )
        return with_target(material, recipe.adapting, recipe.architecture)

    def lesson(
        self, material: AffectMaterial, recipe: AffectRecipe, device: str
    ) -> tuple[Lesson, list[str]]:
        """Return what is learnt, and what to say of the targets in debug output."""
        return lesson_of(material, recipe, device)

    def network(
        self, material: AffectMaterial, recipe: AffectRecipe, lesson: Lesson
    ) -> tuple[nn.Module, dict[str, Any]]:
        """Return the network as learning begins; its head says the training tracks' mean."""
        if recipe.mood:
            network, parameters = moved(recipe, material.prepared, lesson.inputs.frames)
        else:
            parameters = parameters_of(material, recipe, lesson.inputs.frames)
            network = fresh_network(material, recipe.architecture, parameters, seed=recipe.seed)
        with torch.no_grad():
            network.head.bias.copy_(lesson.targets[lesson.train].mean(0))
        return frozen(network, recipe.freeze), parameters

    def keeper(
        self, folder: Path, material: Any, recipe: Any, *, parameters: dict[str, Any]
    ) -> Storing:
        """Return what stores checkpoints in a run's folder."""
        storing = super().keeper(folder, material, recipe, parameters=parameters)
        if not recipe.mood:
            return storing
        begun_from = read_card(checkpoint_folder(Path(recipe.mood))).training.get("licence", "")
        return dataclasses.replace(storing, begun_from=str(begun_from))

    def labels_of(self, material: AffectMaterial) -> tuple[str, ...]:  # noqa: ARG002
        """Return the two dimensions."""
        return NAMES


AFFECT = AffectTask()
