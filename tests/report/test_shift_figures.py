"""Pictures of the shift: drawn whatever the tables hold."""

import numpy as np
import pandas as pd

from zoneclf.report.figures import png
from zoneclf.report.shift import feature_shift
from zoneclf.report.shift_figures import matrix_figure, shift_figure, variants_figure

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def shift(count: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    names = [f"feature $_{{{place}}}$" for place in range(count)]
    others = pd.DataFrame(rng.normal(size=(60, count)), columns=names)
    return feature_shift(others, others + np.linspace(-3, 3, count))


def test_shifts_are_drawn_by_size_with_their_direction() -> None:
    figure = shift_figure(shift(40), "user", "deam")
    (axes,) = figure.axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert len(labels) == 20
    assert labels[-1] == shift(40)["feature"][0]  # the largest is on top
    assert {bar.get_hatch() for bar in axes.patches} == {None, "///"}
    assert png(figure).startswith(SIGNATURE)


def test_few_or_no_features_are_drawn_too() -> None:
    for count in (0, 1):
        assert png(shift_figure(shift(count), "user", "deam")).startswith(SIGNATURE)


def test_the_matrix_shows_every_pair_and_what_was_not_judged() -> None:
    rows = [
        ("deam", "user", 90, 0.4, 0.3, 0.5, ""),
        ("user", "user", 90, 0.8, 0.7, 0.9, ""),
        ("deam", "deam", 0, np.nan, np.nan, np.nan, "too few"),
        ("user", "deam", 0, np.nan, np.nan, np.nan, "too few"),
    ]
    names = ["trained_on", "judged_on", "n", "accuracy", "low", "high", "remark"]
    figure = matrix_figure(pd.DataFrame(rows, columns=names))
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert sorted(texts) == ["40%\n30% to 50%", "80%\n70% to 90%", "not judged", "not judged"]
    assert png(figure).startswith(SIGNATURE)


def test_variants_are_drawn_with_intervals_and_chance() -> None:
    rows = [("as extracted", 489, 1.0, 0.95, 1.0, "drop_count"), ("45 s", 489, 0.3, 0.2, 0.4, "a")]
    names = ["variant", "features", "auc", "low", "high", "top"]
    figure = variants_figure(pd.DataFrame(rows, columns=names))
    assert figure.axes[0].get_xlim()[0] < 0.2
    assert "drop_count" in figure.axes[0].get_yticklabels()[0].get_text()
    assert png(figure).startswith(SIGNATURE)
