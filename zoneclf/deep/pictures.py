"""What pictures of networks share: colours, panels side by side, curves of training, PNG."""

import io
import warnings
from collections.abc import Mapping, Sequence
from typing import Protocol

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from zoneclf.console import printable

# A label may be called "$".
mpl.rcParams["text.parse_math"] = False

BLUE, GREY, LIGHT = "#2F5D8C", "0.45", "0.85"
# Inches across at most.
_WIDTH = 15.0
_LONGEST_NAME = 24


class Trained(Protocol):
    """A run and its epochs, a row each: epoch, train_loss, valid_loss, score."""

    @property
    def name(self) -> str:
        """The run's name."""

    @property
    def history(self) -> Sequence[Mapping[str, float]]:
        """Its epochs; empty where they are not known."""


def losses_figure(runs: Sequence[Trained], score_name: str) -> Figure | None:
    """Return loss and score over epochs, a column per run; None where no history is known."""
    if not any(one.history for one in runs):
        return None
    figure, panels = panels_of(len(runs), (3.9, 2.4), rows=2)
    for one, (above, below) in zip(runs, panels, strict=True):
        _losses(above, below, one.history)
        above.set_title(short(one.name), fontsize=10)
    above, below = panels[0]
    above.set_ylabel("loss", fontsize=9)
    below.set_ylabel(f"{score_name},\nvalidation", fontsize=9)
    drawn = next(one for one in reversed(panels) if one[0].lines)
    drawn[0].legend(frameon=False, fontsize=8)
    return figure


def _losses(above: Axes, below: Axes, history: Sequence[Mapping[str, float]]) -> None:
    if not history:
        return
    numbers = [row["epoch"] for row in history]
    above.plot(numbers, [row["train_loss"] for row in history], "-", color=BLUE, label="training")
    above.plot(
        numbers, [row["valid_loss"] for row in history], "--", color="black", label="validation"
    )
    below.plot(numbers, [row["score"] for row in history], "-", color="black")
    best = max(history, key=lambda row: row["score"])
    for axes in (above, below):
        axes.axvline(best["epoch"], color="0.6", linestyle=":", linewidth=1)
    below.plot(best["epoch"], best["score"], "*", color="black", markersize=10)
    below.annotate(
        f"kept: epoch {best['epoch']:.0f}, {best['score']:.2f}",
        (0.98, 0.08),
        xycoords="axes fraction",
        ha="right",
        fontsize=8,
    )
    below.set_ylim(min(0.0, *(row["score"] for row in history)), 1)
    below.set_xlabel("epoch", fontsize=9)
    below.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))


def png(figure: Figure) -> bytes:
    """Return the figure as PNG, 130 dots per inch."""
    stream = io.BytesIO()
    with warnings.catch_warnings():
        # A name may hold letters that the font lacks; they are drawn as boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(stream, format="png", dpi=130, metadata={"Software": None})
    return stream.getvalue()


def short(name: str) -> str:
    """Return a name for a picture: one line, not too long."""
    line = printable(name).replace("\n", " ")
    return line if len(line) <= _LONGEST_NAME else f"{line[: _LONGEST_NAME - 1]}…"


def panels_of(
    count: int, size: tuple[float, float], *, rows: int = 1, sharey: bool = False
) -> tuple[Figure, list[list[Axes]]]:
    """Return a figure with `count` columns of `rows` panels, each of `size` inches or less."""
    width = size[0] if count > 1 else 1.5 * size[0]
    scale = min(1.0, _WIDTH / (count * width))
    figure = Figure(figsize=(count * width * scale, rows * size[1]), layout="constrained")
    grid = figure.subplots(
        rows, count, squeeze=False, sharey="row" if count > 1 or sharey else False
    )
    for axes in grid.ravel():
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    return figure, [list(grid[:, place]) for place in range(count)]
