"""Permutation importance on held-out tracks: planted features, families, intervals."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from zoneclf.labels.table import LabelledTable
from zoneclf.model.strategies import fit
from zoneclf.model.task import Task
from zoneclf.report.permutation import (
    HeldOut,
    families_of,
    permutation,
    permutation_by_family,
    permutation_by_feature,
)
from zoneclf.settings import TrainSettings

Make = Callable[..., LabelledTable]
QUICK = TrainSettings(strategy="user-only", rounds=60, eta=0.2, colsample=1.0, balance="none")


def pieces_of(
    train: LabelledTable, *unseen: LabelledTable, settings: TrainSettings = QUICK
) -> list[HeldOut]:
    predictor = fit(Task(train, frozenset({"user"}), settings))
    return [HeldOut(predictor, table) for table in unseen]


def renamed(table: LabelledTable, names: list[str]) -> LabelledTable:
    features = table.features.set_axis(names, axis=1)
    return replace(table, features=features, spec=replace(table.spec, features=tuple(names)))


def test_the_planted_feature_comes_first_and_noise_is_nothing(make_table: Make) -> None:
    found = permutation_by_feature(
        pieces_of(make_table(90), make_table(60, seed=1), make_table(60, seed=2))
    ).set_index("feature")
    assert found.index[0] == "loud"
    assert found["permutation_low"]["loud"] > 0.3
    assert abs(found["permutation"]["noise_1"]) < 0.1
    assert (found["permutation_low"] <= found["permutation"]).all()
    assert (found["permutation"] <= found["permutation_high"]).all()


def test_it_is_the_same_again_and_owes_nothing_to_other_features(make_table: Make) -> None:
    pieces = pieces_of(make_table(60), make_table(30, seed=1))
    once = permutation_by_feature(pieces)
    pd.testing.assert_frame_equal(once, permutation_by_feature(pieces))
    alone = permutation(pieces, {"bright": ["bright"]}, shuffles=3)
    together = once.set_index("feature").loc["bright"]
    assert alone["permutation"][0] == pytest.approx(together["permutation"], abs=1e-12)


def test_columns_that_say_the_same_hide_each_other_but_not_their_family(make_table: Make) -> None:
    names = [
        *("pcm_RMSenergy_sma_amean_mean", "pcm_zcr_sma_amean_mean", "tempo"),
        *("rms_energy", "drops_per_minute"),
    ]
    tables = [renamed(make_table(150, seed=seed), names) for seed in (0, 1)]
    for table in tables:
        table.features["rms_energy"] = table.features["pcm_RMSenergy_sma_amean_mean"]
        table.features["pcm_zcr_sma_amean_mean"] = table.features["tempo"]
    pieces = pieces_of(*tables, settings=replace(QUICK, colsample=0.4))
    family = permutation_by_family(pieces).set_index("family")
    feature = permutation_by_feature(pieces).set_index("feature")["permutation"]
    assert family.index[0] == "loudness"
    assert family["features"]["loudness"] == 2
    assert family["permutation"]["loudness"] > 1.5 * max(feature)


def test_the_interval_is_of_groups_of_tracks(make_table: Make) -> None:
    train, unseen = make_table(90), make_table(60, seed=1)
    twice = [np.r_[0:60, 0:60]] * 2
    copied = unseen.take(twice[0])
    as_one = permutation(pieces_of(train, copied), {"all": ["loud"]}, shuffles=200)
    once = permutation(pieces_of(train, unseen), {"all": ["loud"]}, shuffles=200)
    width = [table["permutation_high"][0] - table["permutation_low"][0] for table in (once, as_one)]
    assert width[1] == pytest.approx(
        width[0], rel=0.1
    )  # copies of the artists' tracks tell no more


def test_every_feature_is_of_one_family() -> None:
    groups = families_of(["tempo", "drop_strength", "mfcc_1_std", "made up"])
    assert groups == {
        "timbre": ("mfcc_1_std",),
        "tempo": ("tempo",),
        "drops": ("drop_strength",),
        "other": ("made up",),
    }
