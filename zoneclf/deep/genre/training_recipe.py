"""How a genre network is made and trained: one frozen `Recipe`, and the presets that ship with it.

The presets retrace five stages in which an earlier model of the same kind was changed: fusion of a
CNN with MERT, heavy class weights, soft ones, focal loss, and trust in MERT.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zoneclf.deep.recipe import Bounds, LearningRecipe, require_bounds
from zoneclf.deep.strict import MisfitError, build
from zoneclf.errors import SettingsError, UsageError
from zoneclf.yaml_file import read_yaml

Architecture = Literal["mel-cnn", "mert-mlp", "fusion"]
LossName = Literal["bce", "focal"]
Thresholds = Literal["global", "per-genre"]

FOLDER = Path(__file__).parent / "presets"
# In the order of the stages.
PRESETS = ("fusion", "weighted", "soft", "focal", "trust-mert")


@dataclass(frozen=True, kw_only=True)
class Recipe(LearningRecipe):
    """All that a run of training can be told.

    `cnn_features` and `mert_units` are what each branch gives to the fusion; `mert_dropout` is that
    of MERT's branch alone (null: `dropout`); `alpha` and `pos_weight_cap` may be null, which is
    none; `thresholds` says which ones suit the recipe: one for all genres, or one for each.
    """

    architecture: Architecture = "mel-cnn"
    base_channels: int = 96
    cnn_features: int = 256
    mert_units: tuple[int, ...] = (256, 128)
    mert_dropout: float | None = None
    loss: LossName = "bce"
    gamma: float = 2.0
    alpha: float | None = None
    pos_weight_power: float = 0.5
    pos_weight_cap: float | None = 50.0
    thresholds: Thresholds = "global"

    def __post_init__(self) -> None:
        super().__post_init__()
        require_bounds(self, _BOUNDS)
        if not self.mert_units or not all(1 <= units <= 4096 for units in self.mert_units):
            raise MisfitError(f"mert_units is {list(self.mert_units)}; from 1 to 4096 each")


_BOUNDS: Bounds = {
    "base_channels": (4, 1024),
    "cnn_features": (1, 4096),
    "mert_dropout": (0, 0.95),
    "gamma": (0, 20),
    "alpha": (0, 1),
    "pos_weight_power": (0, 3),
    "pos_weight_cap": (1, 1e6),
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
