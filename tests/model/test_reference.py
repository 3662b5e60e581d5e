"""Quantiles beside a model: what they say of a value, and that a damaged file is refused."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from zoneclf.errors import ModelError
from zoneclf.labels.table import LabelledTable
from zoneclf.model.artifact import load_model, save_model
from zoneclf.model.card import CARD, ModelCard
from zoneclf.model.reference import REFERENCE, reference_from, reference_of
from zoneclf.model.strategies import fit
from zoneclf.model.task import Task
from zoneclf.settings import TrainSettings

Make = Callable[..., LabelledTable]
OWN = frozenset({"user"})


def test_it_says_how_many_tracks_lie_below_and_above(make_table: Make) -> None:
    table = make_table(200, share_of_user=0.5)
    table.features["loud"] = np.arange(200, dtype=np.float32)
    found = reference_of(table, OWN)
    assert (found.tracks, found.sources) == (100, ("user",))
    assert found.share_below("loud", 200.0) == 0.99
    assert found.share_below("loud", 91.0) == 0.9
    assert found.share_above("loud", 20.0) == 0.75
    assert (found.share_below("loud", -1.0), found.share_above("loud", 200.0)) == (0.0, 0.0)
    assert found.middle["loud"] == pytest.approx(49.5)


def test_a_value_that_most_tracks_share_is_neither_high_nor_low(make_table: Make) -> None:
    table = make_table(100)
    table.features["loud"] = np.float32(0)
    found = reference_of(table, OWN)
    assert (found.share_below("loud", 0.0), found.share_above("loud", 0.0)) == (0.0, 0.0)


def test_without_own_tracks_it_is_of_all_and_absent_values_are_passed_over(
    make_table: Make,
) -> None:
    table = make_table(60, share_of_user=0.0)
    table.features.loc[::2, "fast"] = np.nan
    found = reference_of(table, OWN)
    assert (found.tracks, found.sources) == (60, ("deam",))
    assert np.isfinite(list(found.middle.values())).all()


def test_it_is_read_as_it_was_written(make_table: Make) -> None:
    found = reference_of(make_table(60), OWN)
    again = reference_from(found.text())
    assert again.text() == found.text()
    assert again.middle == pytest.approx(found.middle, rel=1e-4)


@pytest.mark.parametrize(
    "changed",
    [
        {"levels": [0.5, 0.1]},
        {"levels": [0.1, 0.2]},
        {"quantiles": {"loud": [3.0, 2.0]}, "levels": [0.5, 0.9]},
        {"quantiles": {"loud": [float("nan")]}, "levels": [0.5]},
        {"quantiles": {"loud": [1.0]}},
        {"quantiles": [1]},
        {"tracks": None},
    ],
)
def test_what_is_no_reference_is_refused(make_table: Make, changed: dict[str, object]) -> None:
    whole = json.loads(reference_of(make_table(60), OWN).text()) | changed
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        reference_from(json.dumps(whole))


def test_it_travels_with_the_model_and_its_hash_is_checked(
    make_table: Make, make_card: Callable[[LabelledTable], ModelCard], tmp_path: Path
) -> None:
    table = make_table(60)
    predictor = fit(Task(table, OWN, TrainSettings(strategy="user-only", rounds=5)))
    folder = tmp_path / "model"
    save_model(predictor, make_card(table), folder, reference=reference_of(table, OWN))
    found = load_model(folder).reference
    assert found is not None
    assert set(found.quantiles) == set(table.spec.features)
    (folder / REFERENCE).write_text((folder / REFERENCE).read_text().replace("user", "them"))
    with pytest.raises(ModelError, match=r"reference\.json: missing, or not the file"):
        load_model(folder)
    other = reference_of(table.with_features(["loud"]), OWN).text()
    for text, said in ((other, "other features"), ("[]", "holds no quantiles")):
        (folder / REFERENCE).write_text(text)
        card = json.loads((folder / CARD).read_text())
        card["sha256"][REFERENCE] = hashlib.sha256(text.encode()).hexdigest()
        (folder / CARD).write_text(json.dumps(card))
        with pytest.raises(ModelError, match=said):
            load_model(folder)
