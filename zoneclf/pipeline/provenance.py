"""What a model's data are, by source: labelled, left out, held out, joined; and its cards."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from zoneclf.labels.table import LabelledTable
from zoneclf.model.artifact import save_model
from zoneclf.model.card import ModelCard
from zoneclf.model.predictors import Predictor
from zoneclf.model.reference import Reference
from zoneclf.model.splits import Holdout
from zoneclf.pipeline.workspace import Workspace
from zoneclf.report.card import card_text
from zoneclf.report.data_card import data_card_text
from zoneclf.store import TableNote, read_note
from zoneclf.writing import write_text

_MINUTE_S = 60


def data_of(
    workspace: Workspace,
    table: LabelledTable,
    note: TableNote,
    *,
    training: LabelledTable,
    holdout: Holdout,
) -> dict[str, Any]:
    """Return what ``card.json`` says of the data, as plain values.

    `table` and `note` are the unified table's, labelled or not; `training` is what was learnt
    from, `holdout` what was kept from it.
    """
    sources = [str(name) for name in np.unique(training.source)]
    held = holdout.rows(table)
    same = note.notes.get("near_duplicates", [])
    return {
        "sources": {
            name: {
                **_counts(table, training, held, name),
                **_origin(note.notes["sources"][name]),
                "left_out": _dropped(workspace, name),
            }
            for name in sources
        },
        "holdout": {
            "tracks": int(held.sum()),
            "share": holdout.share,
            "drawn": holdout.drawn,
            "zones": _zones(table.take(held)),
        },
        "near_duplicates": {"recordings": len(same), "tracks": sum(map(len, same))},
    }


def save_with_cards(
    predictor: Predictor, card: ModelCard, folder: Path, *, reference: Reference
) -> ModelCard:
    """Write a model's folder with what people read of it and return its card."""
    card = save_model(predictor, card, folder, reference=reference)
    write_text(card_text(card), folder / "MODEL_CARD.md")
    write_text(data_card_text(card), folder / "DATA_CARD.md")
    return card


def _counts(
    table: LabelledTable, training: LabelledTable, held: np.typing.NDArray[np.bool_], source: str
) -> dict[str, Any]:
    rows = table.source == source
    labelled = rows & (table.codes >= 0)
    length = table.about["duration_s"].to_numpy(dtype=np.float64)[rows]
    minutes = float(np.nansum(length)) / _MINUTE_S
    return {
        "tracks": int(rows.sum()),
        "minutes": round(minutes, 1) if np.isfinite(length).any() else None,
        "labelled": int(labelled.sum()),
        "held_out": int((held & labelled).sum()),
        "learnt": int((training.source == source).sum()),
        "zones": _zones(table.take(labelled)),
    }


def _zones(table: LabelledTable) -> dict[str, int]:
    counts = Counter(table.codes[table.codes >= 0].tolist())
    return {zone: counts[code] for code, zone in enumerate(table.zones)}


def _origin(about: Mapping[str, Any]) -> dict[str, Any]:
    """Return where a source's labels and features come from."""
    return {
        "label_repair": str(about.get("label_repair", "")),
        "statements": [str(line) for line in about.get("statements", [])],
        "extractors": dict(about["extractors"]),
        "licence": str(about["licence"]),
    }


def _dropped(workspace: Workspace, source: str) -> dict[str, int]:
    path = workspace.labels(source)
    if not path.is_file():
        return {}
    dropped = read_note(path).notes.get("dropped", {})
    return {str(why): int(count) for why, count in dropped.items()}
