"""What happened in each epoch, as a table and a picture of the curves."""

import csv
import io
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from zoneclf.writing import replacing, write_text


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """One epoch; `score` is what early stopping looks at, the higher the better."""

    epoch: int
    learning_rate: float
    train_loss: float
    valid_loss: float
    score: float
    best: bool
    seconds: float


def stalls_of(epochs: list[Epoch]) -> list[int]:
    """Return for each epoch how many have passed since the best one up to it."""
    found: list[int] = []
    for one in epochs:
        found.append(0 if one.best else found[-1] + 1)
    return found


def result_name(score: str) -> str:
    """Return how files call a score of the validation clips, valid_pr_auc for ``PR-AUC``."""
    return f"valid_{score.lower().replace(' ', '_').replace('-', '_')}"


def write_history(epochs: list[Epoch], path: Path) -> None:
    """Write a row per epoch as CSV."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([one.name for one in fields(Epoch)])
    for one in epochs:
        rows.writerow([_text(value) for value in asdict(one).values()])
    write_text(text.getvalue(), path)


def draw_history(epochs: list[Epoch], path: Path, score_name: str) -> None:
    """Draw losses and score over epochs; the best epoch is marked."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    numbers = [one.epoch for one in epochs]
    marks = {"markersize": 3}
    left.plot(numbers, [one.train_loss for one in epochs], "o-", label="training", **marks)
    left.plot(numbers, [one.valid_loss for one in epochs], "s--", label="validation", **marks)
    left.set(xlabel="epoch", ylabel="loss", title="Loss")
    right.plot(numbers, [one.score for one in epochs], "s--", color="C1", **marks)
    right.set(xlabel="epoch", ylabel=score_name, title="Validation")
    best = max((one for one in epochs if one.best), key=lambda one: one.epoch, default=None)
    if best is not None:
        for place in (left, right):
            place.axvline(best.epoch, color="0.6", linestyle=":", zorder=0)
        right.plot([best.epoch], [best.score], "k*", markersize=9, label=f"best: {best.score:.3f}")
        right.legend(frameon=False)
    left.legend(frameon=False)
    with replacing(path) as partial:
        figure.savefig(partial, dpi=120, format="png")


def _text(value: float) -> str:
    return str(int(value)) if isinstance(value, bool | int) else f"{value:.6g}"
