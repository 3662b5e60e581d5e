"""results/affect/<run>/: metrics.json, predictions.parquet, pictures, report.html."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from zoneclf.deep.affect.affect_set import NAMES
from zoneclf.deep.affect.evaluation import Judged, metrics_json
from zoneclf.deep.affect.page import pictures_of, render_page
from zoneclf.deep.pages import write_page
from zoneclf.writing import make_folder, replacing, write_text

RESULTS = Path("results/affect")


def write_evaluation(judged: Judged, folder: Path) -> dict[str, Any]:
    """Write all files of a judged run into `folder` and return the content of metrics.json."""
    make_folder(folder)
    told = metrics_json(judged)
    write_text(json.dumps(told, indent=2, allow_nan=False) + "\n", folder / "metrics.json")
    with replacing(folder / "predictions.parquet") as partial:
        pq.write_table(_predictions(judged), partial, compression="zstd")
    write_side_by_side([judged], folder, f"How well {judged.name} tells arousal and valence")
    return told


def write_side_by_side(runs: Sequence[Judged], folder: Path, title: str) -> None:
    """Write report.html and pictures of runs that were judged on the same tracks."""
    pictures = pictures_of(runs)
    write_page(folder, render_page(runs, pictures, title), pictures)


def _predictions(judged: Judged) -> pa.Table:
    """Return a row per track: what it is, its true values, the predicted ones, the rescaled."""
    columns: dict[str, Any] = {
        "track_id": judged.track_ids.tolist(),
        "path": judged.paths.tolist(),
        "split": [judged.split] * len(judged.true),
    }
    kinds = {"true": judged.true, "predicted": judged.predicted, "rescaled": judged.rescaled}
    for kind, values in kinds.items():
        for place, name in enumerate(NAMES):
            if values is not None:
                columns[f"{name}_{kind}"] = values[:, place].astype("float32")
    return pa.table(columns)
