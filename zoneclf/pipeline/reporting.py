"""A model -> results: analyze on the holdout or by cross-validation, and the 2-D map."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoneclf import __version__
from zoneclf.errors import ModelError, TableError
from zoneclf.labels.regions import regions_of
from zoneclf.labels.table import LabelledTable
from zoneclf.model.artifact import ZoneModel
from zoneclf.model.card import train_settings
from zoneclf.model.plan import members_of
from zoneclf.model.splits import Holdout, load_holdout, record_look
from zoneclf.model.task import Task
from zoneclf.pipeline.choosing import chosen_model
from zoneclf.pipeline.labelling import current_table, labelled_only, zone_map
from zoneclf.pipeline.shaping import matched
from zoneclf.pipeline.training import ids_digest
from zoneclf.pipeline.workspace import Voice, Workspace, now, own_sources
from zoneclf.report.evaluation import Evaluation, cross_validate, on_holdout
from zoneclf.report.folder import Report, new_run, write_report
from zoneclf.report.importance import gain_shares
from zoneclf.settings import Settings
from zoneclf.tracks.excerpts import longest_of
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
    model = chosen_model(workspace, name)
    table, note = current_table(workspace, settings, voice)
    table = matched(workspace, settings, labelled_only(table), longest_of(model.card.spec))
    model.require_spec(table.spec, {o.extractor: o.extractor_version for o in note.origins})
    if table.zones != model.card.zones:
        raise ModelError(
            f"model {model.card.name}: knows the zones {', '.join(model.card.zones)}, the table "
            f"{', '.join(table.zones)}; train again"
        )
    own = own_sources(table, settings)
    holdout = load_holdout(workspace.holdout, own)
    if holdout.checksum != model.card.holdout:
        raise ModelError(
            f"model {model.card.name}: was trained with another holdout and may have learnt from "
            "this one; train again"
        )
    labelled = table.with_features(model.card.spec.features)
    case = _Case(settings, model, labelled, holdout, own, voice)
    report = _on_holdout(case, workspace) if split == "holdout" else _crossed(case)
    folder = new_run(workspace.results, split)
    write_report(report, folder)
    return folder, report


@dataclass(frozen=True)
class _Case:
    """What is judged: a model, and labelled tracks with its features."""

    settings: Settings
    model: ZoneModel
    table: LabelledTable
    holdout: Holdout
    own: frozenset[str]
    voice: Voice

    @property
    def task(self) -> Task:
        """The model's own training, to be repeated on folds of its training tracks."""
        training = self.table.take(self.holdout.learnable(self.table))
        regions = regions_of(zone_map(self.settings))
        return Task(training, self.own, train_settings(self.model.card), regions)

    def crossed(self, repeats: int) -> Evaluation:
        """Return out-of-fold predictions of the training tracks, calibrated on folds as well."""
        found = cross_validate(
            self.task,
            count=self.settings.evaluation.folds,
            repeats=repeats,
            progress=lambda done, total: self.voice.progress("cross-validate", done, total),
        )
        return found.calibrated(self.own)

    def by_source(self, evaluation: Evaluation) -> dict[str, Evaluation]:
        """Return the parts of an evaluation, the user's sources first."""
        names = map(str, np.unique(evaluation.table.source))
        ordered = sorted(names, key=lambda name: (name not in self.own, name))
        return {name: evaluation.of(frozenset({name})) for name in ordered}


def _crossed(case: _Case) -> Report:
    crossed = case.crossed(case.settings.evaluation.repeats)
    parts = case.by_source(crossed)
    return _report(case, crossed.of(case.own), parts, _facts(case, "cv"), _changed(case))


def _on_holdout(case: _Case, workspace: Workspace) -> Report:
    """Return the report on the holdout; other sources are judged by cross-validation beside it."""
    remarks = list(_changed(case))
    table = case.table.take(case.holdout.rows(case.table))
    main = _held_out(table, case.model, case.holdout, remarks)
    parts = _beside(case, remarks) | case.by_source(main)
    looks = record_look(workspace.holdout, case.model.card.name)
    since = case.holdout.drawn
    remarks.append(f"This is look {looks} at the holdout since it was drawn on {since}.")
    checksum = case.holdout.checksum
    facts = _facts(case, "holdout") | {
        "holdout": {"tracks": len(main.table), "looks": looks, "checksum": checksum}
    }
    return _report(case, main, parts, facts, tuple(remarks))


def _changed(case: _Case) -> tuple[str, ...]:
    """Return a remark if the training tracks are no longer those that the model learnt from."""
    card, table = case.model.card, case.task.table
    if ids_digest(table.take(np.isin(table.source, list(card.sources)))) == card.training:
        return ()
    learnt = sum(sum(zones.values()) for zones in card.sources.values())
    remark = (
        f"Labels or tracks have changed since the model learnt from {learnt} tracks; what is "
        "cross-validated here is its training on those of now."
    )
    return (remark,)


def _beside(case: _Case, remarks: list[str]) -> dict[str, Evaluation]:
    """Return cross-validated parts by source; none if there are too few tracks for folds."""
    try:
        return case.by_source(case.crossed(1))
    except TableError as error:
        remarks.append(f"Other sources are not judged beside it: {error}.")
        return {}


def _report(
    case: _Case,
    main: Evaluation,
    parts: dict[str, Evaluation],
    facts: dict[str, Any],
    remarks: tuple[str, ...],
) -> Report:
    card = case.model.card
    importance = gain_shares(members_of(case.model.predictor).values(), card.spec.features)
    own = " and ".join(sorted(case.own))
    return Report(card.name, own, main, parts, importance, facts, remarks)


def _held_out(
    table: LabelledTable, model: ZoneModel, holdout: Holdout, remarks: list[str]
) -> Evaluation:
    if not len(table):
        raise TableError(
            "dataset/holdout.json: none of its tracks is labelled any more; delete it "
            "to draw another, and train again"
        )
    if len(table) < len(holdout.track_ids):
        remarks.append(
            f"{len(holdout.track_ids) - len(table)} of {len(holdout.track_ids)} holdout tracks are "
            "no longer in the table."
        )
    return on_holdout(table, model.probabilities(table.features))


def _facts(case: _Case, split: str) -> dict[str, Any]:
    card, settings, task = case.model.card, case.settings, case.task
    return {
        "created": now(),
        "model": card.name,
        "strategy": card.strategy,
        "split": split,
        "folds": settings.evaluation.folds,
        "repeats": settings.evaluation.repeats if split == "cv" else 1,
        "seed": task.settings.seed,
        "training tracks": sum(sum(zones.values()) for zones in card.sources.values()),
        "training set": card.training,
        "features": len(card.spec.features),
        "feature definition": f"{card.spec.descriptors}, spec {card.spec.digest}",
        "rule": card.rule,
        "DEAM labels": card.label_repair or "not used",
        "licence": card.licence or "unrestricted",
        "zoneclf": __version__,
        "settings": card.settings,
    }
