"""The command that makes a model: train."""

from typing import TYPE_CHECKING, Annotated

import typer

from zoneclf.cli.app import Config, Json, print_json, settings_of
from zoneclf.console import check_option, console, reports_errors
from zoneclf.settings import (
    Balance,
    DomainAdapt,
    Finetune,
    Learner,
    Normalise,
    Strategy,
)

if TYPE_CHECKING:
    from zoneclf.pipeline.training import Trained

UserWeight = Annotated[
    str | None,
    typer.Option(help="Weight of your tracks against others, or auto.", show_default="3"),
]
StrategyName = Annotated[
    Strategy | None, typer.Option(help="How to learn.", show_default="weighted")
]
Features = Annotated[str | None, typer.Option(help="Feature set by name.", show_default="deam236")]
LearnerName = Annotated[Learner | None, typer.Option(help="What learns.", show_default="trees")]
FinetuneName = Annotated[
    Finetune | None, typer.Option(help="How finetune goes on.", show_default="margin")
]
EnsembleWeight = Annotated[
    str | None,
    typer.Option(help="Ensemble: share of your tracks' own model, or auto.", show_default="0.6"),
]
SoftLabels = Annotated[
    bool | None,
    typer.Option("--soft-labels/--hard-labels", help="Spread DEAM's zones by rater noise."),
]
MatchLength = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS", help="Describe tracks by their middle; 0: whole.", show_default="0"
    ),
]
NormaliseName = Annotated[
    Normalise | None,
    typer.Option(help="Sources in their own units, or no level.", show_default="none"),
]
DomainAdaptName = Annotated[
    DomainAdapt | None, typer.Option(help="Bring DEAM nearer to you.", show_default="none")
]
BalanceName = Annotated[
    Balance | None, typer.Option(help="What rare zones get.", show_default="class")
]
Timeline = Annotated[
    bool, typer.Option("--timeline", help="A model of contexts, for zoneclf timeline.")
]
Context = Annotated[
    float | None, typer.Option(help="Seconds of a timeline's context.", show_default="15")
]
FromStarter = Annotated[
    bool,
    typer.Option("--from-starter", help="Start from the model that comes with zoneclf (affect)."),
]
Seed = Annotated[int | None, typer.Option(help="Seed.", show_default="0")]
Tune = Annotated[
    int,
    typer.Option(
        metavar="TRIALS",
        min=0,
        help="Search settings by so many trials; goes on with earlier ones.",
    ),
]
Name = Annotated[str, typer.Option(help="Name of the new model folder.")]


@reports_errors
def train(
    user_weight: UserWeight = None,
    strategy: StrategyName = None,
    from_starter: FromStarter = False,
    features: Features = None,
    learner: LearnerName = None,
    finetune: FinetuneName = None,
    ensemble_weight: EnsembleWeight = None,
    soft_labels: SoftLabels = None,
    match_length: MatchLength = None,
    normalise: NormaliseName = None,
    domain_adapt: DomainAdaptName = None,
    balance: BalanceName = None,
    tune: Tune = 0,
    timeline: Timeline = False,
    context: Context = None,
    name: Name = "",
    seed: Seed = None,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Train a zone model and store it under models/."""
    chosen: dict[str, object] = {"features": features, "learner": learner, "seed": seed}
    chosen |= _start(strategy, from_starter)
    chosen |= {"finetune": finetune, "soft_labels": soft_labels, "match_length_s": match_length}
    chosen |= {"normalise": normalise, "domain_adapt": domain_adapt, "balance": balance}
    chosen |= {"user_weight": _number(user_weight, "--user-weight")}
    chosen |= {"ensemble_weight": _number(ensemble_weight, "--ensemble-weight")}
    if context is not None and not timeline:
        raise typer.BadParameter("is for --timeline; add that", param_hint="--context")
    keys = {f"train.{key}": value for key, value in chosen.items()}
    settings = settings_of(config, keys | {"timeline.context_s": context})
    from zoneclf.pipeline.training import train as run
    from zoneclf.pipeline.workspace import Workspace
    from zoneclf.tracks.sets import require_set

    check_option(features, require_set)
    trained = run(Workspace(), settings, name, console, trials=tune, timeline=timeline)
    console.close()
    _tell(trained, json_)


def _start(strategy: Strategy | None, from_starter: bool) -> dict[str, object]:
    """Return the strategy, affect where nothing else was chosen, and whether the starter is it."""
    chosen: Strategy | None = strategy or ("affect" if from_starter else None)
    return {"strategy": chosen, "from_starter": from_starter or None}


def _tell(trained: "Trained", as_json: bool) -> None:
    """Print where the model is, what it was chosen from, and what it promises."""
    card = trained.card
    if as_json:
        found = {"scores": card.scores, "comparison": card.comparison, "licence": card.licence}
        found |= {"tuning": card.tuning} if card.tuning else {}
        print_json({"model": str(trained.folder), **found})
        return
    for line in trained.lines():
        typer.echo(line)


def _number(text: str | None, option: str) -> float | str | None:
    """Return the number that an option's text is, ``auto``, or None if it was not given."""
    if text is None or text == "auto":
        return text
    try:
        return float(text)
    except ValueError:
        complaint = f"{text} is neither a number nor auto"
        raise typer.BadParameter(complaint, param_hint=option) from None
