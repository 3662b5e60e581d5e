"""The set that a network adapts to, as material without labels.

Only tracks, splits, artists and sound of a target set are taken; its labels are dropped where it is
opened, so nothing that learns or measures can see them.
"""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any, cast

from torch import nn

from zoneclf.deep.adaptation import Adaptation, AdaptSettings
from zoneclf.deep.batches import Inputs
from zoneclf.deep.material import Material, material_of
from zoneclf.deep.networks import needs
from zoneclf.deep.recipe import LearningRecipe
from zoneclf.deep.sets.embeddings import alike, command_for
from zoneclf.deep.sets.loading import load_set
from zoneclf.deep.sets.track_set import TrackSet
from zoneclf.deep.task import M
from zoneclf.errors import TableError, UsageError

_FEWEST = 2


def with_target(material: M, how: AdaptSettings, architecture: str) -> M:
    """Return what a run learns from with the set that it adapts to, if it does.

    Raises
    ------
    TableError
        If that is no set, has too few training tracks, or its spectrograms or embeddings were made
        otherwise.
    """
    if how.adapt == "none":
        return material
    prepared = unlabelled(load_set(Path(how.target)))
    own = material.prepared.spectrogram_settings.as_json()
    other = prepared.spectrogram_settings.as_json()
    apart = [name for name in own if own[name] != other.get(name)]
    if apart and "spectrogram" in needs(architecture):
        words = ", ".join(f"{n} {other.get(n)} instead of {own[n]}" for n in apart[:3])
        raise TableError(
            f"{prepared.folder}: its spectrograms are not made as those of "
            f"{material.prepared.folder} ({words}); prepare it with the same settings"
        )
    if len(prepared.places("train")) < _FEWEST:
        raise TableError(
            f"{prepared.folder}: has fewer than {_FEWEST} tracks in the split train, from which "
            "--target learns; prepare it with more tracks or other shares"
        )
    target = material_of(prepared, architecture, _alike(material, prepared))
    return replace(material, target=target)


def unlabelled(labelled: TrackSet) -> TrackSet:
    """Return a set without its labels and without all that its card says of them."""
    kept = {one.name: getattr(labelled, one.name) for one in fields(TrackSet)}
    return TrackSet(**kept | {"statistics": {}, "card": {"sha256": labelled.sha256}})


def _alike(material: Material[Any], prepared: TrackSet) -> str:
    """Return the name of the target set's embeddings that were made as the labelled set's."""
    if material.note is None:
        return ""
    wanted = material.note.spec
    name, spec = alike(prepared, wanted, material.name)
    if spec != wanted:
        command = command_for(prepared.folder, material.note.notes)
        raise TableError(
            f"{prepared.folder}: has no embeddings made as those of {material.prepared.folder} "
            f"({wanted.descriptors}); run `{command}`"
        )
    return name


def adaptation_for(
    material: Material[Any], recipe: LearningRecipe, network: nn.Module, inputs: Inputs
) -> Adaptation | None:
    """Return what a run's learner does besides its task; None where nothing is adapted to.

    Raises
    ------
    UsageError
        If all that features come from is frozen.
    """
    if material.target is None:
        return None
    learnt = [name for name, weight in network.named_parameters() if weight.requires_grad]
    if all(name.startswith("head.") for name in learnt):
        raise UsageError(
            f"--adapt {recipe.adapt}: only the head learns, and features that are frozen cannot "
            "adapt; take --freeze part or none"
        )
    return Adaptation(
        recipe.adapting,
        inputs_of(material.target, inputs),
        places=material.target.prepared.places("train").tolist(),
        features=cast(nn.Linear, network.head).in_features,
        seed=recipe.seed,
    )


def inputs_of(material: Material[Any], like: Inputs) -> Inputs:
    """Return inputs of another set that are heard like those of the first."""
    return replace(like, clips=material.prepared, embeddings=material.embeddings)
