"""How a mood network is made and trained."""

from dataclasses import dataclass
from typing import Literal

from zoneclf.deep.recipe import Bounds, LearningRecipe, require_bounds

Architecture = Literal["mood-resnet", "mel-cnn", "mert-mlp"]
_BOUNDS: Bounds = {
    "base_channels": (4, 1024),
    "blocks": (1, 8),
    "features": (1, 4096),
    "label_smoothing": (0, 0.9),
    "class_weight_power": (0, 3),
}


@dataclass(frozen=True, kw_only=True)
class MoodRecipe(LearningRecipe):
    """All that a run of training can be told.

    `blocks` are those of each stage of a mood-resnet; `features` what its last layer sees, and the
    hidden units of a mert-mlp.  `label_smoothing` is the share of every target that goes to all
    moods alike (Szegedy et al., 2016).  A track of a mood weighs (most / own)^`class_weight_power`,
    its tracks against those of the most frequent mood; 0 is no weighting.
    """

    architecture: Architecture = "mood-resnet"
    base_channels: int = 32
    blocks: int = 2
    features: int = 128
    label_smoothing: float = 0.0
    class_weight_power: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_bounds(self, _BOUNDS)
