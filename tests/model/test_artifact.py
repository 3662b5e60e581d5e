"""The model folder: nothing is loaded that the card was not written for, nothing is unpickled."""

import hashlib
import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zoneclf.errors import ModelError, OutputError, TableError
from zoneclf.labels.table import LabelledTable
from zoneclf.model.artifact import ZoneModel, load_model, save_model
from zoneclf.model.card import ModelCard, newest_model
from zoneclf.model.strategies import fit
from zoneclf.model.task import Task
from zoneclf.settings import TrainSettings

Make = Callable[..., LabelledTable]


@pytest.fixture
def card(make_card: Callable[..., ModelCard], table: LabelledTable) -> ModelCard:
    return make_card(
        table,
        strategy="weighted",
        settings={"rounds": 20},
        sources={"user": {"YELLOW": 30}},
        rule="abc",
        holdout="def",
        versions={"zoneclf": "0"},
    )


@pytest.fixture
def table(make_table: Make) -> LabelledTable:
    return make_table(90)


@pytest.fixture
def folder(table: LabelledTable, card: ModelCard, tmp_path: Path) -> Path:
    """A stored model."""
    predictor = fit(Task(table, frozenset({"user"}), TrainSettings(rounds=20)))
    save_model(predictor, card, tmp_path / "models" / "toy")
    return tmp_path / "models" / "toy"


@pytest.fixture
def model(folder: Path) -> ZoneModel:
    return load_model(folder)


def edit_card(folder: Path, **changed: Any) -> None:
    path = folder / "card.json"
    raw = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(raw | changed), encoding="utf-8")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_card_is_read_as_it_was_saved(model: ZoneModel, card: ModelCard) -> None:
    assert replace(model.card, sha256={}, plan={}) == card
    assert list(model.card.sha256) == ["model.json"]


def test_columns_come_in_any_order_and_with_others(model: ZoneModel, table: LabelledTable) -> None:
    turned = table.features[list(table.features)[::-1]].assign(tempo=120.0)
    np.testing.assert_array_equal(model.probabilities(turned), model.probabilities(table.features))


def test_a_missing_column_is_named(model: ZoneModel, table: LabelledTable) -> None:
    with pytest.raises(TableError, match="2 features of model toy are missing, first 'loud'"):
        model.probabilities(table.features.drop(columns=["loud", "fast"]))


def test_a_changed_byte_is_refused(folder: Path) -> None:
    path = folder / "model.json"
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(ModelError, match=r"model\.json: missing, or not the file card\.json was"):
        load_model(folder)


def test_a_missing_file_is_refused(folder: Path) -> None:
    (folder / "model.json").unlink()
    with pytest.raises(ModelError, match=r"model\.json: missing, or not the file"):
        load_model(folder)
    (folder / "card.json").unlink()
    with pytest.raises(ModelError, match=r"card\.json: not a model card .*is this a model folder"):
        load_model(folder)


def test_hostile_trees_with_a_right_hash_are_refused(folder: Path) -> None:
    path = folder / "model.json"
    raw = json.loads(path.read_text(encoding="utf-8"))
    raw["learner"]["gradient_booster"]["model"]["trees"][0]["left_children"][0] = 10**6
    path.write_text(json.dumps(raw), encoding="utf-8")
    edit_card(folder, sha256={"model.json": digest(path)})
    with pytest.raises(ModelError, match="restore the model folder or train again"):
        load_model(folder)


@pytest.mark.parametrize("found", [3, 1, 0, "2", None])
def test_another_format_is_refused(folder: Path, found: object) -> None:
    edit_card(folder, format=found)
    with pytest.raises(ModelError, match=r"format .*, this zoneclf reads 2; upgrade or retrain"):
        load_model(folder)


@pytest.mark.parametrize("name", ["../stray.json", "/etc/hostname", "..", ".", "", "sub/a.json"])
def test_names_that_leave_the_folder_are_refused(folder: Path, name: str) -> None:
    stray = folder.parent / "stray.json"
    stray.write_bytes((folder / "model.json").read_bytes())
    target = folder / name
    edit_card(folder, sha256={name: digest(target) if target.is_file() else "0"})
    with pytest.raises(ModelError, match="missing, or not the file"):
        load_model(folder)


@pytest.mark.parametrize(
    "changed",
    [
        {"sha256": []},
        {"extractors": []},
        {"settings": None},
        {"zones": 3},
        {"spec": None},
        {"spec": {"features": []}},
        {"plan": "none"},
        {"created": 7},
        {"owner": "me"},
    ],
)
def test_a_card_with_other_fields_is_refused(folder: Path, changed: dict[str, Any]) -> None:
    edit_card(folder, **changed)
    with pytest.raises(ModelError, match="its fields are not those of format 2"):
        load_model(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}"])
