"""The options that change a mood network's recipe."""

from typing import Any

from zoneclf.deep.recipe_options import LEARNING, option

OPTIONS: dict[str, Any] = {
    "architecture": option(str, "mood-resnet, mel-cnn or mert-mlp.", "mood-resnet"),
    "base_channels": option(int, "Width of the network.", "32"),
    "blocks": option(int, "Residual blocks in each of three stages.", "2"),
    "features": option(int, "Numbers that the network ends in.", "128"),
    "label_smoothing": option(float, "Share of a target that all moods get.", "0"),
    "class_weight_power": option(float, "Weights (most/own)^power; 0: none.", "0"),
    **LEARNING,
}
