"""results/genre/<run>/: metrics.json, per_genre.csv, predictions.parquet, pictures, report.html."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from zoneclf.deep.csv_cells import as_csv
from zoneclf.deep.genre.evaluation import Evaluation, metrics_json, names_of
from zoneclf.deep.genre.page import pictures_of, render_page
from zoneclf.deep.pages import write_page
from zoneclf.writing import make_folder, replacing, write_text

RESULTS = Path("results/genre")


def write_evaluation(evaluation: Evaluation, folder: Path) -> dict[str, Any]:
    """Write all files of a judged run into `folder` and return the content of metrics.json."""
    make_folder(folder)
    told = metrics_json(evaluation)
    write_text(json.dumps(told, indent=2, allow_nan=False) + "\n", folder / "metrics.json")
    write_text(as_csv(told["per_genre"]), folder / "per_genre.csv")
    with replacing(folder / "predictions.parquet") as partial:
        pq.write_table(_predictions(evaluation), partial, compression="zstd")
    page = f"How well {evaluation.name} tells genres"
    _write_page([evaluation], folder, page)
    return told


def write_comparison(evaluations: Sequence[Evaluation], folder: Path, title: str) -> None:
    """Write report.html and pictures of several runs of one set side by side."""
    make_folder(folder)
    _write_page(evaluations, folder, title)


def _write_page(evaluations: Sequence[Evaluation], folder: Path, title: str) -> None:
    pictures = pictures_of(evaluations)
    write_page(folder, render_page(evaluations, pictures, title), pictures)


def _predictions(evaluation: Evaluation) -> pa.Table:
    """Return a row per track: what it is, its genres, the predicted ones, each probability."""
    scored, genres = evaluation.scored, evaluation.genres
    columns: dict[str, Any] = {
        "track_id": scored.track_ids.tolist(),
        "path": scored.paths.tolist(),
        "split": [scored.split] * len(scored.targets),
        "genres": pa.array([names_of(genres, row) for row in scored.targets], _LIST),
        "predicted": pa.array([names_of(genres, row) for row in evaluation.decided], _LIST),
    }
    for place, genre in enumerate(genres):
        columns[f"p_{genre}"] = evaluation.probabilities[:, place].astype("float32")
    return pa.table(columns)


_LIST = pa.list_(pa.string())