def test_a_damaged_card_is_refused(folder: Path, text: str) -> None:
    (folder / "card.json").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match="not a model card"):
        load_model(folder)


def test_an_unknown_kind_or_no_member_is_refused(folder: Path) -> None:
    plan = json.loads((folder / "card.json").read_text(encoding="utf-8"))["plan"]
    for changed in ({"plan": plan | {"kind": "neural"}}, {"plan": plan, "sha256": {}}):
        edit_card(folder, **changed)
        with pytest.raises(ModelError, match=r"its files do not fit card\.json"):
            load_model(folder)


def test_trees_that_do_not_fit_the_card_are_refused(folder: Path, table: LabelledTable) -> None:
    edit_card(folder, zones=["YELLOW", "PURPLE"])
    with pytest.raises(ModelError, match=r"its files and card\.json have different zones"):
        load_model(folder)
    edit_card(folder, zones=list(table.zones))
    renamed = (folder / "model.json").rename(folder / "other.json")
    edit_card(folder, sha256={"other.json": digest(renamed)})
    with pytest.raises(ModelError, match=r"its files do not fit card\.json"):
        load_model(folder)


def test_features_of_other_names_are_refused(folder: Path, table: LabelledTable) -> None:
    spec = {**json.loads((folder / "card.json").read_text(encoding="utf-8"))["spec"]}
    edit_card(folder, spec=spec | {"features": ["LOUD", *table.spec.features[1:]]})
    with pytest.raises(ModelError, match=r"its files do not fit card\.json"):
        load_model(folder)


class Payload:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., None], tuple[Path]]:
        return Path.touch, (self.path,)


def test_a_pickle_is_never_read(folder: Path, tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    content = pickle.dumps(Payload(touched))
    for name in ("model.json", "model.pkl"):
        (folder / name).write_bytes(content)
        edit_card(folder, sha256={name: digest(folder / name)})
        with pytest.raises(ModelError, match="is not a booster's JSON"):
            load_model(folder)
    (folder / "card.json").write_bytes(content)
    with pytest.raises(ModelError, match="not a model card"):
        load_model(folder)
    assert not touched.exists()
    pickle.loads(content)
    assert touched.exists()


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"hop_s": 0.25}, r"\(hop_s 0\.5 against 0\.25\)"),
        ({"descriptors": "toy/2"}, r"\(descriptors toy/1 against toy/2\)"),
        ({"features": ("bright", "fast")}, r"\(3 features, first loud\)"),
    ],
)
def test_features_of_another_spec_are_refused_with_both(
    model: ZoneModel, table: LabelledTable, changed: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ModelError, match=f"model toy: was trained on other features {complaint}"):
        model.require_spec(replace(table.spec, **changed), {"toy": 1})


def test_another_version_of_the_extractor_is_refused(
    model: ZoneModel, table: LabelledTable
) -> None:
    with pytest.raises(ModelError, match=r"\(extractor toy 1 against 2\)"):
        model.require_spec(table.spec, {"toy": 2})


def test_the_same_spec_with_more_features_or_extractors_is_accepted(
    model: ZoneModel, table: LabelledTable
) -> None:
    wider = replace(table.spec, features=("tempo", *table.spec.features[::-1]))
    model.require_spec(wider, {"toy": 1, "another": 5})


def test_a_model_is_never_overwritten(folder: Path, table: LabelledTable, card: ModelCard) -> None:
    before = digest(folder / "model.json")
    predictor = fit(Task(table, frozenset({"user"}), TrainSettings(rounds=2)))
    with pytest.raises(OutputError, match="is already there; choose another --name"):
        save_model(predictor, card, folder)
    assert digest(folder / "model.json") == before


def test_the_newest_model_is_the_one_made_last(
    folder: Path, table: LabelledTable, card: ModelCard
) -> None:
    predictor = fit(Task(table, frozenset({"user"}), TrainSettings(rounds=2)))
    late, early = folder.parent / "a-late", folder.parent / "z-early"
    save_model(predictor, replace(card, name="late", created="2026-02-01"), late)
    save_model(predictor, replace(card, name="early", created="2025-02-01"), early)
    assert newest_model(folder.parent) == late
    with pytest.raises(ModelError, match="holds no model; run zoneclf train"):
        newest_model(folder)
