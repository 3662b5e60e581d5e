"""What the recipe of any task says of learning, and how options take the place of what it says."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from zoneclf.deep import adaptation, augmentation
from zoneclf.deep.adaptation import AdaptSettings
from zoneclf.deep.augmentation import Augmentation
from zoneclf.deep.strict import MisfitError, build
from zoneclf.deep.training import FitSettings
from zoneclf.errors import UsageError

Bounds = Mapping[str, tuple[float, float]]
R = TypeVar("R", bound="LearningRecipe")
BOUNDS: Bounds = {
    "dropout": (0, 0.95),
    "crop_s": (0.2, 600),
    "epochs": (1, 100_000),
    "batch_size": (2, 65_536),
    "lr": (1e-8, 10),
    "weight_decay": (0, 10),
    "patience": (1, 100_000),
    "clip": (0, 1e6),
    "seed": (0, 2**32 - 1),
    **augmentation.BOUNDS,
    **adaptation.BOUNDS,
}


@dataclass(frozen=True, kw_only=True)
class LearningRecipe(FitSettings, Augmentation, AdaptSettings):
    """What any run of training can be told; a task's own recipe says the rest.

    `crop_s` are the seconds of a spectrogram that a network hears at once.
    """

    about: str = ""
    dropout: float = 0.3
    crop_s: float = 3.0

    def __post_init__(self) -> None:
        require_bounds(self, BOUNDS)
        if self.adapt != "none" and not self.target:
            raise MisfitError(f"adapt is {self.adapt}; it needs --target, a set to adapt to")
        if self.adapt == "none" and self.target:
            raise MisfitError(f"target is {self.target}; it needs --adapt dann or --adapt coral")

    @property
    def fit(self) -> FitSettings:
        """What the training loop is told."""
        names = [one.name for one in dataclasses.fields(FitSettings)]
        return FitSettings(**{name: getattr(self, name) for name in names})

    @property
    def augmentation(self) -> Augmentation:
        """How crops are changed while it learns."""
        return Augmentation(**{name: getattr(self, name) for name in augmentation.NAMES})

    @property
    def adapting(self) -> AdaptSettings:
        """How it pays heed to other sound."""
        return AdaptSettings(**{name: getattr(self, name) for name in adaptation.NAMES})


def require_bounds(recipe: LearningRecipe, bounds: Bounds) -> None:
    """Raise `MisfitError` if a number of a recipe is out of bounds; None is in them."""
    for name, (least, most) in bounds.items():
        value = getattr(recipe, name)
        if value is not None and not least <= value <= most:
            raise MisfitError(f"{name} is {value}; it must be from {least:g} to {most:g}")


def changed(recipe: R, options: Mapping[str, Any]) -> R:
    """Return the recipe with options in place of what it says; None leaves what it says.

    Raises
    ------
    UsageError
        If an option has a value that it cannot have.
    """
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return build(type(recipe), plain(recipe) | given)
    except MisfitError as error:
        name, _, rest = str(error).partition(" ")
        option = name.removesuffix("_s").replace("_", "-")
        raise UsageError(f"--{option} {rest}") from None


def plain(recipe: LearningRecipe) -> dict[str, Any]:
    """Return plain values, fit for JSON."""
    found = dataclasses.asdict(recipe)
    return {name: list(v) if isinstance(v, tuple) else v for name, v in found.items()}
