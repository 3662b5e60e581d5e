"""report.html of one run, or of several side by side."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np

from zoneclf.console import printable
from zoneclf.deep.affect.affect_set import NAMES
from zoneclf.deep.affect.evaluation import Judged, sentences
from zoneclf.deep.affect.figures import lines_figure, plane_figure
from zoneclf.deep.pages import render, span, two
from zoneclf.deep.pictures import losses_figure, png

SCORE = "CCC"
_TRACKS_ON_PAGE = 15
# What the page's table tells of a dimension.
_SCORES = {
    "r2": "R2",
    "ccc": "CCC",
    "rmse": "RMSE",
    "spread_ratio": "spread",
    "slope": "slope",
    "central_share": "in the central band",
}


def pictures_of(runs: Sequence[Judged]) -> dict[str, bytes]:
    """Return the page's pictures as PNG, by name."""
    figures = {
        "va_plane": plane_figure(runs),
        "predicted_over_true": lines_figure(runs),
        "losses": losses_figure(runs, SCORE),
    }
    return {name: png(figure) for name, figure in figures.items() if figure is not None}


def render_page(runs: Sequence[Judged], pictures: Mapping[str, bytes], title: str) -> str:
    """Return the page.

    Parameters
    ----------
    runs
        Judged on the same tracks, one or more.
    pictures
        As from `pictures_of`.
    title
        What the page is about.
    """
    first = runs[0]
    return render(
        "affect/affect.html.j2",
        title,
        pictures,
        runs=[_run(one) for one in runs],
        titles=list(_SCORES.values()),
        split=first.split,
        tracks=len(first.true),
        two=two,
        span=span,
    )


def _run(one: Judged) -> dict[str, Any]:
    """Return what the template shows of a run."""
    return {
        "name": printable(one.name),
        "about": printable(one.about),
        "short": sentences(one),
        "rows": _rows(one),
        "cost": one.cost,
        "windows": None if one.windows is None else one.windows.scores["mean"],
        "worst": _worst(one),
        "facts": {name: printable(str(value)) for name, value in one.facts.items()},
    }


def _rows(one: Judged) -> list[dict[str, Any]]:
    """Return a row of scores for each dimension, as predicted and rescaled."""
    found = []
    for words, scores in (("as predicted", one.scores), ("rescaled", one.rescaled_scores)):
        for name in NAMES if scores is not None else ():
            told = scores[name] if scores else {}
            cells = [(told[key], told.get(f"{key}_ci95")) for key in _SCORES]
            found.append({"dimension": name, "words": words, "cells": cells})
    return found


def _worst(one: Judged) -> list[dict[str, str]]:
    """Return the tracks whose predictions are furthest off."""
    apart = np.linalg.norm(one.predicted - one.true, axis=1)
    order = np.argsort(-apart, kind="stable")[:_TRACKS_ON_PAGE]
    return [
        {
            "name": printable(PurePath(str(one.paths[row])).name),
            **{f"true_{n}": f"{one.true[row, p]:.1f}" for p, n in enumerate(NAMES)},
            **{f"said_{n}": f"{one.predicted[row, p]:.1f}" for p, n in enumerate(NAMES)},
        }
        for row in order
    ]
