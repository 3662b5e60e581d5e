"""A model -> results: analyze on the holdout or by cross-validation, and the 2-D map."""

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zoneclf import __version__
from zoneclf.errors import ModelError, TableError
from zoneclf.labels.table import LabelledTable
from zoneclf.model.affect import NAMES, annotated, fit_and_predict, out_of_fold
from zoneclf.model.artifact import ZoneModel, load_model, newest_model
from zoneclf.model.preparation import prepare
from zoneclf.model.splits import Holdout, load_holdout, record_look
from zoneclf.model.strategies import Task
from zoneclf.pipeline.labelling import current_table, labelled_only, zone_map
from zoneclf.pipeline.training import ids_digest
from zoneclf.pipeline.workspace import Voice, Workspace, own_sources
from zoneclf.report.affect_map import AffectMap, map_figure, map_page
from zoneclf.report.evaluation import Evaluation, cross_validate, on_holdout
from zoneclf.report.figures import png
from zoneclf.report.folder import Report, new_run, write_report
from zoneclf.report.importance import gain_shares
from zoneclf.settings import Settings, TrainSettings
from zoneclf.store import make_folder, replacing, write_text


def chosen_model(workspace: Workspace, name: str) -> ZoneModel:
    """Return the model called `name`, or the newest one if that is empty."""
    return load_model(workspace.models / name if name else newest_model(workspace.models))


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
    report = _report(workspace, settings, model, labelled, holdout, split, voice)
    folder = new_run(workspace.results, split)
    write_report(report, folder)
    return folder, report


def _report(
    workspace: Workspace,
    settings: Settings,
    model: ZoneModel,
    table: LabelledTable,
    holdout: Holdout,
    split: str,
    voice: Voice,
) -> Report:
    own = own_sources(table, settings)
    held = holdout.rows(table)
    repeats = settings.evaluation.repeats if split == "cv" else 1
    task = Task(table.take(~held), own, TrainSettings(**model.card.settings))
    crossed = cross_validate(
        task,
        count=settings.evaluation.folds,
        repeats=repeats,
        progress=lambda done, total: voice.progress("cross-validate", done, total),
    )
    names = sorted(map(str, np.unique(table.source)), key=lambda name: (name not in own, name))
    parts = {name: crossed.of(frozenset({name})) for name in names}
    remarks: list[str] = []
    main = crossed.of(own)
    facts = _facts(settings, model, split, task)
    if split == "holdout":
        main = _held_out(table.take(held), model, holdout, remarks)
        looks = record_look(workspace.holdout, model.card.name)
        remarks.append(
            f"This is look {looks} at the holdout since it was drawn on {holdout.drawn}."
        )
        facts["holdout"] = {"tracks": len(main.table), "looks": looks, "checksum": holdout.checksum}
        parts |= {str(name): main.of(frozenset({name})) for name in np.unique(main.table.source)}
    return Report(
        model.card.name,
        " and ".join(sorted(own)),
        main,
        parts,
        gain_shares(model.predictor.boosters, model.card.spec.features),
        facts,
        tuple(remarks),
    )


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


def _facts(settings: Settings, model: ZoneModel, split: str, task: Task) -> dict[str, Any]:
    card = model.card
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


def visualize_2d(workspace: Workspace, settings: Settings, voice: Voice) -> tuple[Path, AffectMap]:
    """Draw the arousal/valence plane into a results folder: PNG, HTML and the points as CSV.

    Raises
    ------
    TableError
        If no track is annotated with arousal and valence.
    """
    table, _ = current_table(workspace, settings, voice)
    prepared, _ = prepare(table, settings.train.features)
    rated = annotated(prepared)
    if not rated.any():
        raise TableError(
            "no track is annotated with arousal and valence; put DEAM below dataset/DEAM, then run "
            "zoneclf extract"
        )
    own = own_sources(table, settings)
    train, mine = prepared.take(rated), prepared.take(~rated & np.isin(prepared.source, list(own)))
    voice.say(f"predicting arousal and valence from {len(train)} annotated tracks")
    crossed = out_of_fold(train, settings.train, settings.evaluation.folds)
    shown = _placed(mine, fit_and_predict(train, mine.features, settings.train))
    drawn = AffectMap(zone_map(settings), _placed(train, crossed), shown, _r2(train, crossed))
    folder = new_run(workspace.results, "map")
    make_folder(folder)
    with replacing(folder / "zone_map_2d.png") as partial:
        partial.write_bytes(png(map_figure(drawn)))
    write_text(map_page(drawn), folder / "zone_map_2d.html")
    write_text(pd.concat([drawn.annotated, drawn.own]).to_csv(index=False), folder / "points.csv")
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
