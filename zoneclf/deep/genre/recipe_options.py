"""The options that change a recipe, once for every command that trains."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer


def _option(kind: Any, text: str, default: str, **more: Any) -> Any:
    """Return an option that is None where it is not given."""
    return Annotated[kind | None, typer.Option(help=text, show_default=default, **more)]


# By the recipe's own names, except `crop` for its `crop_s`.
OPTIONS: dict[str, Any] = {
    "architecture": _option(str, "mel-cnn, mert-mlp or fusion.", "mel-cnn"),
    "base_channels": _option(int, "Width of the CNN: 96, 128, ...", "96"),
    "cnn_features": _option(int, "Numbers that the CNN ends in.", "256"),
    "crop": _option(float, "Seconds that the CNN hears at once.", "3", metavar="SECONDS"),
    "epochs": _option(int, "At most so many.", "40"),
    "batch_size": _option(int, "Tracks per step.", "32"),
    "lr": _option(float, "Learning rate.", "0.0005"),
    "weight_decay": _option(float, "Weight decay of AdamW.", "0.00001"),
    "patience": _option(int, "Epochs without a better PR-AUC until it stops.", "8"),
    "dropout": _option(float, "Share of numbers left out while learning.", "0.3"),
    "mert_dropout": _option(float, "The same in MERT's branch alone.", "--dropout"),
    "loss": _option(str, "bce or focal.", "bce"),
    "gamma": _option(float, "Focus of the focal loss.", "2"),
    "alpha": _option(float, "Weight of positives in the focal loss, 0 to 1.", "none"),
    "pos_weight_power": _option(float, "Weights (neg/pos)^power; 0: none.", "0.5"),
    "pos_weight_cap": _option(float, "Greatest such weight.", "50"),
    "schedule": _option(str, "cosine or plateau.", "cosine"),
    "clip": _option(float, "Longest gradient; 0: any.", "1"),
    "seed": _option(int, "Seed of weights, order, crops and dropout.", "0"),
}
_PLACE = "changes"


def takes_recipe(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options in place of its parameter ``changes``, a dictionary of them.

    What was not given is not in the dictionary.
    """
    own = inspect.signature(command, eval_str=True).parameters.values()
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = []
    for one in own:
        kinds = OPTIONS.items() if one.name == _PLACE else [(one.name, one.annotation)]
        default = None if one.name == _PLACE else one.default
        parameters += [
            inspect.Parameter(name, keyword, default=default, annotation=kind)
            for name, kind in kinds
        ]

    @wraps(command)
    def run(**given: Any) -> None:
        changes = {name: given.pop(name) for name in OPTIONS}
        renamed = {"crop_s" if name == "crop" else name: v for name, v in changes.items()}
        given[_PLACE] = {name: value for name, value in renamed.items() if value is not None}
        command(**given)

    vars(run)["__signature__"] = inspect.Signature(parameters)
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run
