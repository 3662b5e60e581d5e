"""What `predict` prints: a table, CSV, JSON; names of tracks are never obeyed."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from zoneclf.cli.prediction_output import as_csv, as_json, as_table
from zoneclf.errors import ModelError
from zoneclf.labels.table import LabelledTable
from zoneclf.model.calibration import ZoneSets, sets_of
from zoneclf.model.card import ModelCard
from zoneclf.pipeline.predicting import Prediction
from zoneclf.report.why import Reason, Why

ZONES = ("YELLOW", "GREEN", "PURPLE")
SHARES = {"YELLOW": 0.1, "GREEN": 0.4, "PURPLE": 0.5}
HOSTILE = "=cmd()\x1b[2J.mp3"
REASON = Reason("tempo", 0.5, "tempo", 138.0, "the tempo is high (138 BPM)")
TOLD = Why("=PURPLE\x1b[2J", 0.5, (REASON,), (), " so", "SHAP")
ONE = Prediction("a/b.mp3", "ok", "", "PURPLE", 0.5, SHARES, "GREEN or PURPLE")


def test_the_table_shows_the_zones_that_are_left() -> None:
    head, line = as_table([ONE], ZONES).splitlines()
    assert head.split()[-2:] == ["set", "track"]
    assert "GREEN or PURPLE" in line


def test_csv_has_the_set_and_no_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv([ONE, replace(ONE, path=HOSTILE)], ZONES))))
    assert [row["set"] for row in rows] == ["GREEN or PURPLE"] * 2
    assert rows[1]["path"].startswith("'=")


def test_the_table_escapes_names_and_keeps_its_columns_for_unread_tracks() -> None:
    unread = Prediction(HOSTILE, "silent", "no sound", None, None, {})
    text = as_table([ONE, unread, replace(ONE, path=HOSTILE)], ZONES)
    assert "\x1b" not in text
    assert text.splitlines()[2].startswith("silent")


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ({"YELLOW": 0.05, "GREEN": 0.4, "PURPLE": 0.55}, "GREEN or PURPLE"),
        ({"YELLOW": 0.25, "GREEN": 0.35, "PURPLE": 0.4}, "listen"),
        ({"YELLOW": 0.05, "GREEN": 0.05, "PURPLE": 0.9}, "PURPLE"),
    ],
)
def test_a_card_tells_which_zones_cannot_be_ruled_out(shares: dict[str, float], words: str) -> None:
    whole = ZoneSets(0.9, dict.fromkeys(ZONES, 0.2), dict.fromkeys(ZONES, 30))
    found = sets_of({"sets": json.loads(json.dumps(whole.as_json()))}, ZONES)
    assert found is not None
    assert found.words(shares) == words


def test_a_card_without_calibration_has_no_sets_and_a_damaged_one_is_refused() -> None:
    assert sets_of({}, ZONES) is None
    with pytest.raises(ModelError, match="sets is damaged"):
        sets_of({"sets": {"coverage": 0.9}}, ZONES)
    with pytest.raises(ModelError, match="other zones"):
        sets_of({"sets": ZoneSets(0.9, {"RED": 0.1}, {"RED": 9}).as_json()}, ZONES)


def test_why_is_told_below_the_table_in_csv_and_in_json(
    make_table: Callable[..., LabelledTable], make_card: Callable[[LabelledTable], ModelCard]
) -> None:
    told = replace(ONE, why=TOLD, path=HOSTILE)
    text = as_table([ONE, told], ZONES)
    assert "\x1b" not in text
    last = text.splitlines()[-1]
    assert last.startswith("=cmd()")
    assert last.endswith("0.50, because so the tempo is high (138 BPM).")
    rows = list(csv.DictReader(io.StringIO(as_csv([ONE, told], ZONES))))
    assert rows[0]["why"] == ""
    assert rows[1]["why"].startswith("'=PURPLE")
    without, withit = as_json([ONE, told], make_card(make_table(30)))["tracks"]
    assert "why" not in without
    assert withit["why"]["for"][0]["feature"] == "tempo"
    json.dumps(withit)
