"""An edited model file is refused, or works: XGBoost never reads out of bounds.

A hole in the check ends this process with a segmentation fault, which is the point of the test.
"""

import copy
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost as xgb

from zoneclf.errors import ModelError
from zoneclf.labels.table import LabelledTable
from zoneclf.model.booster import predict, value_booster, zone_booster
from zoneclf.model.trees_check import require_sound_trees
from zoneclf.settings import TrainSettings

SMALL = TrainSettings(rounds=4, min_child_weight=0.1, subsample=1.0, colsample=1.0)
EDITS, SEED = 120, 20
WRONG = (
    *(-1, 0, 1, 2, 7, 10**6, 2**31 - 1, -(2**31), 2**40, 1.5, float("nan"), float("inf")),
    *(True, None, "x", "0", "3", "-1", "99999999", "1e9", [], {}, [0], [1, 2, 3]),
)
Place = tuple[str | int, ...]
MODEL: Place = ("learner", "gradient_booster", "model")
TREE: Place = (*MODEL, "trees", 1)


@pytest.fixture
def booster(make_table: Callable[..., LabelledTable]) -> xgb.Booster:
    table = make_table(60)
    return zones_of(table, np.eye(3)[table.codes], SMALL)


def zones_of(table: LabelledTable, targets: np.ndarray, settings: TrainSettings) -> xgb.Booster:
    weight = np.ones(len(table))
    return zone_booster(table.features, targets, settings=settings, weight=weight)


def raw_of(booster: xgb.Booster) -> dict[str, Any]:
    raw: dict[str, Any] = json.loads(booster.save_raw("json"))
    return raw


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    yield place
    if isinstance(value, list):
        value = dict(enumerate(value))
    if isinstance(value, dict):
        for key, part in value.items():
            yield from places(part, (*place, key))


def edited(raw: dict[str, Any], rng: random.Random) -> tuple[dict[str, Any], str]:
    """Return a copy with one place changed, deleted or doubled; rare kinds of place as often."""
    kinds: dict[tuple[str, ...], list[Place]] = {}
    for place in places(raw):
        kind = tuple(key if isinstance(key, str) else "*" for key in place)
        kinds.setdefault(kind, []).append(place)
    del kinds[()]
    *parents, last = rng.choice(kinds[rng.choice(sorted(kinds))])
    changed = copy.deepcopy(raw)
    inside: Any = changed
    for key in parents:
        inside = inside[key]
    action = rng.choice(["change", "change", "change", "delete", "double"])
    if action == "delete":
        del inside[last]
    elif action == "double" and isinstance(inside, list):
        inside.insert(last, copy.deepcopy(inside[last]))
    else:
        inside[last] = rng.choice(WRONG)
    return changed, f"{action} {'/'.join(map(str, [*parents, last]))}"


def verdict(raw: dict[str, Any], path: Path, table: LabelledTable) -> str:
    """Return ``refused``, or ``works`` after loading and predicting in this process."""
    path.write_text(json.dumps(raw), encoding="utf-8")
    try:
        require_sound_trees(path)
    except ModelError as error:
        assert str(error).startswith(f"{path}: ")
        return "refused"
    found = xgb.Booster()
    try:
        found.load_model(path)
    except xgb.core.XGBoostError:
        return "refused"
    if tuple(found.feature_names or ()) != table.spec.features:
        return "refused"
    assert predict(found, table.features).shape == (len(table), 3)
    return "works"


def test_random_edits_are_refused_or_harmless(
    tmp_path: Path, booster: xgb.Booster, make_table: Callable[..., LabelledTable]
) -> None:
    table, raw, rng = make_table(60), raw_of(booster), random.Random(SEED)
    found = [verdict(edited(raw, rng)[0], tmp_path / "model.json", table) for _ in range(EDITS)]
    assert len(found) == EDITS
    assert found.count("refused") > EDITS / 2


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ((*TREE, "left_children", 0), 10**6),
        ((*TREE, "left_children", 0), 0),
        ((*TREE, "right_children", 0), 1),
        ((*TREE, "parents", 1), 2),
        ((*TREE, "parents", 0), 0),
        ((*TREE, "split_indices", 0), 5),
        ((*TREE, "split_indices", 0), -1),
        ((*TREE, "split_type", 0), 1),
        ((*TREE, "split_conditions", 0), float("nan")),
        ((*TREE, "categories_nodes"), [0]),
        ((*TREE, "tree_param", "size_leaf_vector"), "3"),
        ((*TREE, "tree_param", "num_nodes"), "1000000"),
        ((*TREE, "id"), 0),
        ((*MODEL, "tree_info", 1), 7),
        ((*MODEL, "iteration_indptr", 1), 10**6),
        ((*MODEL, "gbtree_model_param", "num_trees"), "99"),
        ((*MODEL, "gbtree_model_param", "num_parallel_tree"), "2"),
        (("learner", "gradient_booster", "name"), "dart"),
        (("learner", "learner_model_param", "num_class"), "30"),
        (("learner", "learner_model_param", "num_class"), "0"),
        (("learner", "learner_model_param", "num_target"), "2"),
        (("learner", "learner_model_param", "num_feature"), "900"),
        (("learner", "learner_model_param", "base_score"), "[0.5,0.5]"),
        (("learner", "objective", "name"), "count:poisson"),
        (("learner", "feature_types", 0), "c"),
    ],
)
def test_known_edits_are_refused_before_xgboost_sees_them(
    tmp_path: Path, booster: xgb.Booster, place: Place, value: object
) -> None:
    raw = raw_of(booster)
    inside: Any = raw
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = value
    path = tmp_path / "model.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(ModelError, match=r"restore the model folder or train again"):
        require_sound_trees(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"3", b"{}", b'{"learner": []}', b"\xff\xfe", b"[" * 10**5],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.json"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="is not a booster's JSON"):
        require_sound_trees(path)


@pytest.mark.parametrize("zone_count", [2, 3, 7])
def test_what_we_write_is_sound(
    tmp_path: Path, make_table: Callable[..., LabelledTable], zone_count: int
) -> None:
    table = make_table(60)
    codes = np.arange(60) % min(zone_count, 3)
    settings = TrainSettings(rounds=5)
    target = table.about["arousal"].to_numpy(float)
    made = (
        zones_of(table, np.eye(zone_count)[codes], settings),
        value_booster(table.features, target, settings=settings, weight=np.ones(60)),
        # No split is worth it: trees of one node.
        value_booster(table.features, np.zeros(60), settings=settings, weight=np.ones(60)),
    )
    for number, booster in enumerate(made):
        path = tmp_path / f"{number}.json"
        path.write_bytes(bytes(booster.save_raw("json")))
        require_sound_trees(path)


def test_another_number_of_features_is_refused(tmp_path: Path, booster: xgb.Booster) -> None:
    raw = raw_of(booster)
    raw["learner"]["feature_names"].append("another")
    path = tmp_path / "model.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(ModelError, match="its feature count differs"):
        require_sound_trees(path)
