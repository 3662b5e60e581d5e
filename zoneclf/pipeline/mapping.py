"""The 2-D map: where annotated and own tracks lie in arousal and valence."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from zoneclf.errors import TableError
from zoneclf.labels.table import LabelledTable
from zoneclf.model.affect import NAMES, annotated, out_of_fold_values, predicted_values
from zoneclf.model.card import CARD, train_settings
from zoneclf.model.preparation import prepare
from zoneclf.pipeline.choosing import chosen_model
from zoneclf.pipeline.embedding import with_embeddings
from zoneclf.pipeline.labelling import current_table, zone_map
from zoneclf.pipeline.workspace import Voice, Workspace, now
from zoneclf.report.affect_map import AffectMap, map_figure
from zoneclf.report.affect_page import map_page
from zoneclf.report.errors import spreadsheet_safe
from zoneclf.report.figures import png
from zoneclf.report.folder import new_run
from zoneclf.settings import Settings
from zoneclf.settings_reader import show
from zoneclf.writing import make_folder, replacing, write_text


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
    prepared = _prepared(workspace, settings, name, voice)
    rated = annotated(prepared)
    if not rated.any():
        raise TableError(
            "no track is annotated with arousal and valence; put DEAM below dataset/DEAM, then run "
            "zoneclf extract"
        )
    train, mine = prepared.take(rated), prepared.take(~rated)
    voice.say(f"predicting arousal and valence from {len(train)} annotated tracks")
    crossed = out_of_fold_values(train, settings.train, settings.evaluation.folds)
    own = predicted_values(train, mine.features, settings.train) if len(mine) else np.empty((0, 2))
    shown = _placed(mine, own)
    drawn = AffectMap(zone_map(settings), _placed(train, crossed), shown, _r2(train, crossed))
    folder = new_run(workspace.results, "map")
    make_folder(folder)
    said = {"schema_version": 1, "created": now(), "r2": drawn.r2, "settings": show(settings)}
    write_text(json.dumps(said, indent=2) + "\n", folder / "run.json")
    with replacing(folder / "zone_map_2d.png") as partial:
        partial.write_bytes(png(map_figure(drawn)))
    write_text(map_page(drawn), folder / "zone_map_2d.html")
    points = spreadsheet_safe(pd.concat([drawn.annotated, drawn.own]))
    write_text(points.to_csv(index=False), folder / "points.csv")
    return folder, drawn


def _prepared(workspace: Workspace, settings: Settings, name: str, voice: Voice) -> LabelledTable:
    """Return all tracks with a model's features, or before there is one, those of the settings."""
    table, note = current_table(workspace, settings, voice)
    there = name or any(workspace.models.glob(f"*/{CARD}"))
    card = chosen_model(workspace, name).card if there else None
    features = settings.train.features if card is None else train_settings(card).features
    table, _ = with_embeddings(
        workspace, table, note, features=features, needed=frozenset(), voice=voice
    )
    if card is None:
        return prepare(table, features)[0]
    return table.with_features(card.spec.features)


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
