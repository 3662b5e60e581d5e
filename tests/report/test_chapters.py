"""What a model was chosen from, and how sure it may be: as its card and the judged tracks say."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from zoneclf.labels.table import LabelledTable
from zoneclf.model.calibration import sets_from
from zoneclf.model.card import ModelCard
from zoneclf.report.certainty import certainty_chapter
from zoneclf.report.choice import choice_chapter, taken
from zoneclf.report.evaluation import on_holdout
from zoneclf.report.zone_sets import with_sets

Make = Callable[..., LabelledTable]
SETS = {
    "coverage": 0.9,
    "least": {"YELLOW": 0.4, "GREEN": 0.2, "PURPLE": 0.0},
    "tracks": {"YELLOW": 20, "GREEN": 20, "PURPLE": 4},
}
CALIBRATION = {"temperature": 1.3, "ece_before": 0.11, "ece_after": 0.04, "sets": SETS}


@pytest.fixture
def card(make_table: Make, make_card: Callable[..., ModelCard]) -> ModelCard:
    return make_card(make_table(9), strategy="weighted", extractors={}, calibration=CALIBRATION)


def contender(name: str, loss: float, ends: list[float] | None) -> dict[str, Any]:
    return {
        "name": name, "log_loss": loss, "accuracy": 0.7, "difference": loss - 0.8, "ci95": ends
    }  # fmt: skip


def test_what_auto_took_is_what_beat_the_baseline_beyond_noise(card: ModelCard) -> None:
    rows = [
        contender("finetune", 0.70, [-0.21, 0.01]),
        contender("affect", 0.72, [-0.12, -0.04]),
        contender("user-only", 0.80, None),
    ]
    auto = replace(card, strategy="auto", comparison=rows)
    assert taken(auto) == "affect"
    chapter = choice_chapter(auto)
    assert [row["name"] for row in chapter.metrics["comparison"] if row["taken"]] == ["affect"]
    assert "better than user-only beyond noise" in chapter.page["verdict"]
    alone = replace(auto, comparison=[rows[0], rows[2]])
    assert taken(alone) == "user-only"
    assert "None is better" in choice_chapter(alone).page["verdict"]


def test_a_strategy_that_was_named_is_the_one(card: ModelCard) -> None:
    assert taken(card) == "weighted"
    assert choice_chapter(card).metrics["comparison"] == []


def test_certainty_is_the_cards_and_the_judged_tracks(card: ModelCard, make_table: Make) -> None:
    table = make_table(60)
    shares = np.tile(np.array([[0.5, 0.3, 0.2]], dtype=np.float32), (60, 1))
    judged = with_sets(on_holdout(table, shares), sets_from(SETS), frozenset({"user"}))
    chapter = certainty_chapter(card, judged)
    assert chapter.metrics["temperature"] == 1.3
    assert (chapter.metrics["ece_before"], chapter.metrics["ece_after"]) == (0.11, 0.04)
    sets = chapter.metrics["sets"]
    assert (sets["coverage"], sets["listen"], sets["mean_size"]) == (1.0, 1.0, 3.0)
    assert chapter.page["never"] == ["PURPLE"]
    assert chapter.page["verdict"] == "more often than promised"
    assert "asks you to listen to 100" in chapter.short


def test_sets_that_hold_too_little_are_told(card: ModelCard, make_table: Make) -> None:
    table = make_table(60)
    table.codes[:] = 0
    shares = np.tile(np.array([[0.1, 0.8, 0.1]], dtype=np.float32), (60, 1))
    judged = with_sets(on_holdout(table, shares), sets_from(SETS), frozenset({"user"}))
    assert certainty_chapter(card, judged).page["verdict"] == "less often than promised"


def test_an_uncalibrated_model_says_nothing_of_its_certainty(
    card: ModelCard, make_table: Make
) -> None:
    table = make_table(9)
    shares = np.full((9, 3), 1 / 3, dtype=np.float32)
    chapter = certainty_chapter(replace(card, calibration={}), on_holdout(table, shares))
    assert chapter.metrics == {}
    assert chapter.short == ""
