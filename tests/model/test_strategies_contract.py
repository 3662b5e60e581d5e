"""What every strategy promises, whatever it does inside."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from zoneclf.errors import SettingsError, TableError
from zoneclf.labels.regions import ZoneRegions
from zoneclf.labels.table import LabelledTable
from zoneclf.model.artifact import load_model, save_model
from zoneclf.model.card import ModelCard
from zoneclf.model.plan import members_of
from zoneclf.model.strategies import STRATEGIES, fit
from zoneclf.model.task import Task
from zoneclf.settings import TrainSettings

OWN = frozenset({"user"})
QUICK = TrainSettings(
    rounds=20, finetune_rounds=20, finetune_eta=0.1, inner_folds=2, inner_repeats=1
)
Make = Callable[..., LabelledTable]
# Every strategy, every variant of one, and every switch that changes what a strategy learns from.
WAYS: dict[str, dict[str, object]] = {
    **{name: {"strategy": name} for name in STRATEGIES},
    "finetune, continue": {"strategy": "finetune", "finetune": "continue"},
    "finetune, stack": {"strategy": "finetune", "finetune": "stack"},
    "weighted, auto": {"strategy": "weighted", "user_weight": "auto"},
    "ensemble, auto": {"strategy": "ensemble", "ensemble_weight": "auto"},
    "linear": {"strategy": "weighted", "learner": "linear"},
    "blend": {"strategy": "weighted", "learner": "blend"},
    "soft labels": {"strategy": "weighted", "soft_labels": True},
    "normalised": {"strategy": "weighted", "normalise": "source"},
    "coral": {"strategy": "weighted", "domain_adapt": "coral"},
    "density": {"strategy": "weighted", "domain_adapt": "density"},
    "feda": {"strategy": "weighted", "domain_adapt": "feda"},
    "normalised feda": {"strategy": "finetune", "normalise": "source", "domain_adapt": "feda"},
    "no balance": {"strategy": "weighted", "balance": "none"},
    "smote": {"strategy": "weighted", "balance": "smote"},
    "balanced by smote": {"strategy": "balanced", "balance": "smote"},
}
every_way = pytest.mark.parametrize("way", WAYS)


def task_of(table: LabelledTable, way: str, **changed: object) -> Task:
    settings = replace(QUICK, **{**WAYS.get(way, {"strategy": way}), **changed})
    return Task(table, OWN, settings, toy_regions(table))


def toy_regions(table: LabelledTable) -> ZoneRegions:
    """Return the rule of the toy table: zones are stretches of arousal, 2.5 wide."""
    count = len(table.zones)
    edges = tuple(3.75 + 2.5 * place for place in range(count - 1))
    calm_first = table.about["arousal"].groupby(table.codes).mean().sort_values().index
    return ZoneRegions(edges, (), tuple((int(code),) for code in calm_first), count)


def accuracy(task: Task, table: LabelledTable) -> float:
    guesses = fit(task).probabilities(table.features).argmax(axis=1)
    return float((guesses == table.codes).mean())


def contradicting(table: LabelledTable) -> LabelledTable:
    """Return the table with DEAM's zones called by the next zone's name."""
    theirs = table.source == "deam"
    return replace(table, codes=np.where(theirs, (table.codes + 1) % 3, table.codes))


@every_way
def test_it_learns_a_toy_table(make_table: Make, way: str) -> None:
    table = make_table(90, share_of_user=0.5)
    assert accuracy(task_of(table, way), make_table(90, seed=1)) > 0.8


@every_way
def test_shuffled_labels_are_at_chance(make_table: Make, way: str) -> None:
    unseen = make_table(300, seed=1)
    found = []
    for seed in range(5):
        table = make_table(90, share_of_user=0.5)
        np.random.default_rng(seed).shuffle(table.codes)
        found.append(accuracy(task_of(table, way, seed=seed), unseen))
    assert abs(np.mean(found) - 1 / 3) < 0.15


@every_way
@pytest.mark.parametrize("zone_count", [2, 3, 5])
def test_probabilities_have_a_column_per_zone_and_sum_to_one(
    make_table: Make, way: str, zone_count: int
) -> None:
    zones = tuple(f"zone {number}" for number in range(zone_count))
    table = make_table(90, share_of_user=0.5, zones=zones)
    found = fit(task_of(table, way)).probabilities(table.features)
    assert found.shape == (90, zone_count)
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


@every_way
def test_zones_come_in_their_order(make_table: Make, way: str) -> None:
    table = make_table(90, share_of_user=0.5)
    turned = table.zones[::-1]
    codes = len(turned) - 1 - table.codes
    other = LabelledTable(
        table.features, codes, table.source, table.group, table.about, turned, table.spec
    )
    ours = fit(task_of(table, way)).probabilities(table.features)
    theirs = fit(task_of(other, way)).probabilities(table.features)
    assert (ours.argmax(axis=1) == 2 - theirs.argmax(axis=1)).mean() > 0.9


@every_way
def test_the_same_task_gives_the_same_model(make_table: Make, way: str) -> None:
    def raw(seed: int) -> dict[str, str]:
        predictor = fit(task_of(make_table(90, share_of_user=0.5), way, seed=seed))
        return {name: member.text() for name, member in members_of(predictor).items()}

    assert raw(0) == raw(0)
    # A logistic regression has one optimum, whatever the seed.
    assert (raw(0) == raw(1)) == (way == "linear")


@every_way
def test_a_source_without_a_zone_is_no_obstacle(make_table: Make, way: str) -> None:
    table = make_table(120, share_of_user=0.5)
    for source, zone in (("user", 2), ("deam", 0)):
        part = table.take(~((table.source == source) & (table.codes == zone)))
        found = fit(task_of(part, way)).probabilities(table.features)
        assert found.shape == (120, 3)
        np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


@every_way
def test_the_users_word_counts_where_sources_contradict(make_table: Make, way: str) -> None:
    table = contradicting(make_table(120, share_of_user=0.5))
    mine = table.take(table.source == "user")
    assert accuracy(task_of(table, way, user_weight=20.0), mine) > 0.9


def test_user_weight_decides_between_contradicting_sources(make_table: Make) -> None:
    table = contradicting(make_table(120, share_of_user=0.5))
    mine = table.take(table.source == "user")
    heavy = task_of(table, "weighted", user_weight=20.0)
    light = task_of(table, "weighted", user_weight=0.05)
    assert accuracy(heavy, mine) > 0.9
    assert accuracy(light, mine) < 0.1


def test_user_only_never_sees_another_source(make_table: Make) -> None:
    table = make_table(120, share_of_user=0.5)
    alone = table.take(table.source == "user")
    ours = fit(task_of(table, "user-only")).probabilities(table.features)
    theirs = fit(task_of(alone, "user-only")).probabilities(table.features)
    np.testing.assert_array_equal(ours, theirs)


@every_way
def test_a_stored_model_answers_as_before(make_table: Make, tmp_path: Path, way: str) -> None:
    table = make_table(90, share_of_user=0.5)
    predictor = fit(task_of(table, way))
    card = ModelCard(
        name="toy",
        created="2026-01-01T00:00:00+00:00",
        zones=table.zones,
        spec=table.spec,
        extractors={"toy": 1},
        strategy="toy",
        settings={},
        sources={},
        rule="",
        label_repair="",
        training="0",
        holdout="",
        licence="",
        versions={},
    )
    save_model(predictor, card, tmp_path / "toy")
    found = load_model(tmp_path / "toy").probabilities(table.features)
    np.testing.assert_array_equal(found, predictor.probabilities(table.features))


@every_way
def test_one_zone_is_nothing_to_learn_from(make_table: Make, way: str) -> None:
    table = make_table(90, share_of_user=0.5)
    with pytest.raises(TableError, match=r"\d+ labelled tracks of fewer than two zones"):
        fit(task_of(table.take(table.codes == 1), way))


def test_an_unknown_strategy_is_refused(make_table: Make) -> None:
    with pytest.raises(SettingsError, match=r"train\.strategy is 'magic'; it must be one of user"):
        fit(task_of(make_table(), "magic"))
