"""What every strategy promises, whatever it does inside."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from zoneclf.errors import SettingsError, TableError
from zoneclf.labels.table import LabelledTable
from zoneclf.model.artifact import ModelCard, load_model, save_model
from zoneclf.model.strategies import STRATEGIES, Task, fit
from zoneclf.settings import TrainSettings

OWN = frozenset({"user"})
QUICK = TrainSettings(rounds=20)
Make = Callable[..., LabelledTable]
every_strategy = pytest.mark.parametrize("strategy", STRATEGIES)


def task_of(table: LabelledTable, strategy: str, **changed: object) -> Task:
    return Task(table, OWN, replace(QUICK, strategy=strategy, **changed))


def accuracy(task: Task, table: LabelledTable) -> float:
    guesses = fit(task).probabilities(table.features).argmax(axis=1)
    return float((guesses == table.codes).mean())


def contradicting(table: LabelledTable) -> LabelledTable:
    """Return the table with DEAM's zones called by the next zone's name."""
    theirs = table.source == "deam"
    return replace(table, codes=np.where(theirs, (table.codes + 1) % 3, table.codes))


@every_strategy
def test_it_learns_a_toy_table(make_table: Make, strategy: str) -> None:
    table = make_table(90, share_of_user=0.5)
    assert accuracy(task_of(table, strategy), make_table(90, seed=1)) > 0.9


@every_strategy
def test_shuffled_labels_are_at_chance(make_table: Make, strategy: str) -> None:
    unseen = make_table(300, seed=1)
    found = []
    for seed in range(5):
        table = make_table(90, share_of_user=0.5)
        np.random.default_rng(seed).shuffle(table.codes)
        found.append(accuracy(task_of(table, strategy, seed=seed), unseen))
    assert abs(np.mean(found) - 1 / 3) < 0.15


@every_strategy
@pytest.mark.parametrize("zone_count", [2, 3, 5])
def test_probabilities_have_a_column_per_zone_and_sum_to_one(
    make_table: Make, strategy: str, zone_count: int
) -> None:
    zones = tuple(f"zone {number}" for number in range(zone_count))
    table = make_table(90, share_of_user=0.5, zones=zones)
    found = fit(task_of(table, strategy)).probabilities(table.features)
    assert found.shape == (90, zone_count)
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


@every_strategy
def test_zones_come_in_their_order(make_table: Make, strategy: str) -> None:
    table = make_table(90)
    turned = table.zones[::-1]
    codes = len(turned) - 1 - table.codes
    other = LabelledTable(
        table.features, codes, table.source, table.group, table.about, turned, table.spec
    )
    ours = fit(task_of(table, strategy)).probabilities(table.features)
    theirs = fit(task_of(other, strategy)).probabilities(table.features)
    assert (ours.argmax(axis=1) == 2 - theirs.argmax(axis=1)).mean() > 0.9


@every_strategy
def test_the_same_task_gives_the_same_model(make_table: Make, strategy: str) -> None:
    def raw(seed: int) -> dict[str, bytes]:
        predictor = fit(task_of(make_table(90, share_of_user=0.5), strategy, seed=seed))
        return {name: bytes(b.save_raw("json")) for name, b in predictor.boosters.items()}

    assert raw(0) == raw(0)
    assert raw(0) != raw(1)


@every_strategy
def test_a_source_without_a_zone_is_no_obstacle(make_table: Make, strategy: str) -> None:
    table = make_table(120, share_of_user=0.5)
    for source, zone in (("user", 2), ("deam", 0)):
        part = table.take(~((table.source == source) & (table.codes == zone)))
        found = fit(task_of(part, strategy)).probabilities(table.features)
        assert found.shape == (120, 3)
        np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


@every_strategy
def test_the_users_word_counts_where_sources_contradict(make_table: Make, strategy: str) -> None:
    table = contradicting(make_table(120, share_of_user=0.5))
    mine = table.take(table.source == "user")
    assert accuracy(task_of(table, strategy, user_weight=20.0), mine) > 0.9


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


@every_strategy
def test_a_stored_model_answers_as_before(make_table: Make, tmp_path: Path, strategy: str) -> None:
    table = make_table(90, share_of_user=0.5)
    predictor = fit(task_of(table, strategy))
    card = ModelCard(
        name="toy",
        created="2026-01-01T00:00:00+00:00",
        zones=table.zones,
        spec=table.spec,
        extractors={"toy": 1},
        kind=predictor.kind,
        options=dict(predictor.options),
        strategy=strategy,
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


@every_strategy
def test_one_zone_is_nothing_to_learn_from(make_table: Make, strategy: str) -> None:
    table = make_table(90)
    with pytest.raises(TableError, match="30 labelled tracks of fewer than two zones"):
        fit(task_of(table.take(table.codes == 1), strategy))


def test_an_unknown_strategy_is_refused(make_table: Make) -> None:
    with pytest.raises(SettingsError, match=r"train\.strategy is 'magic'; it must be one of user"):
        fit(task_of(make_table(), "magic"))
