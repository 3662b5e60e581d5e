"""A model -> results: analyze on the holdout or by cross-validation."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from zoneclf.errors import TableError
from zoneclf.model.plan import members_of
from zoneclf.model.predictors import Calibrated
from zoneclf.model.reference import reference_of
from zoneclf.model.splits import record_look
from zoneclf.model.strategies import BASELINE, fit
from zoneclf.model.validation import Fit
from zoneclf.pipeline.judging import Case, case_of
from zoneclf.pipeline.shifting import shift_of
from zoneclf.pipeline.workspace import Voice, Workspace
from zoneclf.report.audit_chapter import audit_chapter
from zoneclf.report.certainty import certainty_chapter
from zoneclf.report.chapter import Chapter
from zoneclf.report.choice import choice_chapter, taken
from zoneclf.report.curve_chapter import curve_chapter, no_curve
from zoneclf.report.evaluation import Evaluation
from zoneclf.report.explanation import explained, held_out_pieces
from zoneclf.report.folder import Report, new_run, write_report
from zoneclf.report.importance import gain_shares
from zoneclf.report.learning_curve import learning_curve
from zoneclf.report.permutation import HeldOut
from zoneclf.settings import Settings, Strategy
from zoneclf.writing import make_folder


def analyze(
    workspace: Workspace, settings: Settings, split: str, name: str, voice: Voice
) -> tuple[Path, Report]:
    """Judge a model on the ``holdout`` or by ``cv`` and write the results folder.

    Raises
    ------
    ModelError
        If the model was trained with another holdout or on features of another spec.
    """
    make_folder(workspace.results)  # a look at the holdout must not be lost for want of a folder
    case = case_of(workspace, settings, name, voice)
    report = _on_holdout(case) if split == "holdout" else _crossed(case)
    folder = new_run(workspace.results, split)
    write_report(report, folder)
    return folder, report


def _crossed(case: Case) -> Report:
    crossed = case.crossed(case.settings.evaluation.repeats)
    main = crossed.of(case.own)
    beside = audit_chapter(main), shift_of(case, thorough=True), _curve(case)
    chapters = (*_chapters(case, main), *beside)
    return _report(case, main, case.by_source(crossed), case.changed, case.facts("cv"), chapters)


def _on_holdout(case: Case) -> Report:
    """Return the report on the holdout; other sources are judged by cross-validation beside it."""
    main, gone = case.held_out()
    remarks = [*case.changed, *gone]
    crossed = _beside(case, remarks)
    chapters = (*_chapters(case, main), shift_of(case, thorough=False))
    parts: dict[str, Evaluation] = {}
    if crossed is not None:
        parts = case.by_source(crossed)
        chapters = (*chapters, audit_chapter(crossed.of(case.own)))
    looks = record_look(case.workspace.holdout, case.model.card.name)
    since, checksum = case.holdout.drawn, case.holdout.checksum
    remarks.append(f"This is look {looks} at the holdout since it was drawn on {since}.")
    facts = case.facts("holdout") | {
        "holdout": {"tracks": len(main.table), "looks": looks, "checksum": checksum}
    }
    parts |= case.by_source(main)
    return _report(case, main, parts, tuple(remarks), facts, chapters)


def _beside(case: Case, remarks: list[str]) -> Evaluation | None:
    """Return the cross-validation of all sources; none if there are too few tracks for folds."""
    try:
        return case.crossed(1)
    except TableError as error:
        remarks.append(f"Other sources are not judged beside it: {error}.")
        return None


def _chapters(case: Case, main: Evaluation) -> tuple[Chapter, ...]:
    """Return what every report tells besides the scores."""
    card = case.model.card
    return certainty_chapter(card, main), choice_chapter(card)


def _curve(case: Case) -> Chapter:
    """Return the chapter on how the model gets better with more labels."""
    names = dict.fromkeys((taken(case.model.card), BASELINE))
    fits: dict[str, Fit] = {name: _fit(name) for name in names}
    try:
        found = learning_curve(
            case.task,
            fits,
            repeats=case.settings.evaluation.repeats,
            progress=lambda done, total: case.voice.progress("learning curve", done, total),
        )
    except TableError as error:
        return no_curve(str(error))
    return curve_chapter(found)


def _fit(name: Strategy) -> Fit:
    return lambda task: fit(replace(task, settings=replace(task.settings, strategy=name)))


def _report(
    case: Case,
    main: Evaluation,
    parts: Mapping[str, Evaluation],
    remarks: tuple[str, ...],
    facts: Mapping[str, Any],
    chapters: tuple[Chapter, ...],
) -> Report:
    importance, found = _explained(case, main)
    own, name = " and ".join(sorted(case.own)), case.model.card.name
    return Report(name, own, main, parts, importance, facts, remarks, (*chapters, *found))


def _explained(case: Case, main: Evaluation) -> tuple[pd.DataFrame, tuple[Chapter, ...]]:
    """Return the importance of features, and the chapter on it where held-out tracks can tell."""
    model, task = case.model, case.task
    gain = gain_shares(members_of(model.predictor).values(), model.card.spec.features)
    temperature = float(model.card.calibration.get("temperature", 1.0))
    case.voice.say("shuffling features among held-out tracks")
    try:
        pieces = [HeldOut(model.predictor, main.table)]
        if main.split == "cv":
            pieces = held_out_pieces(
                task,
                lambda part: Calibrated(fit(part), temperature),
                case.settings.evaluation.folds,
            )
    except TableError:  # of all sources there are enough for folds, of the user's there are not
        return gain, ()
    middle = (model.reference or reference_of(task.table, case.own)).middle
    table, chapter = explained(gain, pieces, model.predictor, middle)
    return table, (chapter,)
