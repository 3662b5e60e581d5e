"""The chapter on the sources' difference names what leaks through the length of tracks."""

import dataclasses
import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from zoneclf.labels.table import LabelledTable
from zoneclf.report.shift_chapter import Thorough, shift_chapter

Make = Callable[..., LabelledTable]
OWN = frozenset({"user"})
CLIP_S = 45.0


@pytest.fixture(scope="module")
def planted(make_table: Make) -> LabelledTable:
    """Alike but for length: the user's last minutes, the others 45 s; two drops a minute."""
    table = make_table(240, seed=3, share_of_user=0.5)
    rng = np.random.default_rng(3)
    length = np.where(table.source == "user", rng.uniform(150, 480, 240), CLIP_S)
    features = table.features.assign(drop_count=rng.poisson(2 * length / 60).astype(float))
    spec = dataclasses.replace(table.spec, features=tuple(features.columns))
    about = table.about.assign(duration_s=length)
    return dataclasses.replace(table, features=features, spec=spec, about=about)


def test_the_count_of_drops_is_named_where_lengths_differ(planted: LabelledTable) -> None:
    chapter = shift_chapter(planted, OWN, learnt=("loud", "bright"))
    assert chapter.metrics["length_leaks"] == ["drop_count"]
    assert chapter.metrics["tells_most"][0] == "drop_count"
    assert chapter.metrics["source_auc_ci95"][0] > 0.9
    assert chapter.metrics["learnt_leaks"] == []
    said = " ".join(chapter.page["remarks"])
    assert "drop_count (AUC 1.00)" in said
    assert "the others 45 s" in said
    assert "learns from none of these" in said
    assert "user and deam tracks sound unlike" in chapter.short.lower()
    assert chapter.tables["length_leaks"]["feature"].tolist() == ["drop_count"]
    assert chapter.tables["domain_shift"]["feature"][0] == "drop_count"
    assert set(chapter.pictures) == {"domain_shift"}
    json.dumps(chapter.metrics, allow_nan=False)


def test_a_model_that_learns_from_a_leak_is_told_so(planted: LabelledTable) -> None:
    chapter = shift_chapter(planted, OWN, learnt=("loud", "drop_count"))
    assert chapter.metrics["learnt_leaks"] == ["drop_count"]
    assert "learns from drop_count of these: zoneclf train --match-length" in " ".join(
        chapter.page["remarks"]
    )


def test_named_features_are_compared_with_the_first_experiments(planted: LabelledTable) -> None:
    chapter = shift_chapter(planted, OWN, learnt=())
    rows = {row["feature"]: row for row in chapter.metrics["ratios"]}
    assert set(rows) == {"duration_s", "drop_count"}
    assert rows["drop_count"]["first_ratio"] == 7.0
    assert rows["drop_count"]["ratio_mean"] > 5
    assert rows["duration_s"]["first_ratio"] is None


def test_equal_sources_are_not_told_apart(planted: LabelledTable) -> None:
    about = planted.about.assign(duration_s=CLIP_S)
    alike = dataclasses.replace(
        planted, features=planted.features.assign(drop_count=1.0), about=about
    )
    chapter = shift_chapter(alike, OWN, learnt=())
    assert chapter.metrics["length_leaks"] == []
    assert chapter.page["remarks"] == ()
    assert "cannot be told apart beyond chance" in chapter.short


def test_one_source_is_no_comparison(planted: LabelledTable) -> None:
    chapter = shift_chapter(planted.take(planted.source == "user"), OWN, learnt=())
    assert "nothing to compare" in chapter.page["remarks"][0]
    assert chapter.metrics == {}
    assert chapter.tables == {}


def test_too_few_tracks_to_tell_sources_are_a_remark(planted: LabelledTable) -> None:
    few = planted.take(np.r_[0:12, 120:123])
    chapter = shift_chapter(few, OWN, learnt=())
    assert chapter.metrics["source_auc"] is None
    assert "is not known" in chapter.page["remarks"][0]
    assert chapter.short == ""


@pytest.mark.slow
def test_what_takes_long_is_shown_where_it_was_measured(planted: LabelledTable) -> None:
    variants = pd.DataFrame(
        [
            ("all features", 6, 0.99, 0.97, 1.0, "drop_count"),
            ("45 s each", 6, 0.5, 0.4, 0.6, "loud"),
        ],
        columns=["variant", "features", "auc", "low", "high", "top"],
    )
    score = {"n": 60, "low": 0.5, "high": 0.9, "f1_macro": 0.7, "log_loss": 0.6, "remark": ""}
    matrix = pd.DataFrame(
        [
            {"trained_on": trained, "judged_on": judged, "accuracy": accuracy, **score}
            for trained, judged, accuracy in (
                *(("deam", "user", 0.61), ("user", "user", 0.72), ("all", "user", 0.77)),
                *(("deam", "deam", 0.8), ("user", "deam", 0.5), ("all", "deam", 0.8)),
            )
        ]
    )
    thorough = Thorough(variants, matrix, ("Not judged without level: no column tells it.",))
    chapter = shift_chapter(planted, OWN, learnt=(), thorough=thorough)
    assert set(chapter.pictures) == {"domain_shift", "shift_matrix", "source_told"}
    assert set(chapter.tables) >= {"shift_matrix", "source_told"}
    assert "61 % after learning from deam" in chapter.page["crossing"]
    assert "77 % after learning from all sources" in chapter.page["crossing"]
    assert "Not judged without level" in chapter.page["remarks"][-1]
    json.dumps(chapter.metrics, allow_nan=False)
