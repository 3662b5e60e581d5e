"""How a network of arousal and valence is made and trained: one frozen `AffectRecipe`."""

from dataclasses import dataclass
from typing import Literal

from zoneclf.deep.recipe import Bounds, LearningRecipe, require_bounds
from zoneclf.deep.strict import MisfitError

Backbone = Literal["mel-cnn", "mood-resnet", "wav2vec2", "mert"]
LossName = Literal["mse", "ccc"]
Targets = Literal["static", "dynamic"]
Freeze = Literal["none", "part", "all"]

BACKBONES: tuple[Backbone, ...] = ("mel-cnn", "mood-resnet", "wav2vec2", "mert")
# Whose embeddings are made before, by an encoder that never learns.
ENCODERS = ("wav2vec2", "mert")


@dataclass(frozen=True, kw_only=True)
class AffectRecipe(LearningRecipe):
    """All that a run of training can be told.

    Attributes
    ----------
    backbone
        What hears: a CNN that begins from nothing, the ResNet of a mood network, or an encoder
        whose embeddings of the set are there already.
    mood, mood_sha256
        Folder of the mood checkpoint whose ResNet is gone on with, and the hash of its weights;
        empty: begin from nothing.
    freeze
        What of that ResNet stays as it is: nothing, all but its last part, or everything, so that
        the regression head alone learns.
    loss
        Squared error in units of the training tracks' spread, or 1 - concordance.
    targets
        One pair of values per track, or the mean of its course in every window of `crop_s` seconds.
    base_channels, features
        Width of a CNN, and the numbers it ends in; a mood checkpoint has its own.
    units
        Hidden layers on embeddings.
    """

    backbone: Backbone = "mel-cnn"
    mood: str = ""
    mood_sha256: str = ""
    freeze: Freeze = "none"
    loss: LossName = "mse"
    targets: Targets = "static"
    base_channels: int = 32
    features: int = 128
    units: tuple[int, ...] = (128,)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_bounds(self, _BOUNDS)
        if not 1 <= len(self.units) <= 6 or not all(1 <= units <= 4096 for units in self.units):
            raise MisfitError(f"units is {list(self.units)}; 1 to 6 layers of 1 to 4096")
        if self.mood and self.backbone != "mood-resnet":
            raise MisfitError(f"mood is given; backbone is {self.backbone}, not mood-resnet")
        if self.freeze != "none" and not self.mood:
            raise MisfitError(
                f"freeze is {self.freeze}; without mood nothing has been learnt that could stay"
            )
        if self.targets == "dynamic" and self.backbone in ENCODERS:
            raise MisfitError(
                f"targets is dynamic; {self.backbone} has one embedding per track, so take mel-cnn "
                "or mood-resnet"
            )

    @property
    def architecture(self) -> str:
        """The network's name in `zoneclf.deep.networks`."""
        return "mert-mlp" if self.backbone in ENCODERS else self.backbone


_BOUNDS: Bounds = {"base_channels": (4, 1024), "features": (1, 4096)}
