"""What each feature adds to a score: it sums to it, whatever the model is made of."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from zoneclf.labels.regions import ZoneRegions
from zoneclf.labels.table import LabelledTable
from zoneclf.model.contributions import EXACT, MIXED, ORDERS, contributions
from zoneclf.model.orders import by_orders
from zoneclf.model.predictors import Calibrated, Predictor, Probabilities, log_odds
from zoneclf.model.strategies import fit
from zoneclf.model.task import Task
from zoneclf.settings import TrainSettings

Make = Callable[..., LabelledTable]
QUICK = TrainSettings(rounds=20, finetune_rounds=20, finetune_eta=0.1, balance="none")
# How a model is made, and how its scores are told apart.
WAYS: dict[str, tuple[dict[str, object], str]] = {
    "trees": ({"strategy": "user-only"}, EXACT),
    "linear": ({"strategy": "user-only", "learner": "linear"}, EXACT),
    "blend": ({"strategy": "user-only", "learner": "blend"}, MIXED),
    "ensemble": ({"strategy": "ensemble"}, MIXED),
    "continue": ({"strategy": "finetune", "finetune": "continue"}, EXACT),
    "margin": ({"strategy": "finetune", "finetune": "margin"}, EXACT),
    "stack": ({"strategy": "finetune", "finetune": "stack"}, EXACT),
    "rescaled": ({"strategy": "weighted", "normalise": "source"}, EXACT),
    "doubled": ({"strategy": "weighted", "domain_adapt": "feda"}, EXACT),
    "affect": ({"strategy": "affect"}, ORDERS),
}


def task_of(table: LabelledTable, way: str, **changed: object) -> Task:
    count = len(table.zones)
    edges = tuple(3.75 + 2.5 * place for place in range(count - 1))
    regions = ZoneRegions(edges, (), tuple((code,) for code in range(count)), count)
    return Task(table, frozenset({"user"}), replace(QUICK, **{**WAYS[way][0], **changed}), regions)


def middle(table: LabelledTable) -> dict[str, float]:
    return {str(name): float(value) for name, value in table.features.median().items()}


@pytest.mark.parametrize("way", WAYS)
def test_contributions_sum_to_the_score(make_table: Make, way: str) -> None:
    table, unseen = make_table(60, share_of_user=0.5), make_table(12, seed=1)
    predictor = Calibrated(fit(task_of(table, way)), 1.7)
    found = contributions(predictor, unseen.features, middle(table))
    again = contributions(predictor, unseen.features, middle(table))
    wanted = log_odds(predictor.probabilities(unseen.features))
    assert found.method == WAYS[way][1]
    assert found.values.shape == (12, len(found.features), 3)
    np.testing.assert_allclose(found.scores, wanted, atol=2e-3)
    np.testing.assert_array_equal(found.values, again.values)
    if way != "stack":
        assert found.features == table.spec.features
    if found.method != MIXED:
        assert not found.rest.any()


@pytest.mark.parametrize("way", ["trees", "linear", "blend", "stack", "affect"])
def test_what_says_the_zone_adds_most_and_noise_least(make_table: Make, way: str) -> None:
    table = make_table(90, share_of_user=0.5)
    found = contributions(
        fit(task_of(table, way, colsample=1.0)), table.features, middle(table), orders=2
    )
    size = dict(zip(found.features, np.abs(found.values).mean(axis=(0, 2)), strict=True))
    told = {name: size[name] for name in table.spec.features}
    assert max(told, key=lambda name: told[name]) == "loud"
    assert max(told, key=lambda name: told[name]) == "loud"
    assert max(told["noise_1"], told["noise_2"]) < told["loud"] / 2


class Product:
    """Zones from the product of two columns, which no sum of them is; a third is not asked."""

    kind = "product"

    def probabilities(self, features: pd.DataFrame) -> Probabilities:
        score = (features["a"] * features["b"]).to_numpy(np.float64)
        share = 1 / (1 + np.exp(-score))
        return np.stack([share, 1 - share], axis=1).astype(np.float32)


def test_orders_divide_a_product_evenly_and_give_nothing_to_what_is_not_asked() -> None:
    product: Predictor = Product()
    tracks = pd.DataFrame({"a": [2.0, 1.0], "idle": [5.0, 5.0], "b": [1.0, -3.0]})
    values, base = by_orders(
        product, tracks, dict.fromkeys("ab", 0.0) | {"idle": 0.0}, orders=3, seed=1
    )
    # The score of the first zone is half the product: log-odds without the mean over two zones.
    np.testing.assert_allclose(values[:, :, 0], [[0.5, 0, 0.5], [-0.75, 0, -0.75]], atol=1e-5)
    np.testing.assert_allclose(base, 0, atol=1e-6)
