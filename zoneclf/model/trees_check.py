"""Looks at XGBoost's JSON before XGBoost does: edited trees make it read out of bounds.

Checked: the outline of the file (counts, names and types of features, objective, base scores),
that trees and classes alternate, that every array of a tree has one entry per node, that children
are in range with right = left + 1, that every node but the root has one parent (so no cycles),
and that split features exist.  Measured on random edits: without the check, edited children and
leaf sizes end in a segmentation fault.
"""

import json
import math
from pathlib import Path
from typing import Any

from zoneclf.errors import ModelError

_NUMBERS = ("split_conditions", "base_weights", "loss_changes", "sum_hessian", "default_left")
_PLACES = ("left_children", "right_children", "parents", "split_indices", "split_type")
_CATEGORIES = ("categories", "categories_nodes", "categories_segments", "categories_sizes")
_FEATURE_TYPES = frozenset({"float", "int"})
_OBJECTIVES = frozenset({"multi:softprob", "reg:squarederror"})
_MAX_BYTES = 500_000_000
_ROOT_PARENT = 2**31 - 1


def require_sound_trees(path: Path) -> None:
    """Check a booster's JSON file.

    Raises
    ------
    ModelError
        If XGBoost could not read it safely.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ModelError(f"{path}: larger than {_MAX_BYTES} bytes; not a model of ours")
        learner = json.loads(path.read_bytes())["learner"]
        feature_count = len(learner["feature_names"])
        groups = _require_outline(learner, feature_count)
        _require_forest(learner["gradient_booster"], groups, feature_count)
    except ModelError as error:
        raise ModelError(f"{path}: {error}; restore the model folder or train again") from None
    except (OSError, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ModelError(
            f"{path}: is not a booster's JSON ({type(error).__name__}: {error}); train again"
        ) from error


def _require_outline(learner: dict[str, Any], feature_count: int) -> int:
    """Check all but the trees and return how many trees a round has: one per class, or one."""
    outline, objective = learner["learner_model_param"], learner["objective"]
    groups = max(1, _count(outline["num_class"]))
    names, types = learner["feature_names"], learner["feature_types"]
    _require(_count(outline["num_feature"]) == feature_count, "its feature count differs")
    _require(len(names) == len(types) == feature_count, "its feature names differ")
    _require(all(type(name) is str for name in names), "a feature has no name")
    _require(_FEATURE_TYPES.issuperset(types), "a feature is no number")
    _require(_count(outline["num_target"]) == 1, "it has several targets")
    _require(objective["name"] in _OBJECTIVES, "its objective is not one of ours")
    classes = objective.get("softmax_multiclass_param", {"num_class": str(groups)})
    _require(max(1, _count(classes["num_class"])) == groups, "its counts of classes differ")
    scores = [float(score) for score in outline["base_score"].strip("[]").split(",")]
    _require(len(scores) in {1, groups} and _finite(scores), "its base scores are wrong")
    return groups


def _require_forest(booster: dict[str, Any], groups: int, feature_count: int) -> None:
    model = booster["model"]
    trees, outline = model["trees"], model["gbtree_model_param"]
    count = len(trees)
    _require(booster["name"] == "gbtree", "is not made of trees")
    _require(count == _count(outline["num_trees"]) and count % groups == 0, "a tree is missing")
    _require(_count(outline["num_parallel_tree"]) == 1, "it has parallel trees")
    rounds = list(range(0, count + 1, groups))
    _require(model["iteration_indptr"] == rounds, "its rounds do not have one tree per class")
    classes = [number % groups for number in range(count)]
    _require(model["tree_info"] == classes, "trees and classes do not alternate")
    _require(not any(model.get("cats", {}).values()), "it has categories")
    for number, tree in enumerate(trees):
        _require_tree(tree, feature_count, number)


def _require_tree(tree: dict[str, Any], feature_count: int, number: int) -> None:
    outline, where = tree["tree_param"], f"tree {number}"
    nodes = _count(outline["num_nodes"])
    _require(tree["id"] == number and nodes >= 1, f"{where}: is out of order")
    _require(_count(outline["num_feature"]) == feature_count, f"{where}: features differ")
    _require(_count(outline["size_leaf_vector"]) <= 1, f"{where}: its leaves are not one number")
    _require(_count(outline["num_deleted"]) == 0, f"{where}: nodes are deleted")
    for name in (*_NUMBERS, *_PLACES):
        _require(len(tree[name]) == nodes, f"{where}: {name} has a wrong length")
    for name in _NUMBERS:
        _require(_finite(tree[name]), f"{where}: {name} holds what is no number")
    for name in _PLACES:
        whole = all(type(value) is int for value in tree[name])
        _require(whole, f"{where}: {name} holds what is no whole number")
    categories = [*tree["split_type"], *(name for name in _CATEGORIES if tree[name])]
    _require(not any(categories), f"{where}: has categories")
    _require_links(tree, nodes, where)
    inner = [node for node in range(nodes) if tree["left_children"][node] != -1]
    _require(
        all(0 <= tree["split_indices"][node] < feature_count for node in inner),
        f"{where}: splits on a feature that does not exist",
    )


def _require_links(tree: dict[str, Any], nodes: int, where: str) -> None:
    left, right, parents = tree["left_children"], tree["right_children"], tree["parents"]
    _require(parents[0] == _ROOT_PARENT, f"{where}: its root has a parent")
    reached = {0}
    for node in range(nodes):
        if left[node] == -1:
            _require(right[node] == -1, f"{where}: node {node} has one child")
            continue
        ordered = node < left[node] < nodes - 1
        _require(ordered and right[node] == left[node] + 1, f"{where}: node {node} is misplaced")
        children = {left[node], right[node]}
        _require(all(parents[child] == node for child in children), f"{where}: parents differ")
        _require(not children & reached, f"{where}: node {node} shares a child")
        reached |= children
    _require(len(reached) == nodes, f"{where}: a node hangs loose")


def _count(text: Any) -> int:
    """Return a count; XGBoost writes them as text."""
    if type(text) is not str or not (text.isascii() and text.isdecimal()):
        raise ModelError(f"{text!r} is not a count")
    return int(text)


def _finite(values: list[Any]) -> bool:
    return all(type(value) in (int, float) and _is_finite(value) for value in values)


def _is_finite(value: float) -> bool:
    # A whole number may be too long for a float.
    return abs(value) < _ROOT_PARENT if isinstance(value, int) else math.isfinite(value)


def _require(holds: bool, complaint: str) -> None:
    if not holds:
        raise ModelError(complaint)
