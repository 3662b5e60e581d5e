"""Why a track gets its zone: the words name what was planted, and obey nothing."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from zoneclf.errors import ModelError
from zoneclf.labels.table import LabelledTable
from zoneclf.model.artifact import ZoneModel
from zoneclf.model.card import ModelCard
from zoneclf.model.reference import Reference, reference_of
from zoneclf.model.strategies import fit
from zoneclf.model.task import Task
from zoneclf.report.why import place_of, reference_for, why
from zoneclf.settings import TrainSettings

Make = Callable[..., LabelledTable]
Case = tuple[ZoneModel, Reference, LabelledTable]
OWN = frozenset({"user"})
LOUD = "pcm_RMSenergy_sma_amean_mean"
NAMES = (LOUD, "drop_strength", "tempo", "mfcc_1_mean", "brightness")


@pytest.fixture(scope="module")
def case(make_table: Make, make_card: Callable[[LabelledTable], ModelCard]) -> Case:
    """A model of tracks whose loudness says the zone; 120 tempo on average."""
    table = make_table(120)
    features = table.features.set_axis(list(NAMES), axis=1)
    features["tempo"] = 120 + 10 * features["tempo"]
    table = replace(table, features=features, spec=replace(table.spec, features=NAMES))
    settings = TrainSettings(
        strategy="user-only", rounds=60, eta=0.2, colsample=1.0, balance="none"
    )
    model = ZoneModel(fit(Task(table, OWN, settings)), make_card(table))
    return model, reference_of(table, OWN), table


def test_the_sentence_names_what_was_planted_first(case: Case) -> None:
    model, reference, table = case
    found = why(model, table.features, reference)
    loudest = int(table.features[LOUD].to_numpy().argmax())
    sentence = found[loudest].sentence
    assert sentence.startswith("PURPLE 0.9"), sentence
    assert (
        ", because, against the 120 user tracks it learnt from, the loudness (RMS energy) is "
        "higher than in 99 of 100" in sentence
    )
    quietest = int(table.features[LOUD].to_numpy().argmin())
    assert "the loudness (RMS energy) is lower than in 99 of 100" in found[quietest].sentence
    first = [one.reasons[0].family for one in found if one.reasons]
    assert first.count("loudness") > 0.8 * len(table)


def test_reasons_speak_for_the_zone_and_objections_against(case: Case) -> None:
    model, reference, table = case
    doubtful = table.features.copy()
    doubtful["drop_strength"] = table.features["drop_strength"].to_numpy()[::-1]
    found = why(model, doubtful, reference)
    assert any(one.objections for one in found)
    for one in found:
        assert all(reason.adds > 0 for reason in one.reasons)
        assert all(reason.adds < 0 for reason in one.objections)
        assert list(one.reasons) == sorted(one.reasons, key=lambda reason: -reason.adds)
        assert ("Against it: " in one.sentence) == bool(one.objections)
    shares = model.probabilities(doubtful)
    assert [one.probability for one in found] == pytest.approx(shares.max(axis=1).tolist())


def test_tempo_is_told_in_its_unit_and_may_be_unknown(case: Case) -> None:
    model, reference, table = case
    track = table.features.iloc[:2].copy()
    track.iloc[0, 2], track.iloc[1, 2] = 180.0, np.nan
    told = why(model, track, reference)
    words = [
        reason.words
        for one in told
        for reason in (*one.reasons, *one.objections)
        if reason.family == "tempo"
    ]
    assert place_of("tempo", 180.0, reference) == "the tempo is higher than in 99 of 100 (180 BPM)"
    assert place_of("tempo", float("nan"), reference) == "the tempo is not known"
    assert place_of("source|zone 1", 0.5, reference) == ""
    assert all("tempo" in said for said in words)


def test_json_holds_plain_values(case: Case) -> None:
    model, reference, table = case
    found = why(model, table.features.iloc[:1], reference)[0].as_json()
    assert set(found) == {"sentence", "for", "against", "method"}
    assert found["for"][0]["feature"] == LOUD
    assert isinstance(found["for"][0]["adds"], float)


def test_a_model_without_reference_cannot_tell(case: Case) -> None:
    with pytest.raises(ModelError, match=r"holds no reference\.json .*; train again"):
        reference_for(case[0])
    assert reference_for(replace(case[0], reference=case[1])) is case[1]
