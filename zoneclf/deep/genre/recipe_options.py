"""The options that change a genre network's recipe."""

from typing import Any

from zoneclf.deep.recipe_options import LEARNING, option

OPTIONS: dict[str, Any] = {
    "architecture": option(str, "mel-cnn, mert-mlp or fusion.", "mel-cnn"),
    "base_channels": option(int, "Width of the CNN: 96, 128, ...", "96"),
    "cnn_features": option(int, "Numbers that the CNN ends in.", "256"),
    "mert_dropout": option(float, "Dropout of MERT's branch alone.", "--dropout"),
    "loss": option(str, "bce or focal.", "bce"),
    "gamma": option(float, "Focus of the focal loss.", "2"),
    "alpha": option(float, "Weight of positives in the focal loss, 0 to 1.", "none"),
    "pos_weight_power": option(float, "Weights (neg/pos)^power; 0: none.", "0.5"),
    "pos_weight_cap": option(float, "Greatest such weight.", "50"),
    **LEARNING,
}
