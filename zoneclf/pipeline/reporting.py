"""A model -> results: analyze on the holdout or by cross-validation, and the 2-D map."""

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zoneclf import __version__
from zoneclf.errors import ModelError, TableError
from zoneclf.labels.table import LabelledTable
from zoneclf.model.affect import NAMES, annotated, fit_and_predict, out_of_fold
from zoneclf.model.artifact import CARD, ZoneModel
from zoneclf.model.preparation import prepare
from zoneclf.model.splits import Holdout, load_holdout, record_look
from zoneclf.model.strategies import Task
from zoneclf.pipeline.choosing import chosen_model
from zoneclf.pipeline.labelling import current_table, labelled_only, zone_map
from zoneclf.pipeline.training import ids_digest
from zoneclf.pipeline.workspace import Voice, Workspace, own_sources
from zoneclf.report.affect_map import AffectMap, map_figure
from zoneclf.report.affect_page import map_page
from zoneclf.report.errors import spreadsheet_safe
from zoneclf.report.evaluation import Evaluation, cross_validate, on_holdout
from zoneclf.report.figures import png
from zoneclf.report.folder import Report, new_run, write_report
from zoneclf.report.importance import gain_shares
from zoneclf.settings import Settings, TrainSettings
from zoneclf.store import make_folder, replacing, write_text


def analyze(
    workspace: Workspace, settings: Settings, split: str, name: str, voice: Voice
) -> tuple[Path, Report]:
    """Judge a model on the ``holdout`` or by ``cv`` and write the results folder.

    Raises
    ------
    ModelError
        If the model was trained with another holdout or on features of another spec.
    """
    model = chosen_model(workspace, name)
    table, note = current_table(workspace, settings, voice)
    model.require_spec(table.spec, {o.extractor: o.extractor_version for o in note.origins})
    if table.zones != model.card.zones:
        raise ModelError(
            f"model {model.card.name}: knows the zones {', '.join(model.card.zones)}, the table "
            f"{', '.join(table.zones)}; train again"
        )
    holdout = load_holdout(workspace.holdout)
    if holdout.checksum != model.card.holdout:
        raise ModelError(
            f"model {model.card.name}: was trained with another holdout and may have learnt from "
            "this one; train again"
        )
    labelled = labelled_only(table).with_features(model.card.spec.features)
    case = _Case(settings, model, labelled, holdout, own_sources(table, settings), voice)
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
        training = self.table.take(~self.holdout.rows(self.table))
        return Task(training, self.own, TrainSettings(**self.model.card.settings))

    def crossed(self, repeats: int) -> Evaluation:
        """Return out-of-fold predictions of the training tracks."""
        return cross_validate(
            self.task,
            count=self.settings.evaluation.folds,
            repeats=repeats,
            progress=lambda done, total: self.voice.progress("cross-validate", done, total),
        )

    def by_source(self, evaluation: Evaluation) -> dict[str, Evaluation]:
        """Return the parts of an evaluation, the user's sources first."""
        names = map(str, np.unique(evaluation.table.source))
        ordered = sorted(names, key=lambda name: (name not in self.own, name))
        return {name: evaluation.of(frozenset({name})) for name in ordered}


def _crossed(case: _Case) -> Report:
    crossed = case.crossed(case.settings.evaluation.repeats)
    return _report(case, crossed.of(case.own), case.by_source(crossed), _facts(case, "cv"), ())


def _on_holdout(case: _Case, workspace: Workspace) -> Report:
    """Return the report on the holdout; other sources are judged by cross-validation beside it."""
    remarks: list[str] = []
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
    importance = gain_shares(case.model.predictor.boosters, card.spec.features)
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
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "model": card.name,
        "strategy": card.strategy,
        "split": split,
        "folds": settings.evaluation.folds,
        "repeats": settings.evaluation.repeats if split == "cv" else 1,
        "seed": task.settings.seed,
        "training tracks": len(task.table),
        "training set": ids_digest(task.table),
        "features": len(card.spec.features),
        "feature definition": f"{card.spec.descriptors}, spec {card.spec.digest}",
        "rule": card.rule,
        "DEAM labels": card.label_repair or "not used",
        "licence": card.licence or "unrestricted",
        "zoneclf": __version__,
        "settings": card.settings,
    }


def visualize_2d(
    workspace: Workspace, settings: Settings, name: str, voice: Voice
) -> tuple[Path, AffectMap]:
    """Draw the arousal/valence plane into a results folder: PNG, HTML and the points as CSV.

    Arousal and valence are predicted from the features of the model called `name`, of the newest
    one, or, before there is any, from the set in the settings.

    Raises
    ------
    TableError
        If no track is annotated with arousal and valence.
    """
    table, _ = current_table(workspace, settings, voice)
    if name or any(workspace.models.glob(f"*/{CARD}")):
        prepared = table.with_features(chosen_model(workspace, name).card.spec.features)
    else:
        prepared, _ = prepare(table, settings.train.features)
    rated = annotated(prepared)
    if not rated.any():
        raise TableError(
            "no track is annotated with arousal and valence; put DEAM below dataset/DEAM, then run "
            "zoneclf extract"
        )
    train, mine = prepared.take(rated), prepared.take(~rated)
    voice.say(f"predicting arousal and valence from {len(train)} annotated tracks")
    crossed = out_of_fold(train, settings.train, settings.evaluation.folds)
    own = fit_and_predict(train, mine.features, settings.train) if len(mine) else np.empty((0, 2))
    shown = _placed(mine, own)
    drawn = AffectMap(zone_map(settings), _placed(train, crossed), shown, _r2(train, crossed))
    folder = new_run(workspace.results, "map")
    make_folder(folder)
    with replacing(folder / "zone_map_2d.png") as partial:
        partial.write_bytes(png(map_figure(drawn)))
    write_text(map_page(drawn), folder / "zone_map_2d.html")
    points = spreadsheet_safe(pd.concat([drawn.annotated, drawn.own]))
    write_text(points.to_csv(index=False), folder / "points.csv")
    return folder, drawn


def _placed(table: LabelledTable, predicted: np.ndarray) -> pd.DataFrame:
    rows = table.about[["track_id", "name", "source", "zone", *NAMES]].copy()
    for place, name in enumerate(NAMES):
        rows[f"predicted_{name}"] = predicted[:, place]
    return rows


def _r2(table: LabelledTable, predicted: np.ndarray) -> dict[str, float]:
    found = {}
    for place, name in enumerate(NAMES):
        truth = table.about[name].to_numpy(float)
        left = ((truth - predicted[:, place]) ** 2).sum()
        found[name] = float(1 - left / ((truth - truth.mean()) ** 2).sum())
    return found
