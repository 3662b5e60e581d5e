"""Precision-recall curves of every genre, one line per run, and pictures of a threshold search."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zoneclf.deep.genre.evaluation import Evaluation
from zoneclf.deep.genre.figures import Evaluations
from zoneclf.deep.genre.ranking import average_precision, steps_of
from zoneclf.deep.genre.rule_search import THRESHOLDS, TOP_K, Trial
from zoneclf.deep.genre.thresholds import Tuning
from zoneclf.deep.pictures import BLUE, GREY, LIGHT, short

_ACROSS = 6
# More genres than this are not drawn, the rarest are left out.
MOST_GENRES = 60
# Runs differ by dashes and lightness as well as by colour.
_LINES = (
    (BLUE, "-"),
    ("#B5651D", "--"),
    ("black", ":"),
    ("#8FB98B", "-"),
    ("#8E4585", "-."),
)


def precision_recall_figure(evaluations: Evaluations) -> Figure:
    """Return a panel per genre, most frequent first; chance dashed, the rule's point marked."""
    first = evaluations[0]
    counts = first.scored.targets.sum(axis=0)
    order = [int(g) for g in np.argsort(-counts, kind="stable") if counts[g]][:MOST_GENRES]
    rows = max(1, -(-len(order) // _ACROSS))
    figure = Figure(figsize=(2.25 * _ACROSS, 2.2 * rows + 0.5), layout="constrained")
    grid = figure.subplots(rows, _ACROSS, squeeze=False, sharex=True, sharey=True)
    for axes in grid.ravel()[len(order) :]:
        axes.set_visible(False)
    for axes, genre in zip(grid.ravel(), order, strict=False):
        _panel(axes, evaluations, genre, int(counts[genre]))
    for axes in grid[:, 0]:
        axes.set_ylabel("precision", fontsize=8)
    for axes in grid.ravel()[max(0, len(order) - _ACROSS) : len(order)]:
        axes.set_xlabel("recall", fontsize=8)
        axes.tick_params(labelbottom=True)
    if len(evaluations) > 1 and order:
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)
    return figure


def _panel(axes: Axes, evaluations: Evaluations, genre: int, count: int) -> None:
    alone = len(evaluations) == 1
    found = []
    for number, one in enumerate(evaluations):
        colour, dashes = _LINES[number % len(_LINES)]
        steps = steps_of(one.scored.targets[:, genre], one.probabilities[:, genre])
        found.append(float(average_precision(steps)[0]))
        recall = np.append(0.0, steps.recall[0])
        precision = np.append(steps.precision[0, :1], steps.precision[0])
        axes.step(
            recall,
            precision,
            where="pre",
            color=colour,
            linestyle=dashes,
            linewidth=1.3,
            label=short(one.name),
        )
        if alone:
            _mark_rule(axes, one, genre)
    share = count / len(evaluations[0].scored.targets)
    axes.axhline(share, color="0.6", linestyle=(0, (2, 2)), linewidth=1)
    area = f", {found[0]:.2f}" if alone else ""
    axes.set_title(f"{short(evaluations[0].genres[genre])} ({count}){area}", fontsize=8.5)
    axes.set(xlim=(-0.02, 1.02), ylim=(0, 1.05))
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)


def _mark_rule(axes: Axes, one: Evaluation, genre: int) -> None:
    row = one.metrics["per_genre"][genre]
    if row["predicted"]:
        axes.plot(row["recall"], row["precision"], "o", color="black", markersize=5)


def tuning_figure(tuning: Tuning) -> Figure:
    """Return the four strategies: thresholds, top K, both, and each genre's own threshold."""
    tall = max(3.2, 0.16 * len(tuning.genres) + 1)
    figure = Figure(figsize=(15.5, tall), layout="constrained")
    left, second, third, right = figure.subplots(1, 4, width_ratios=[1, 1, 1.1, 1.1])
    by_name = {
        name: [trial for trial in tuning.tried if trial.strategy == name]
        for name in ("threshold", "top-k", "combined")
    }
    _along(left, THRESHOLDS, by_name["threshold"], tuning)
    left.set_xlabel("threshold for all genres", fontsize=9)
    _along(second, TOP_K, by_name["top-k"], tuning)
    second.set_xlabel("genres kept per track (top K)", fontsize=9)
    left.legend(frameon=False, fontsize=8)
    _both(third, by_name["combined"], tuning)
    _own(right, tuning)
    for axes in (left, second, right):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _along(axes: Axes, values: Sequence[float], trials: Sequence[Trial], tuning: Tuning) -> None:
    styles = {"f1": ("-", BLUE, "o"), "precision": ("--", "black", "^"), "recall": (":", GREY, "s")}
    for name, (dashes, colour, marker) in styles.items():
        scores = [trial.scores[f"{name}_{tuning.objective}"] or 0.0 for trial in trials]
        axes.plot(
            values, scores, dashes, color=colour, marker=marker, markersize=4, label=_word(name)
        )
    best = tuning.best[trials[0].strategy]
    place = trials.index(best)
    score = best.scores[f"f1_{tuning.objective}"] or 0.0
    axes.plot(values[place], score, "*", color="black", markersize=13)
    axes.set_ylim(0, 1.02)
    axes.set_title(f"best {values[place]:g}: F1 {score:.3f}", fontsize=9.5)
    axes.tick_params(labelsize=8)


def _both(axes: Axes, trials: Sequence[Trial], tuning: Tuning) -> None:
    scores = [trial.scores[f"f1_{tuning.objective}"] or 0.0 for trial in trials]
    table = np.array(scores).reshape(len(THRESHOLDS), len(TOP_K))
    axes.imshow(table, cmap="Blues", aspect="auto", origin="lower")
    for row, column in np.ndindex(table.shape):
        dark = table[row, column] > (table.min() + table.max()) / 2
        axes.text(
            column,
            row,
            f"{table[row, column]:.2f}",
            ha="center",
            va="center",
            fontsize=7,
            color="white" if dark else "black",
        )
    axes.set_xticks(range(len(TOP_K)), list(map(str, TOP_K)), fontsize=8)
    axes.set_yticks(range(len(THRESHOLDS)), [f"{value:.2f}" for value in THRESHOLDS], fontsize=8)
    axes.set_xlabel("at most K genres", fontsize=9)
    axes.set_ylabel("and threshold", fontsize=9)
    axes.set_title(f"both: best F1 {table.max():.3f}", fontsize=9.5)


def _own(axes: Axes, tuning: Tuning) -> None:
    best = tuning.best["per-genre"]
    assert isinstance(best.rule.threshold, tuple)
    heights = np.arange(len(tuning.genres))
    axes.hlines(heights, 0, best.rule.threshold, color=LIGHT, linewidth=1)
    axes.plot(best.rule.threshold, heights, "o", color=BLUE, markersize=4)
    names = [
        f"{short(genre)}{' (no track)' if genre in tuning.without_tracks else ''}"
        for genre in tuning.genres
    ]
    axes.set_yticks(heights, names, fontsize=7.5)
    axes.set(xlim=(0, 1.02), ylim=(len(names) - 0.5, -0.5))
    axes.tick_params(axis="x", labelsize=8)
    axes.set_xlabel("each genre's own threshold", fontsize=9)
    score = best.scores[f"f1_{tuning.objective}"] or 0.0
    axes.set_title(f"per genre: F1 {score:.3f}", fontsize=9.5)


def _word(name: str) -> str:
    return "F1" if name == "f1" else name
