"""The results folder of one evaluation: ``results/<run>/`` with metrics, pictures and page.

A run's name holds its split, date, and random digits, so that no two runs ever share a folder.
"""

import datetime
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import log
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from zoneclf.report.chapter import Chapter
from zoneclf.report.errors import mistakes, prediction_rows, spreadsheet_safe
from zoneclf.report.evaluation import Evaluation
from zoneclf.report.figures import confusion_figure, importance_figure, png, sources_figure
from zoneclf.report.page import render_page
from zoneclf.report.scores import Scores, targets
from zoneclf.writing import make_folder, replacing, write_text

SCHEMA_VERSION = 1
_MISTAKES_ON_PAGE = 15
_GOAL = 0.80
# Pictures whose file has another name than the page gives them.
_FILES = {
    "confusion": "confusion_matrix",
    "importance": "feature_importance",
    "sources": "accuracy_by_source",
}
_PROTOCOLS = {
    "holdout": "Scores on the holdout: tracks drawn once, never learnt from.",
    "cv": "Scores by cross-validation on the training tracks; no track is judged by a model that "
    "saw it or its artist.",
}


@dataclass(frozen=True)
class Report:
    """What a results folder shows.

    `main` is the evaluation of the user's tracks; `by_source` every source's, each with its own
    split; `facts` are lines for the page's last table and for ``run.json``; `chapters` are what
    is told besides.
    """

    model: str
    own: str
    main: Evaluation
    by_source: Mapping[str, Evaluation]
    importance: pd.DataFrame
    facts: Mapping[str, Any]
    remarks: tuple[str, ...] = ()
    chapters: tuple[Chapter, ...] = ()


def new_run(results: Path, kind: str) -> Path:
    """Return a fresh folder's path below `results`; it is made when it is written into."""
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d-%H%M%S")
    return results / f"{kind}-{stamp}-{secrets.token_hex(4)}"


def metrics(report: Report) -> dict[str, Any]:
    """Return the content of ``metrics.json``."""
    main = report.main
    scores = main.scores
    return {
        "schema_version": SCHEMA_VERSION,
        "split": main.split,
        "model": report.model,
        "zones": list(main.table.zones),
        **asdict(scores),
        "repeats": len(main.repeats),
        "spread": main.spread if main.split == "cv" else {},
        "targets": [
            {**asdict(target), "verdict": target.verdict} for target in targets(scores, main.split)
        ],
        "by_source": {
            name: {"split": part.split, **asdict(part.scores)}
            for name, part in report.by_source.items()
        },
        **{chapter.name: chapter.metrics for chapter in report.chapters if chapter.metrics},
    }


def write_report(report: Report, folder: Path) -> None:
    """Write the folder: run.json, metrics.json, CSVs, PNGs, predictions.parquet, report.html."""
    make_folder(folder)
    scores, zones = report.main.scores, report.main.table.zones
    rows = pd.concat([prediction_rows(part) for part in report.by_source.values()])
    wrong = mistakes(prediction_rows(report.main))
    _write_json(metrics(report), folder / "metrics.json")
    _write_json({"schema_version": SCHEMA_VERSION, **report.facts}, folder / "run.json")
    confusion = pd.DataFrame(scores.confusion, index=list(zones), columns=list(zones))
    write_text(confusion.to_csv(index_label="true"), folder / "confusion_matrix.csv")
    tables = {"feature_importance": report.importance, "errors": wrong}
    for chapter in report.chapters:
        tables |= chapter.tables
    for name, table in tables.items():
        write_text(spreadsheet_safe(table).to_csv(index=False), folder / f"{name}.csv")
    with replacing(folder / "predictions.parquet") as partial:
        pq.write_table(pa.Table.from_pandas(rows, preserve_index=False), partial)
    pictures = _pictures(report, scores)
    for name, picture in pictures.items():
        with replacing(folder / f"{_FILES.get(name, name)}.png") as partial:
            partial.write_bytes(picture)
    write_text(render_page(_page(report, scores, wrong), pictures), folder / "report.html")


def _pictures(report: Report, scores: Scores) -> dict[str, bytes]:
    title = f"{report.main.split}, {scores.n} {report.own} tracks, accuracy {scores.accuracy:.0%}"
    by_source = {name: part.scores for name, part in report.by_source.items()}
    found = {
        "confusion": png(confusion_figure(scores, report.main.table.zones, title)),
        "importance": png(importance_figure(report.importance)),
        "sources": png(sources_figure(by_source, _GOAL)),
    }
    for chapter in report.chapters:
        found |= chapter.pictures
    return found


def _page(report: Report, scores: Scores, wrong: pd.DataFrame) -> dict[str, Any]:
    main = report.main
    how = {"holdout": "holdout", "cv": "cross-validation"}
    return {
        "model": report.model,
        "own": report.own,
        "split": main.split,
        "protocol": _PROTOCOLS[main.split],
        "created": str(report.facts["created"]),
        "remarks": report.remarks,
        "short": [_short(report.own, scores), *_shorts(report)],
        "chapters": {chapter.name: chapter.page for chapter in report.chapters},
        "guess_loss": log(len(main.table.zones)),
        "scores": asdict(scores),
        "spread": main.spread if main.split == "cv" else {},
        "repeats": len(main.repeats),
        "targets": targets(scores, main.split),
        "sources": [
            {"name": name, "how": how[part.split], "scores": part.scores}
            for name, part in report.by_source.items()
        ],
        "mistakes": wrong.head(_MISTAKES_ON_PAGE).to_dict("records"),
        "facts": {
            name: value if isinstance(value, str | int | float) else json.dumps(value)
            for name, value in report.facts.items()
            if name != "settings"
        },
    }


def _short(own: str, scores: Scores) -> str:
    """Return the main score in one sentence."""
    low, high = (round(100 * end) for end in scores.accuracy_ci95)
    far = round(100 * scores.two_zone_mistakes)
    return (
        f"Of 100 {own} tracks it sorts about {round(100 * scores.accuracy)} right (95 % interval "
        f"{low} to {high}, from {scores.n} tracks) and puts {far} two or more zones off."
    )


def _shorts(report: Report) -> list[str]:
    return [chapter.short for chapter in report.chapters if chapter.short]


def _write_json(content: Mapping[str, Any], path: Path) -> None:
    write_text(json.dumps(content, indent=2) + "\n", path)
