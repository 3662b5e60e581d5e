"""Options that change a recipe, once for every command that trains."""

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Annotated, Any

import typer

Command = Callable[..., None]
_PLACE = "changes"


def option(kind: Any, text: str, default: str, **more: Any) -> Any:
    """Return the type of an option that is None where it is not given."""
    return Annotated[kind | None, typer.Option(help=text, show_default=default, **more)]


# By the recipe's own names, except `crop` for its `crop_s`.
LEARNING: dict[str, Any] = {
    "dropout": option(float, "Share of numbers left out while learning.", "0.3"),
    "crop": option(float, "Seconds that the CNN hears at once.", "3", metavar="SECONDS"),
    "epochs": option(int, "At most so many.", "40"),
    "batch_size": option(int, "Tracks per step.", "32"),
    "lr": option(float, "Learning rate.", "0.0005"),
    "weight_decay": option(float, "Weight decay of AdamW.", "0.00001"),
    "patience": option(int, "Epochs without a better score until it stops.", "8"),
    "schedule": option(str, "cosine or plateau.", "cosine"),
    "clip": option(float, "Longest gradient; 0: any.", "1"),
    "seed": option(int, "Seed of weights, order, crops and dropout.", "0"),
    "noise_db": option(float, "Add noise while learning: least sound over noise, in dB.", "none"),
    "stretch": option(float, "Change the tempo: 0.1 is up to 1.1 times.", "0"),
    "pitch": option(float, "Change the pitch by up to so many semitones.", "0"),
    "time_mask": option(float, "Blank up to this part of a crop's time.", "0"),
    "frequency_mask": option(float, "Blank up to this part of its bands.", "0"),
    "adapt": option(str, "Learn for the sound of --target, too: none, dann or coral.", "none"),
    "adapt_weight": option(float, "How hard.", "1"),
    "target": option(str, "Set to adapt to; its labels are never read.", "none", metavar="SET"),
}


def takes_recipe(options: Mapping[str, Any]) -> Callable[[Command], Command]:
    """Give a command these options in place of its parameter ``changes``, a dictionary of them.

    What was not given is not in the dictionary.
    """

    def taking(command: Command) -> Command:
        @wraps(command)
        def run(**given: Any) -> None:
            changes = {name: given.pop(name) for name in options}
            renamed = {"crop_s" if name == "crop" else name: v for name, v in changes.items()}
            given[_PLACE] = {name: value for name, value in renamed.items() if value is not None}
            command(**given)

        parameters = _parameters(command, options)
        vars(run)["__signature__"] = inspect.Signature(parameters)
        run.__annotations__ = {one.name: one.annotation for one in parameters}
        return run

    return taking


def _parameters(command: Command, options: Mapping[str, Any]) -> list[inspect.Parameter]:
    found = []
    for one in inspect.signature(command, eval_str=True).parameters.values():
        kinds = options.items() if one.name == _PLACE else [(one.name, one.annotation)]
        default = None if one.name == _PLACE else one.default
        found += [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind
            )
            for name, kind in kinds
        ]
    return found
