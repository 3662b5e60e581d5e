"""The table of presets side by side, as Markdown, CSV and JSON.

A score of several seeds is their mean; its spread is their standard deviation.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from zoneclf.deep.csv_cells import as_csv
from zoneclf.deep.genre.comparing import Compared
from zoneclf.deep.genre.diagnosis import tendency
from zoneclf.deep.recipe import plain
from zoneclf.deep.seed_table import Columns, as_markdown, means_of
from zoneclf.writing import write_text

SCHEMA_VERSION = 1
_TUNED = {
    "auto": "a threshold, the K likeliest genres, both, or a threshold per genre, by folds",
    "untuned": "at 0.5",
    "threshold": "one threshold for all genres",
    "top-k": "the K likeliest genres",
    "combined": "one threshold and the K likeliest genres",
    "per-genre": "one threshold per genre",
}
Pick = Callable[[Compared], float | None]


def _metric(name: str) -> Pick:
    return lambda one: one.metrics[name]


def _untuned(name: str) -> Pick:
    return lambda one: one.metrics["untuned"][name]


def _error(when: str) -> Pick:
    return lambda one: one.metrics["calibration"][when]["ece"]


def _risen(one: Compared) -> float:
    """Return the last epoch's validation loss over the lowest: above 1 is overfitting."""
    losses = [row["valid_loss"] for row in one.evaluation.history]
    return losses[-1] / min(losses) if losses else 1.0


# Column, its title, decimals.  `untuned` is what the network says at 0.5, before calibration.
COLUMNS: Columns[Compared] = {
    "pr_auc_macro": ("PR-AUC", 3, _metric("pr_auc_macro")),
    "f1_macro": ("macro F1", 3, _metric("f1_macro")),
    "f1_micro": ("micro F1", 3, _metric("f1_micro")),
    "rare_recall": ("recall of rare genres", 3, _metric("rare_recall")),
    "predicted_to_true": ("predicted / true", 2, _metric("predicted_to_true")),
    "labels_predicted": ("genres per track", 2, _metric("labels_predicted")),
    "untuned_predicted_to_true": ("at 0.5: predicted / true", 2, _untuned("predicted_to_true")),
    "untuned_rare_recall": ("at 0.5: recall of rare", 3, _untuned("rare_recall")),
    "untuned_f1_macro": ("at 0.5: macro F1", 3, _untuned("f1_macro")),
    "ece_before": ("calibration error before", 3, _error("before")),
    "ece_after": ("after", 3, _error("after")),
    "valid_loss_risen": ("last / lowest validation loss", 2, _risen),
    "best_epoch": ("best epoch", 0, lambda one: float(one.result["best_epoch"])),
    "seconds": ("seconds", 0, lambda one: float(one.result["seconds"])),
}


def rows_of(compared: Sequence[Compared]) -> list[dict[str, Any]]:
    """Return a row per preset: means over seeds, spreads, whether it predicts too much."""
    presets = list(dict.fromkeys(one.entry.preset for one in compared))
    return [_row([one for one in compared if one.entry.preset == preset]) for preset in presets]


def _row(runs: Sequence[Compared]) -> dict[str, Any]:
    first = runs[0]
    row: dict[str, Any] = {"preset": first.entry.preset, "about": first.entry.recipe.about}
    row |= {"runs": len(runs), "strategy": first.strategy}
    row |= means_of(runs, COLUMNS)
    row["tendency"] = tendency(row["predicted_to_true"])
    row["untuned_tendency"] = tendency(row["untuned_predicted_to_true"])
    return row


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the table as Markdown; the best of each column of scores is not marked."""
    return as_markdown(rows, "preset", COLUMNS)


def write_table(compared: Sequence[Compared], folder: Path) -> dict[str, Any]:
    """Write comparison.md, .csv and .json into `folder`; return what the last one says."""
    rows = rows_of(compared)
    first = compared[0]
    told = {
        "schema_version": SCHEMA_VERSION,
        "set": first.evaluation.facts.get("set", ""),
        "split": first.metrics["split"],
        "n": first.metrics["n"],
        "genres": first.metrics["genres"],
        "rare_genres": first.metrics["rare_genres"],
        "labels_true": first.metrics["labels_true"],
        "presets": rows,
        "runs": [
            {
                "name": one.entry.name,
                "preset": one.entry.preset,
                "recipe": plain(one.entry.recipe),
                "training": dict(one.result),
                "metrics": dict(one.metrics),
            }
            for one in compared
        ],
    }
    text = json.dumps(told, indent=2, allow_nan=False, default=str)
    write_text(text + "\n", folder / "comparison.json")
    write_text(as_csv(rows), folder / "comparison.csv")
    write_text(_page(rows, told), folder / "comparison.md")
    return told


def _calibrated(runs: Sequence[Mapping[str, Any]]) -> str:
    """Return in words how probabilities were calibrated, and which were not."""
    methods = {one["name"]: one["metrics"]["calibration"]["method"] for one in runs}
    without = [name for name, method in methods.items() if method == "none"]
    if len(without) == len(methods):
        return "nothing calibrated (too few tracks in the split calib)"
    fitted = " or ".join(sorted(set(methods.values()) - {"none"}))
    but = f", but not for {', '.join(without)}" if without else ""
    return f"calibration ({fitted}) fitted on calib{but}"


def _page(rows: Sequence[Mapping[str, Any]], told: Mapping[str, Any]) -> str:
    judged = (
        f"{told['n']} tracks of the split {told['split']}, {told['labels_true']:.2f} genres each"
    )
    words = [
        f"{judged}; rules tuned on valid, {_calibrated(told['runs'])}.",
        f"Rare genres: {', '.join(told['rare_genres'])}.",
    ]
    about = [f"- {row['preset']}: {row['about']}; {_TUNED[row['strategy']]}" for row in rows]
    return "\n".join([*words, "", markdown(rows), *about]) + "\n"
