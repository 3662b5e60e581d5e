"""A run of arousal and valence: rescaling fitted on validation tracks, the run judged on others."""

from pathlib import Path
from typing import Any

from zoneclf.deep.affect.affect_set import AffectSet
from zoneclf.deep.affect.evaluation import Cost, Judged, WindowScores
from zoneclf.deep.affect.learning import AFFECT
from zoneclf.deep.affect.rescale import Rescale, bounded, fit_rescale, rescale_from
from zoneclf.deep.affect.windows import course_windows
from zoneclf.deep.batches import Inputs, answers, device_of
from zoneclf.deep.checkpoint import CARD, WEIGHTS, Checkpoint, amend_card
from zoneclf.deep.genre.evaluation import read_history
from zoneclf.deep.opening import Opened, open_run_of
from zoneclf.deep.run_card import Run

FITTED_ON = "valid"
_MB = 1e6


def open_affect(
    folder: Path, *, set_folder: Path | None = None, device: str = "auto"
) -> Opened[AffectSet]:
    """Return a run ready to be judged; errors are those of `open_run_of`."""

    def names(prepared: AffectSet) -> tuple[str, ...]:
        # A set of another kind has no names of dimensions.
        return getattr(prepared, "names", ())

    return open_run_of(AFFECT, folder, names, set_folder=set_folder, device=device)


def remember_rescale(run: Run, *, device: str = "auto") -> Rescale | None:
    """Return the rescaling that the validation tracks of a finished run ask for.

    It is written into the card of the run's best checkpoint, once.
    """
    opened = open_affect(run.folder, device=device)
    known = rescale_of(opened.checkpoint)
    if known is not None:
        return known
    true = opened.prepared.targets[opened.places(FITTED_ON)]
    found = fit_rescale(true, bounded(opened.logits(FITTED_ON)), FITTED_ON)
    if found is not None:
        amend_card(opened.checkpoint.folder, thresholds=None, calibration=found.as_json())
    return found


def rescale_of(checkpoint: Checkpoint) -> Rescale | None:
    """Return what a checkpoint's card says of rescaling."""
    return rescale_from(checkpoint.card.calibration, str(checkpoint.folder / CARD))


def judge(opened: Opened[AffectSet], split: str = "test") -> Judged:
    """Return a run judged on a split of its set."""
    prepared, places, card = opened.prepared, opened.places(split), opened.run.card
    return Judged(
        name=opened.name,
        about=about_of(card.recipe),
        backbone=str(card.recipe["backbone"]),
        split=split,
        track_ids=prepared.track_ids[places],
        paths=prepared.paths[places],
        groups=prepared.groups[places],
        true=prepared.targets[places],
        predicted=bounded(opened.logits(split)),
        rescale=rescale_of(opened.checkpoint),
        cost=_cost(opened),
        windows=_windows(opened, split),
        history=read_history(opened.run.folder / "history.csv"),
        facts=opened.facts,
    )


def about_of(recipe: dict[str, Any]) -> str:
    """Return a recipe in a few words: what hears, from what it began, what it learns by."""
    words = [str(recipe["backbone"])]
    if recipe["mood"]:
        fixed = {"none": "none of it", "part": "a part of it", "all": "all of it"}
        words.append(f"from a mood network, {fixed[recipe['freeze']]} frozen")
    loss = {"mse": "squared error", "ccc": "concordance"}[recipe["loss"]]
    words.append(f"{loss}, {recipe['targets']} targets")
    return ", ".join(words)


def _windows(opened: Opened[AffectSet], split: str) -> WindowScores | None:
    """Return how the run follows the courses of a split's tracks; None where there are none."""
    frames = int(opened.checkpoint.card.parameters.get("frames", 0))
    prepared = opened.prepared
    if not frames or not prepared.courses:
        return None
    windows, targets = course_windows(prepared, opened.places(split), frames)
    if not len(windows):
        return None
    network, device = opened.checkpoint.network, device_of(opened.device)
    said = answers(network.to(device), Inputs(windows, frames), range(len(windows)), device)
    return WindowScores(
        true=targets, predicted=bounded(said), groups=prepared.groups[windows.owners]
    )


def _cost(opened: Opened[AffectSet]) -> Cost:
    card, result = opened.run.card, opened.run.card.result
    note = opened.checkpoint.card.embedding or {}
    encoder = note.get("notes", {}).get("weights_bytes")
    return Cost(
        megabytes=(opened.checkpoint.folder / WEIGHTS).stat().st_size / _MB,
        encoder_megabytes=encoder / _MB if isinstance(encoder, int) else None,
        seconds_per_epoch=result.get("seconds_per_epoch"),
        epochs=int(result.get("epochs", 0)),
        weights=int(result.get("weights", 0)),
        weights_learnt=int(result.get("weights_learnt", 0)),
        device=card.device,
    )
