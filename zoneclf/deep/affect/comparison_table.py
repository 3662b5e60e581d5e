"""The tables of backbones side by side, and of the remedies, as Markdown, CSV and JSON."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from zoneclf.deep.affect.affect_set import NAMES
from zoneclf.deep.affect.agreement import difference
from zoneclf.deep.affect.comparing import Compared
from zoneclf.deep.csv_cells import as_csv
from zoneclf.deep.recipe import plain
from zoneclf.deep.seed_table import Columns, as_markdown, means_of
from zoneclf.writing import make_folder, write_text

SCHEMA_VERSION = 1
_CHANGES = {"spread_ratio": "spread", "slope": "slope", "ccc": "CCC", "r2": "R2", "rmse": "RMSE"}


def _score(part: str, name: str, when: str = "") -> Callable[[Compared], float | None]:
    def pick(one: Compared) -> float | None:
        told = one.metrics[when] if when else one.metrics
        return None if told is None else told[part][name]

    return pick


def _cost(name: str) -> Callable[[Compared], float | None]:
    return lambda one: one.metrics["cost"][name]


# Column, its title, decimals.
COLUMNS: Columns[Compared] = {
    **{f"r2_{name}": (f"R2 {name}", 3, _score(name, "r2")) for name in NAMES},
    **{f"ccc_{name}": (f"CCC {name}", 3, _score(name, "ccc")) for name in NAMES},
    "rmse": ("RMSE", 3, _score("mean", "rmse")),
    **{f"spread_{name}": (f"spread {name}", 2, _score(name, "spread_ratio")) for name in NAMES},
    "slope": ("slope", 2, _score("mean", "slope")),
    "central_share": ("in the central band", 2, _score("mean", "central_share")),
    "rescaled_ccc": ("rescaled: CCC", 3, _score("mean", "ccc", "rescaled")),
    "rescaled_r2": ("rescaled: R2", 3, _score("mean", "r2", "rescaled")),
    "rescaled_spread": ("rescaled: spread", 2, _score("mean", "spread_ratio", "rescaled")),
    "megabytes": ("MB", 2, _cost("megabytes")),
    "encoder_megabytes": ("MB of the encoder", 1, _cost("encoder_megabytes")),
    "seconds_per_epoch": ("s per epoch", 2, _cost("seconds_per_epoch")),
    "epochs": ("epochs", 0, _cost("epochs")),
}


def rows_of(found: Sequence[Compared]) -> list[dict[str, Any]]:
    """Return a row per kind of run: means over seeds, with spreads where there are several."""
    kinds = list(dict.fromkeys(one.entry.kind for one in found))
    return [_row(kind, [one for one in found if one.entry.kind == kind]) for kind in kinds]


def _row(kind: str, runs: Sequence[Compared]) -> dict[str, Any]:
    return {"run": kind, "runs": len(runs), **means_of(runs, COLUMNS)}


def remedies(found: Sequence[Compared]) -> list[dict[str, Any]]:
    """Return by how much each remedy changes the mean scores of each backbone, with intervals.

    Rescaling of the runs that squared error trained; concordance as loss in its place; of the
    first seed.  Intervals are of the tracks that judge, not of seeds.
    """
    return [
        {"run": one.entry.kind, "remedy": remedy, **told} for one, remedy, told in _changes(found)
    ]


def _changes(found: Sequence[Compared]) -> Iterator[tuple[Compared, str, dict[str, Any]]]:
    first: dict[str, Compared] = {}
    for one in found:
        first.setdefault(one.entry.kind, one)
    for one in first.values():
        if one.entry.recipe.loss != "mse":
            continue
        if one.judged.remedy is not None:
            yield one, "rescaled", _told(one.judged.remedy["mean"])
        other = first.get(one.entry.kind.replace(", mse", ", ccc"))
        if other is not None:
            judged = one.judged
            change = difference(
                judged.true, other.judged.predicted, judged.predicted, groups=judged.groups
            )
            yield one, "loss ccc", _told(change["mean"])


def _told(change: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in _CHANGES:
        low, high = change[name]["ci95"] or (None, None)
        found |= {name: change[name]["difference"], f"{name}_low": low, f"{name}_high": high}
    return found


def remedy_markdown(rows: Sequence[dict[str, Any]]) -> str:
    """Return the table of remedies as Markdown: each change with its interval."""
    titles = ["run", "remedy", *(f"change of {title}" for title in _CHANGES.values())]
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    for row in rows:
        cells = [_cell(row, name) for name in _CHANGES]
        lines.append("| " + " | ".join([row["run"], row["remedy"], *cells]) + " |")
    return "\n".join(lines) + "\n"


def _cell(row: dict[str, Any], name: str) -> str:
    if row[name] is None or row[f"{name}_low"] is None:
        return ""
    return f"{row[name]:+.3f} ({row[f'{name}_low']:+.3f} to {row[f'{name}_high']:+.3f})"


def write_tables(found: Sequence[Compared], folder: Path) -> dict[str, Any]:
    """Write comparison.md, .csv and .json into `folder`; return what the last one says."""
    make_folder(folder)
    rows, changes, first = rows_of(found), remedies(found), found[0].judged
    told = {
        "schema_version": SCHEMA_VERSION,
        "set": str(first.facts["set"]),
        "split": first.split,
        "n": len(first.true),
        "table": rows,
        "remedies": changes,
        "runs": [
            {
                "name": one.entry.name,
                "kind": one.entry.kind,
                "recipe": plain(one.entry.recipe),
                "metrics": dict(one.metrics),
            }
            for one in found
        ],
    }
    text = json.dumps(told, indent=2, allow_nan=False)
    write_text(text + "\n", folder / "comparison.json")
    write_text(as_csv(rows), folder / "comparison.csv")
    write_text(markdown(told), folder / "comparison.md")
    return told


def markdown(told: dict[str, Any]) -> str:
    """Return both tables with a line that says what they are of."""
    words = (
        f"{told['n']} tracks of the split {told['split']} of {told['set']}; spread is the standard "
        "deviation of the predicted over that of the true, slope that of predicted over true; "
        "rescaled: to the spread of the validation tracks."
    )
    parts = [words, as_markdown(told["table"], "run", COLUMNS)]
    if told["remedies"]:
        parts.append(remedy_markdown(told["remedies"]))
    return "\n\n".join(parts)
