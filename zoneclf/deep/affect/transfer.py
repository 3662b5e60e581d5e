"""From moods to arousal and valence: a mood network's ResNet with a new head, frozen or not."""

import dataclasses
from pathlib import Path
from typing import Any

import torch
from torch import nn

from zoneclf.deep.affect.affect_set import NAMES, AffectSet
from zoneclf.deep.affect.recipe import AffectRecipe
from zoneclf.deep.checkpoint import CARD, load_checkpoint, read_card
from zoneclf.deep.finding import checkpoint_folder_of
from zoneclf.deep.networks import build
from zoneclf.errors import ModelError

TASK = "mood"
BACKBONE = "mood-resnet"


def with_mood(recipe: AffectRecipe, name: str) -> AffectRecipe:
    """Return the recipe that goes on with a mood run, or a checkpoint, of this name.

    Raises
    ------
    ModelError
        If there is none, or its network is another.
    """
    folder = checkpoint_folder_of(name, TASK)
    card = read_card(folder)
    if card.task != TASK or card.architecture != BACKBONE:
        raise ModelError(
            f"{folder / CARD}: is a {card.architecture} of task {card.task!r}; here a {BACKBONE} "
            f"of task {TASK!r} is needed"
        )
    return dataclasses.replace(recipe, mood=str(folder), mood_sha256=card.sha256)


def moved(
    recipe: AffectRecipe, prepared: AffectSet, frames: int
) -> tuple[nn.Module, dict[str, Any]]:
    """Return a mood network with a new head, and its parameters.

    Raises
    ------
    ModelError
        If the mood network has changed since the run began, or heard other spectrograms.
    """
    checkpoint = load_checkpoint(Path(recipe.mood), task=TASK)
    card, where = checkpoint.card, checkpoint.folder / CARD
    if card.sha256 != recipe.mood_sha256:
        raise ModelError(f"{where}: has changed since this run began; take another --name")
    _require_same(card.spectrogram or {}, prepared, where)
    given = {"labels": len(NAMES), "frames": frames, "dropout": recipe.dropout}
    parameters = {**card.parameters, **given}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        network = build(card.architecture, parameters)
    kept = {
        name: value
        for name, value in checkpoint.network.state_dict().items()
        if not name.startswith("head.")
    }
    network.load_state_dict(kept, strict=False)
    return network, parameters


def _require_same(told: dict[str, Any], prepared: AffectSet, where: Path) -> None:
    own = prepared.spectrogram_settings.as_json()
    # How long an excerpt is changes nothing in a frame of it.
    names = sorted(
        name for name in told | own if told.get(name) != own.get(name) and name != "excerpt_s"
    )
    if names:
        apart = ", ".join(f"{name} {own.get(name)}, not {told.get(name)}" for name in names[:3])
        raise ModelError(
            f"{prepared.folder}: its spectrograms are not those that {where.parent} learnt from "
            f"({apart}); prepare it with the same settings"
        )


def frozen(network: nn.Module, freeze: str) -> nn.Module:
    """Return the network with nothing, all but its last part and head, or all but its head fixed.

    The last part of the ResNet is its third stage and the hidden layer after it.
    """
    if freeze == "none":
        return network
    for weight in network.parameters():
        weight.requires_grad_(requires_grad=False)
    learning = [network.head]
    if freeze == "part":
        learning += [network.hidden, network.stages[-1]]
    for part in learning:
        for weight in part.parameters():
            weight.requires_grad_(requires_grad=True)
    return network
