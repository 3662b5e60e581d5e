"""results/mood/<run>/: metrics.json, confusion_matrix, per_mood.csv, predictions, report.html."""

import json
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zoneclf.console import printable
from zoneclf.deep.csv_cells import as_csv
from zoneclf.deep.mood.evaluation import Judged, metrics_json, sentences
from zoneclf.deep.mood.figures import confusion_figure
from zoneclf.deep.mood.learning import SCORE
from zoneclf.deep.pages import render, span, two, write_page
from zoneclf.deep.pictures import losses_figure, png
from zoneclf.writing import make_folder, replacing, write_text

RESULTS = Path("results/mood")
_TRACKS_ON_PAGE = 15


def write_evaluation(judged: Judged, folder: Path) -> dict[str, Any]:
    """Write all files of a judged run into `folder` and return the content of metrics.json."""
    make_folder(folder)
    told = metrics_json(judged)
    write_text(json.dumps(told, indent=2, allow_nan=False) + "\n", folder / "metrics.json")
    write_text(as_csv(told["per_mood"]), folder / "per_mood.csv")
    write_text(as_csv(_confusion_rows(judged)), folder / "confusion_matrix.csv")
    with replacing(folder / "predictions.parquet") as partial:
        pq.write_table(_predictions(judged), partial, compression="zstd")
    figures = {
        "confusion_matrix": confusion_figure(judged),
        "losses": losses_figure([judged], SCORE),
    }
    pictures = {name: png(figure) for name, figure in figures.items() if figure is not None}
    write_page(folder, _page(judged, pictures), pictures)
    return told


def _confusion_rows(judged: Judged) -> list[dict[str, Any]]:
    """Return a row per true mood, a column per predicted one."""
    return [
        {"true / predicted": mood, **dict(zip(judged.moods, map(int, row), strict=True))}
        for mood, row in zip(judged.moods, judged.confusion, strict=True)
    ]


def _predictions(judged: Judged) -> pa.Table:
    """Return a row per track: what it is, its mood, the predicted one, each probability."""
    names = np.array(judged.moods, dtype=object)
    columns: dict[str, Any] = {
        "track_id": judged.track_ids.tolist(),
        "path": judged.paths.tolist(),
        "split": [judged.split] * len(judged.true),
        "mood": names[judged.true].tolist(),
        "predicted": names[judged.said].tolist(),
    }
    for place, mood in enumerate(judged.moods):
        columns[f"p_{mood}"] = judged.probabilities[:, place].astype("float32")
    return pa.table(columns)


def _page(judged: Judged, pictures: dict[str, bytes]) -> str:
    return render(
        "mood/mood.html.j2",
        f"How well {judged.name} tells moods",
        pictures,
        split=judged.split,
        tracks=len(judged.true),
        scores=judged.scores,
        short=[printable(sentence) for sentence in sentences(judged)],
        rows=[{**row, **_shown(row)} for row in judged.scores["per_mood"]],
        worst=_worst(judged),
        facts={name: printable(str(value)) for name, value in judged.facts.items()},
        two=two,
        span=span,
    )


def _shown(row: dict[str, Any]) -> dict[str, str]:
    """Return the names of a row as they are shown."""
    other = row["mistaken_for"]
    told = "-" if other is None else f"{printable(other)} ({row['mistaken']})"
    return {"mood": printable(row["mood"]), "mistaken_for": told}


def _worst(judged: Judged) -> list[dict[str, str]]:
    """Return the tracks that are wrong with the most certainty."""
    chances = judged.probabilities
    rows = np.arange(len(judged.true))
    wrong = np.flatnonzero(judged.said != judged.true)
    order = wrong[np.argsort(-chances[rows, judged.said][wrong], kind="stable")]
    return [
        {
            "name": printable(PurePath(str(judged.paths[row])).name),
            "true": printable(judged.moods[judged.true[row]]),
            "said": printable(judged.moods[judged.said[row]]),
            "sure": f"{chances[row, judged.said[row]]:.2f}",
            "least": f"{chances[row, judged.true[row]]:.2f}",
        }
        for row in order[:_TRACKS_ON_PAGE]
    ]
