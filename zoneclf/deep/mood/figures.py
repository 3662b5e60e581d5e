"""The confusion matrix as a picture: counts, and the share of each true mood as shade."""

import numpy as np
from matplotlib.figure import Figure

from zoneclf.deep.mood.evaluation import Judged
from zoneclf.deep.pictures import short

# More moods than this have no numbers in their cells.
_MOST_NUMBERS = 30


def confusion_figure(judged: Judged) -> Figure:
    """Return the matrix, true moods in rows."""
    counts = judged.confusion
    size = len(judged.moods)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    inches = min(15.0, 2.6 + 0.62 * size)
    figure = Figure(figsize=(inches, inches), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(counts.shape) if size <= _MOST_NUMBERS else ():
        if counts[row, column]:
            shade = "white" if shares[row, column] > 0.55 else "black"
            text = f"{counts[row, column]}\n{shares[row, column]:.0%}"
            axes.text(column, row, text, ha="center", va="center", color=shade, fontsize=8)
    names = [short(mood) for mood in judged.moods]
    axes.set_xticks(range(size), names, rotation=45, ha="right", fontsize=9)
    axes.set_yticks(range(size), names, fontsize=9)
    axes.set(xlabel="predicted mood", ylabel="true mood")
    told = f"{short(judged.name)}, {judged.split}: {len(judged.true)} tracks"
    axes.set_title(told, fontsize=10)
    return figure
