"""report.html of one run, or of several side by side: opens from disk, pictures inside.

Names of runs, genres and tracks are text only: the template escapes everything.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np

from zoneclf.console import printable
from zoneclf.deep.genre.curve_figures import MOST_GENRES, precision_recall_figure
from zoneclf.deep.genre.diagnosis import sentences, tendency
from zoneclf.deep.genre.evaluation import Evaluation, genre_rows, names_of
from zoneclf.deep.genre.figures import (
    balance_figure,
    drawn,
    labels_figure,
    reliability_figure,
)
from zoneclf.deep.pages import render, span, two
from zoneclf.deep.pictures import losses_figure

SCORE = "PR-AUC"
_TRACKS_ON_PAGE = 15
_SMALLEST = 1e-7
FIGURES = {
    "losses": lambda evaluations: losses_figure(evaluations, SCORE),
    "labels_per_track": labels_figure,
    "over_and_under": balance_figure,
    "reliability": reliability_figure,
    "precision_recall": precision_recall_figure,
}


def pictures_of(evaluations: Sequence[Evaluation]) -> dict[str, bytes]:
    """Return the page's pictures as PNG, by name."""
    return drawn(FIGURES, evaluations)


def render_page(
    evaluations: Sequence[Evaluation], pictures: Mapping[str, bytes], title: str
) -> str:
    """Return the page.

    Parameters
    ----------
    evaluations
        Of the same tracks and genres, one or more.
    pictures
        As from `pictures_of`.
    title
        What the page is about.
    """
    first = evaluations[0]
    return render(
        "genre/diagnosis.html.j2",
        title,
        pictures,
        runs=[_run(one) for one in evaluations],
        split=first.scored.split,
        tracks=len(first.scored.targets),
        genres=len(first.genres),
        most_genres=MOST_GENRES,
        without=[printable(genre) for genre in first.metrics["genres_without_tracks"]],
        percent=_percent,
        two=two,
        span=span,
        ratio=_ratio,
    )


def _run(one: Evaluation) -> dict[str, Any]:
    """Return what the template shows of a run."""
    return {
        "name": printable(one.name),
        "about": one.about,
        "short": [printable(sentence) for sentence in (*one.remarks, *sentences(one))],
        "rule": one.rule.words,
        "rule_from": one.rule_from,
        "scores": one.metrics,
        "untuned": one.untuned,
        "before": one.certainty["before"],
        "after": one.certainty["after"],
        "calibrated": one.calibration.method != "none",
        "tendency": tendency(one.metrics["predicted_to_true"]),
        "untuned_tendency": tendency(one.untuned["predicted_to_true"]),
        "rows": [{**row, "genre": printable(row["genre"])} for row in genre_rows(one)],
        "worst": _worst(one),
        "facts": {name: printable(str(value)) for name, value in one.facts.items()},
    }


def _worst(one: Evaluation) -> list[dict[str, Any]]:
    """Return the tracks whose genres the probabilities contradict most, with both."""
    targets = one.scored.targets
    said = np.clip(np.where(targets, one.probabilities, 1 - one.probabilities), _SMALLEST, 1)
    losses = -np.log(said).sum(axis=1)
    order = np.argsort(-losses, kind="stable")[:_TRACKS_ON_PAGE]
    return [
        {
            "name": printable(PurePath(str(one.scored.paths[row])).name),
            "true": printable(", ".join(names_of(one.genres, targets[row]))),
            "predicted": printable(", ".join(names_of(one.genres, one.decided[row]))) or "none",
            "least": f"{one.probabilities[row][targets[row]].min(initial=1):.2f}",
        }
        for row in order
        if (targets[row] != one.decided[row]).any()
    ]


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}x" if value >= 0.95 else f"{value:.2f}x"
