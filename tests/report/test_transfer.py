"""Train on one source, judge on another."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from zoneclf.labels.table import LabelledTable
from zoneclf.model.strategies import Task
from zoneclf.model.strategies import fit as fit_strategy
from zoneclf.report.transfer import ALL, source_matrix
from zoneclf.settings import TrainSettings

Make = Callable[..., LabelledTable]
SETTINGS = TrainSettings(rounds=20, eta=0.3, colsample=1.0, user_weight=1.0)


def fit(table: LabelledTable) -> Callable[[pd.DataFrame], np.ndarray]:
    return fit_strategy(Task(table, frozenset({"user"}), SETTINGS)).probabilities


def test_a_rule_that_is_reversed_in_the_other_source_does_not_carry_over(make_table: Make) -> None:
    table = make_table(180, share_of_user=0.5)
    table.features[table.source == "deam"] *= -1  # what is loud here is quiet there
    found = source_matrix(table, fit, count=3).set_index(["trained_on", "judged_on"])
    assert found.loc[("user", "user"), "accuracy"] > 0.9
    assert found.loc[("deam", "deam"), "accuracy"] > 0.9
    assert found.loc[("deam", "user"), "accuracy"] < 0.5
    assert found.loc[("user", "deam"), "accuracy"] < 0.5
    assert found.loc[(ALL, "user"), "accuracy"] > 0.9
    assert (found["n"] == 90).all()
    assert (found["remark"] == "").all()
    assert ((found["low"] < found["accuracy"]) & (found["accuracy"] < found["high"])).all()


def test_no_model_sees_a_judged_track_or_its_artist(make_table: Make) -> None:
    table = make_table(120, share_of_user=0.5)
    # Every artist is in both sources.
    table = table.take(np.random.default_rng(0).permutation(120))
    group_of = dict(zip(table.about["track_id"], table.group, strict=True))
    seen: list[tuple[set[str], set[str]]] = []

    def spying(part: LabelledTable) -> Callable[[pd.DataFrame], np.ndarray]:
        learnt = {group_of[track] for track in part.about["track_id"]}

        def predict(features: pd.DataFrame) -> np.ndarray:
            judged = table.features["noise_1"].isin(features["noise_1"]).to_numpy()
            seen.append((learnt, set(table.group[judged])))
            return np.full((len(features), 3), 1 / 3, dtype=np.float32)

        return predict

    source_matrix(table, spying, count=4)
    assert len(seen) == 2 * 3 * 4
    assert all(learnt and judged and learnt.isdisjoint(judged) for learnt, judged in seen)


def test_shuffled_labels_are_at_chance(make_table: Make) -> None:
    table = make_table(240, share_of_user=0.5)
    table.codes[:] = np.random.default_rng(7).permutation(table.codes)
    found = source_matrix(table, fit, count=3)
    assert found["accuracy"].between(0.2, 0.47).all()


@pytest.mark.parametrize("zones_of_deam", [1, 3])
def test_what_cannot_be_judged_says_why(make_table: Make, zones_of_deam: int) -> None:
    table = make_table(66, share_of_user=60 / 66)
    table.codes[60:] = np.arange(6) % zones_of_deam
    found = source_matrix(table, fit, count=5).set_index(["trained_on", "judged_on"])
    assert found.loc[("user", "user"), "remark"] == ""
    assert found.loc[("user", "deam"), "remark"] != ""
    assert np.isnan(found.loc[("user", "deam"), "accuracy"])
    if zones_of_deam == 1:
        assert "fewer than two zones" in found.loc[("deam", "user"), "remark"]


def test_a_model_of_the_same_tracks_is_fitted_once(make_table: Make) -> None:
    fitted: list[frozenset[str]] = []

    def counting(part: LabelledTable) -> Callable[[pd.DataFrame], np.ndarray]:
        fitted.append(frozenset(part.about["track_id"]))
        return lambda features: np.full((len(features), 3), 1 / 3, dtype=np.float32)

    source_matrix(make_table(120, share_of_user=0.5), counting, count=4)
    assert len(fitted) == len(set(fitted)) == 4 * 4 + 2
