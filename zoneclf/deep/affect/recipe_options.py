"""The options that change the recipe of a network of arousal and valence."""

from typing import Any

from zoneclf.deep.recipe_options import LEARNING, option

OPTIONS: dict[str, Any] = {
    "backbone": option(str, "mel-cnn, mood-resnet, wav2vec2 or mert.", "mel-cnn"),
    "mood": option(str, "Mood run whose ResNet is gone on with.", "none", metavar="RUN"),
    "freeze": option(str, "What of it stays: all, part or none.", "all"),
    "loss": option(str, "mse, or ccc: 1 - concordance.", "mse"),
    "targets": option(str, "static, or dynamic: courses in time.", "static"),
    "base_channels": option(int, "Width of a CNN from nothing.", "32"),
    "features": option(int, "Numbers that it ends in.", "128"),
    **LEARNING,
}
