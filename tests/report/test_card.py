"""MODEL_CARD.md and DATA_CARD.md say what card.json says, and no other numbers."""

import re
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from zoneclf.labels.table import LabelledTable
from zoneclf.model.card import ModelCard
from zoneclf.report.card import card_text
from zoneclf.report.data_card import data_card_text
from zoneclf.report.scores import score

SETS = {
    "coverage": 0.9,
    "least": {"YELLOW": 0.413, "GREEN": 0.217, "PURPLE": 0.0},
    "tracks": {"YELLOW": 21, "GREEN": 37, "PURPLE": 4},
}
DATA = {
    "sources": {
        "user": {
            "tracks": 52, "minutes": 211.5, "labelled": 45, "held_out": 8, "learnt": 22,
            "zones": {"YELLOW": 16, "GREEN": 11, "PURPLE": 18}, "label_repair": "",
            "statements": [], "extractors": {"frames": 7}, "licence": "",
            "left_out": {"not extracted": 3, "status silent": 2},
        },
        "deam": {
            "tracks": 1802, "minutes": None, "labelled": 1799, "held_out": 0, "learnt": 1797,
            "zones": {"YELLOW": 600, "GREEN": 1000, "PURPLE": 199}, "label_repair": "repaired",
            "statements": ["ids 1-1000: valence and arousal swapped, repaired"],
            "extractors": {"deam-csv": 4}, "licence": "non-commercial", "left_out": {},
        },
    },
    "holdout": {
        "tracks": 8, "share": 0.2, "drawn": "2026-01-02",
        "zones": {"YELLOW": 2, "GREEN": 1, "PURPLE": 5},
    },
    "near_duplicates": {"recordings": 6, "tracks": 13},
}  # fmt: skip


@pytest.fixture
def card(
    make_table: Callable[..., LabelledTable], make_card: Callable[..., ModelCard]
) -> ModelCard:
    return make_card(
        make_table(9),
        name="party",
        extractors={"toy": 3},
        strategy="weighted",
        sources={"user": {"YELLOW": 10, "PURPLE": 12}, "deam": {"GREEN": 961}},
        rule="abc",
        label_repair="repaired",
        holdout="def",
        versions={"zoneclf": "9.9"},
    )


def scored(card: ModelCard) -> ModelCard:
    codes = np.array([0, 0, 0, 1, 1, 1, 1, 1])
    found = score(codes, np.eye(3)[[0, 0, 1, 1, 1, 1, 1, 2]], card.zones)
    calibration = {"temperature": 1.234, "ece_before": 0.111, "ece_after": 0.057, "sets": SETS}
    return replace(card, scores={"folds": 5, **asdict(found)}, calibration=calibration, data=DATA)


def cells(text: str, first: str) -> list[str]:
    """Return the cells of the table row that begins so."""
    line = next(line for line in text.splitlines() if line.startswith(f"| {first} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


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
    measured = scored(card)
    text = card_text(measured)
    assert "5-fold cross-validation on 8 training tracks" in text
    for name, words in {
        "accuracy": "accuracy",
        "f1_weighted": "weighted F1",
        "f1_macro": "macro F1",
        "log_loss": "log loss",
        "ece": "expected calibration error",
        "ordinal_mae": "mean distance in zones",
    }.items():
        low, high = measured.scores[f"{name}_ci95"]
        value = f"{measured.scores[name]:.3f}"
        assert cells(text, words) == [words, value, f"{low:.3f} to {high:.3f}"]
    assert cells(text, "recall of GREEN")[1] == f"{measured.scores['recall']['GREEN']:.3f}"
    # No PURPLE track was judged, so its recall is not claimed.
    assert "recall of PURPLE" not in text
    assert "Only 0 tracks of PURPLE were judged" in text


def test_calibration_and_sets_are_the_cards(card: ModelCard) -> None:
    assert "not calibrated" in card_text(card)
    text = card_text(scored(card))
    assert "temperature 1.234" in text
    assert "0.111 before, 0.057 after" in text
    assert "90 % of each zone's tracks" in text
    assert cells(text, "GREEN") == ["GREEN", "0.217", "37"]
    assert cells(text, "PURPLE") == ["PURPLE", "0.000", "4"]


def test_the_comparison_and_what_it_took_are_the_cards(card: ModelCard) -> None:
    assert "named, not chosen" in card_text(card)
    rows: list[dict[str, Any]] = [
        {"name": "affect", "log_loss": 0.71, "accuracy": 0.7, "difference": -0.09,
         "ci95": [-0.13, -0.05]},
        {"name": "user-only", "log_loss": 0.8, "accuracy": 0.66, "difference": 0.0, "ci95": None},
    ]  # fmt: skip
    text = card_text(replace(card, strategy="auto", taken="affect", comparison=rows))
    assert "strategy `auto`, which took `affect`" in text
    assert "- affect: log loss 0.710, -0.090 (-0.130 to -0.050) against the baseline" in text
    assert "- user-only: log loss 0.800, baseline" in text
    assert "Taken: affect." in text


def test_settings_are_told(card: ModelCard) -> None:
    text = card_text(replace(card, settings={"user_weight": 3.5, "rounds": 217}))
    assert "user_weight 3.5, rounds 217." in text


@pytest.mark.parametrize(
    ("licence", "words"),
    [("non-commercial", "**Non-commercial.**"), ("", "Nothing that restricts its use")],
)
def test_it_says_what_may_be_done_with_it(card: ModelCard, licence: str, words: str) -> None:
    text = " ".join(card_text(replace(card, licence=licence)).split())
    assert words in text
    assert ("forbid commercial use" in text) == (licence == "non-commercial")
    assert ("do not sell this model" in text) == (licence == "non-commercial")


def test_a_model_without_deam_says_so(card: ModelCard) -> None:
    assert "Labels of DEAM: none used." in card_text(replace(card, label_repair=""))


def test_the_data_card_tells_every_source_as_the_card_does(card: ModelCard) -> None:
    text = data_card_text(scored(card))
    assert text.startswith("# Data of model party\n")
    assert cells(text, "user") == ["user", "52", "211.5", "45", "8", "22", "16", "11", "18"]
    assert cells(text, "deam") == [
        "deam",
        "1802",
        "unknown",
        "1799",
        "0",
        "1797",
        "600",
        "1000",
        "199",
    ]
    assert "- Left out: 3 not extracted, 2 status silent." in text
    assert "- Left out: nothing." in text
    assert "zones by rule abc from listeners' arousal and valence (DEAM, repaired)" in text
    assert "- ids 1-1000: valence and arousal swapped, repaired." in text
    assert "zones from the user's label file" in text
    assert "- Features made by: deam-csv 4." in text
    assert "no commercial use" in text
    assert "8 tracks (YELLOW 2, GREEN 1, PURPLE 5), 20 % of the user's" in text
    assert "13 tracks hold 6 recordings" in text
    assert "Checksum def." in text


def test_no_number_stands_in_the_data_card_that_is_not_in_the_card(card: ModelCard) -> None:
    told = set(re.findall(r"\d+(?:\.\d+)?", data_card_text(scored(card))))
    known = set(re.findall(r"\d+(?:\.\d+)?", f"{asdict(scored(card))}")) | {"20"}  # 20 % is 0.2
    assert told <= known


def test_a_model_without_recorded_data_says_so(card: ModelCard) -> None:
    assert "Not recorded" in data_card_text(card)
