"""Edited model folders: a `ModelError`, or a model that still answers; never anything else."""

import hashlib
import json
import random
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from zoneclf.errors import ModelError
from zoneclf.labels.regions import ZoneRegions
from zoneclf.labels.table import LabelledTable
from zoneclf.model import affect
from zoneclf.model.artifact import load_model, save_model
from zoneclf.model.card import ModelCard
from zoneclf.model.predictors import Calibrated
from zoneclf.model.strategies import fit
from zoneclf.model.task import Task
from zoneclf.settings import TrainSettings

Make = Callable[..., LabelledTable]
REGIONS = ZoneRegions((3.75, 6.25), (), ((0,), (1,), (2,)), 3)
MUTANTS = 150
JUNK: tuple[Any, ...] = (
    None, True, -1, 0, 1, 3, 2.5, -0.0, 1e308, 1e400, float("nan"), 10**30, 10**400, "", "x", "NaN",
    "none", "softmax", [], {}, [[]], [0], [-1], [10**12], [1e400], {"kind": "x"}, {"member": "y"},
    {"member": []}, {"kind": []}, {"kind": "single"}, {"kind": "regions"}, "AAAAAA==", "AADAfw==",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(
    make_table: Make,
    make_card: Callable[..., ModelCard],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A model with every kind of member: trees, a network, kernels, and the rule."""
    table = make_table(60, share_of_user=0.5)
    small = TrainSettings(strategy="affect", rounds=2, normalise="source")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(affect, "_TREES", replace(affect._TREES, rounds=3))
        patch.setattr(affect, "_WAVES", 5)
        predictor = Calibrated(fit(Task(table, frozenset({"user"}), small, REGIONS)), 1.1)
    made = tmp_path_factory.mktemp("hostile") / "toy"
    save_model(predictor, make_card(table), made)
    load_model(made)
    return made


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every part of JSON."""
    yield path
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*path, key))


def mutated(raw: Any, chance: random.Random) -> Any:
    """Return JSON with one part replaced, removed, doubled or moved."""
    raw = json.loads(json.dumps(raw))
    *way, last = chance.choice([path for path in places(raw) if path])
    holder = raw
    for key in way:
        holder = holder[key]
    action = chance.choice(("junk", "junk", "remove", "copy", "rename"))
    if action == "remove":
        del holder[last]
    elif action == "copy":
        other: Any = raw
        for key in chance.choice(list(places(raw))):
            other = other[key]
        holder[last] = json.loads(json.dumps(other))
    elif action == "rename" and isinstance(holder, dict):
        holder[chance.choice(("x", "kind", "member", "part"))] = holder.pop(last)
    else:
        holder[last] = chance.choice(JUNK)
    return raw


def require_safe(folder: Path) -> bool:
    """Load the folder; return whether that was refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            model = load_model(folder)
        except ModelError:
            return True
    assert model.card.zones
    return False


def write(folder: Path, name: str, text: str, card: dict[str, Any]) -> None:
    """Write an edited member, with a card that vouches for it."""
    (folder / name).write_text(text, encoding="utf-8")
    card["sha256"][name] = hashlib.sha256(text.encode()).hexdigest()
    (folder / "card.json").write_text(json.dumps(card))


def copied(folder: Path, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    target = tmp_path / "toy"
    target.mkdir()
    for path in folder.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target, json.loads((target / "card.json").read_text())


@pytest.mark.parametrize(
    "name", ["model.json", "source-both-smooth.json", "source-both-rough.json"]
)
def test_edited_networks_and_kernels_are_refused_or_answer(
    folder: Path, tmp_path: Path, name: str
) -> None:
    target, card = copied(folder, tmp_path)
    raw = json.loads((folder / name).read_text())
    chance = random.Random(name)
    refused = 0
    for _ in range(MUTANTS):
        write(target, name, json.dumps(mutated(raw, chance)), card)
        refused += require_safe(target)
    assert refused > MUTANTS / 2


@pytest.mark.parametrize("name", ["model.json", "source-both-rough.json"])
def test_damaged_text_is_refused_or_answers(folder: Path, tmp_path: Path, name: str) -> None:
    target, card = copied(folder, tmp_path)
    text = (folder / name).read_text()
    chance = random.Random(name)
    for _ in range(MUTANTS):
        place = chance.randrange(len(text))
        new = chance.choice(("", "0", "-", "A", "=", '"', "}", "[", "\u00e9", "NaN", "1e999"))
        write(target, name, text[:place] + new + text[place + chance.randrange(3) :], card)
        require_safe(target)


@pytest.mark.slow
def test_edited_plans_are_refused_or_answer(folder: Path, tmp_path: Path) -> None:
    target, card = copied(folder, tmp_path)
    chance = random.Random(0)
    refused = 0
    for _ in range(2 * MUTANTS):
        changed = {**card, "plan": mutated(card["plan"], chance)}
        (target / "card.json").write_text(json.dumps(changed))
        refused += require_safe(target)
    assert refused > MUTANTS / 2


@pytest.mark.parametrize("depth", [10_000, 200_000])
def test_a_plan_too_deep_to_follow_is_refused(folder: Path, tmp_path: Path, depth: int) -> None:
    target, card = copied(folder, tmp_path)
    text = json.dumps({**card, "plan": {"kind": "here"}})
    deep = '{"kind": "calibrated", "temperature": 1, "part": ' * depth + "1" + "}" * depth
    (target / "card.json").write_text(text.replace('{"kind": "here"}', deep))
    assert require_safe(target)


@pytest.mark.parametrize("junk", JUNK, ids=str)
def test_a_plan_that_is_none_is_refused(folder: Path, tmp_path: Path, junk: Any) -> None:
    target, card = copied(folder, tmp_path)
    (target / "card.json").write_text(json.dumps({**card, "plan": junk}))
    assert require_safe(target)


def test_numbers_that_are_none_are_refused(folder: Path, tmp_path: Path) -> None:
    target, card = copied(folder, tmp_path)
    for temperature in (0, float("nan"), float("inf"), "1", None, [], 10**400):
        card["plan"]["temperature"] = temperature
        (target / "card.json").write_text(json.dumps(card))
        assert require_safe(target), temperature
