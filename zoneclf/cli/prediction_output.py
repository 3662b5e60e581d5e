"""Predictions as a table for a terminal, as CSV, as JSON."""

import csv
import io
import sys
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from zoneclf.console import printable
from zoneclf.model.card import ModelCard
from zoneclf.pipeline.predicting import Prediction
from zoneclf.report.errors import cell

MOODS = ("arousal", "valence")


def tells_moods(found: Sequence[Prediction]) -> bool:
    """Return whether the model predicted arousal and valence."""
    return any(one.arousal is not None for one in found)


def as_json(found: Sequence[Prediction], card: ModelCard) -> dict[str, Any]:
    """Return one object with the model and every prediction."""
    return {
        "model": card.name,
        "zones": list(card.zones),
        "licence": card.licence,
        "tracks": [_as_json(prediction) for prediction in found],
    }


def _as_json(one: Prediction) -> dict[str, Any]:
    plain = {name: value for name, value in vars(one).items() if name != "why"}
    return plain if one.why is None else plain | {"why": one.why.as_json()}


def as_csv(found: Sequence[Prediction], zones: Sequence[str]) -> str:
    """Return CSV with a header; texts that a spreadsheet would run get an apostrophe."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    moods = MOODS if tells_moods(found) else ()
    shown = [f"p_{zone}" for zone in zones]
    writer.writerow(
        ["path", "zone", "confidence", *shown, "status", "reason", "set", "why", *moods]
    )
    for one in found:
        shares = [one.probabilities.get(zone, "") for zone in zones]
        confidence = "" if one.confidence is None else round(one.confidence, 4)
        row = [one.path, one.zone or "", confidence, *shares, one.status, one.reason, one.set]
        row.append(one.why.sentence if one.why else "")
        row += ["" if getattr(one, mood) is None else getattr(one, mood) for mood in moods]
        writer.writerow([cell(value) for value in row])
    return stream.getvalue()


def as_table(found: Sequence[Prediction], zones: Sequence[str]) -> str:
    """Return aligned columns: zone, confidence, probabilities, the zones left, name; then why."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    moods = MOODS if tells_moods(found) else ()
    for name in ("zone", "sure", *zones, *moods):
        table.add_column(name, justify="left" if name == "zone" else "right", no_wrap=True)
    table.add_column("set", no_wrap=True)
    table.add_column("track", overflow="fold")
    for one in found:
        name = printable(PurePath(one.path).name)
        if one.zone is None or one.confidence is None:
            blank = [""] * (2 + len(zones) + len(moods))
            table.add_row(one.status, *blank, f"{name}: {printable(one.reason)}")
            continue
        shares = [f"{100 * one.probabilities[zone]:.0f} %" for zone in zones]
        shares += [f"{getattr(one, mood):.1f}" for mood in moods]
        mark = "" if one.status == "ok" else f"  ({one.status})"
        table.add_row(one.zone, f"{100 * one.confidence:.0f} %", *shares, one.set, name + mark)
    stream = io.StringIO()
    wide = None if sys.stdout.isatty() else 200
    Console(file=stream, width=wide, markup=False, highlight=False).print(table)
    reasons = [
        f"\n{printable(PurePath(one.path).name)}: {printable(one.why.sentence)}\n"
        for one in found
        if one.why
    ]
    return stream.getvalue() + "".join(reasons)
