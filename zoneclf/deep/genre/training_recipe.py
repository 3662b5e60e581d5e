"""How a genre network is made and trained: one frozen `Recipe`, and the presets that ship with it.

The presets retrace five stages in which an earlier model of the same kind was changed: fusion of a
CNN with MERT, heavy class weights, soft ones, focal loss, and trust in MERT.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from zoneclf.deep.schedules import Schedule
from zoneclf.deep.strict import MisfitError, build
from zoneclf.deep.training import FitSettings
from zoneclf.errors import SettingsError, UsageError
from zoneclf.yaml_file import read_yaml

Architecture = Literal["mel-cnn", "mert-mlp", "fusion"]
LossName = Literal["bce", "focal"]
Thresholds = Literal["global", "per-genre"]

FOLDER = Path(__file__).parent / "presets"
# In the order of the stages.
PRESETS = ("fusion", "weighted", "soft", "focal", "trust-mert")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All that a run of training can be told.

    `cnn_features` and `mert_units` are what each branch gives to the fusion; `mert_dropout` is that
    of MERT's branch alone (null: `dropout`); `crop_s` the seconds that the CNN hears at once;
    `alpha` and `pos_weight_cap` may be null, which is none; `thresholds` says which ones suit the
    recipe: one for all genres, or one for each.
    """

    about: str = ""
    architecture: Architecture = "mel-cnn"
    base_channels: int = 96
    cnn_features: int = 256
    mert_units: tuple[int, ...] = (256, 128)
    dropout: float = 0.3
    mert_dropout: float | None = None
    crop_s: float = 3.0
    loss: LossName = "bce"
    gamma: float = 2.0
    alpha: float | None = None
    pos_weight_power: float = 0.5
    pos_weight_cap: float | None = 50.0
    epochs: int = 40
    batch_size: int = 32
    lr: float = 5e-4
    weight_decay: float = 1e-5
    patience: int = 8
    schedule: Schedule = "cosine"
    clip: float = 1.0
    seed: int = 0
    thresholds: Thresholds = "global"

    def __post_init__(self) -> None:
        for name, (least, most) in _BOUNDS.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                raise MisfitError(f"{name} is {value}; it must be from {least:g} to {most:g}")
        if not self.mert_units or not all(1 <= units <= 4096 for units in self.mert_units):
            raise MisfitError(f"mert_units is {list(self.mert_units)}; from 1 to 4096 each")

    @property
    def fit(self) -> FitSettings:
        """What the training loop is told."""
        names = [one.name for one in dataclasses.fields(FitSettings)]
        return FitSettings(**{name: getattr(self, name) for name in names})


_BOUNDS: dict[str, tuple[float, float]] = {
    "base_channels": (4, 1024),
    "cnn_features": (1, 4096),
    "dropout": (0, 0.95),
    "mert_dropout": (0, 0.95),
    "crop_s": (0.2, 600),
    "gamma": (0, 20),
    "alpha": (0, 1),
    "pos_weight_power": (0, 3),
    "pos_weight_cap": (1, 1e6),
    "epochs": (1, 100_000),
    "batch_size": (2, 65_536),
    "lr": (1e-8, 10),
    "weight_decay": (0, 10),
    "patience": (1, 100_000),
    "clip": (0, 1e6),
    "seed": (0, 2**32 - 1),
}


def read_recipe(name: str) -> Recipe:
    """Return a preset by name, or the recipe in a YAML file; an empty name is the default.

    Raises
    ------
    UsageError
        If there is no such preset or file.
    SettingsError
        If the file has a key that a recipe lacks, or a value that it cannot have.
    """
    if not name:
        return Recipe()
    path = FOLDER / f"{name}.yaml" if name in PRESETS else Path(name)
    if path.suffix not in {".yaml", ".yml"} or not path.is_file():
        raise UsageError(f"--preset {name}: must be {', '.join(PRESETS)}, or a YAML file that is")
    try:
        return build(Recipe, read_yaml(path) or {})
    except MisfitError as error:
        raise SettingsError(f"{path}: {error}") from None


def changed(recipe: Recipe, options: Mapping[str, Any]) -> Recipe:
    """Return the recipe with options in place of what it says; None leaves what it says.

    Raises
    ------
    UsageError
        If an option has a value that it cannot have.
    """
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return build(Recipe, plain(recipe) | given)
    except MisfitError as error:
        name, _, rest = str(error).partition(" ")
        option = name.removesuffix("_s").replace("_", "-")
        raise UsageError(f"--{option} {rest}") from None


def plain(recipe: Recipe) -> dict[str, Any]:
    """Return plain values, fit for JSON."""
    found = dataclasses.asdict(recipe)
    return found | {"mert_units": list(recipe.mert_units)}
