"""MODEL_CARD.md says what a model learnt from, how good it is, and what may be done with it."""

from collections.abc import Callable
from dataclasses import asdict, replace

import numpy as np
import pytest

from zoneclf.labels.table import LabelledTable
from zoneclf.model.card import ModelCard
from zoneclf.report.card import card_text
from zoneclf.report.scores import score


@pytest.fixture
def card(make_table: Callable[..., LabelledTable]) -> ModelCard:
    table = make_table(9)
    return ModelCard(
        name="party",
        created="2026-01-01T00:00:00+00:00",
        zones=table.zones,
        spec=table.spec,
        extractors={"toy": 3},
        strategy="weighted",
        settings={},
        sources={"user": {"YELLOW": 10, "PURPLE": 12}, "deam": {"GREEN": 961}},
        rule="abc",
        label_repair="repaired",
        training="0",
        holdout="def",
        licence="",
        versions={"zoneclf": "9.9"},
    )


def test_it_says_what_it_learnt_from(card: ModelCard) -> None:
    text = card_text(card)
    assert text.startswith("# Model party\n")
    assert "| source | YELLOW | GREEN | PURPLE |" in text
    assert "| user | 10 | 0 | 12 |" in text
    assert "| deam | 0 | 961 | 0 |" in text
    assert "made by toy 3" in text
    assert "Labels of DEAM: repaired." in text
    assert "strategy `weighted`" in text


def test_scores_come_with_their_interval_or_not_at_all(card: ModelCard) -> None:
    assert "Not measured when it was trained" in card_text(card)
    codes = np.array([0, 0, 0, 1, 1, 1, 1, 1])
    found = score(codes, np.eye(3)[[0, 0, 1, 1, 1, 1, 1, 2]], card.zones)
    text = card_text(replace(card, scores={"folds": 5, **asdict(found)}))
    assert "5-fold cross-validation on 8 training tracks" in text
    assert "accuracy 0.750 (95 % interval 0.409 to 0.929)" in text
    # No PURPLE track was judged, so its recall is not claimed.
    assert "recall YELLOW 0.67, GREEN 0.80." in text


@pytest.mark.parametrize(
    ("licence", "words"),
    [("non-commercial", "**Non-commercial.**"), ("", "Nothing that restricts its use")],
)
def test_it_says_what_may_be_done_with_it(card: ModelCard, licence: str, words: str) -> None:
    text = card_text(replace(card, licence=licence))
    assert words in text
    assert ("forbid commercial use" in text) == (licence == "non-commercial")


def test_a_model_without_deam_says_so(card: ModelCard) -> None:
    assert "Labels of DEAM: none used." in card_text(replace(card, label_repair=""))
