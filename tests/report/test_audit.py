"""The label audit: planted mistakes come first."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from zoneclf.labels.table import LabelledTable
from zoneclf.model.splits import folds
from zoneclf.model.strategies import Task, fit
from zoneclf.report.audit import COLUMNS, audit, confident_joint, confident_zones, margins
from zoneclf.report.neighbours import close_pairs
from zoneclf.settings import TrainSettings

Make = Callable[..., LabelledTable]
SETTINGS = TrainSettings(rounds=30, eta=0.2, colsample=1.0)


def out_of_fold(table: LabelledTable) -> np.ndarray:
    found = np.zeros((len(table), len(table.zones)))
    for train, held_out in folds(table.codes, table.group, count=5, seed=0):
        predictor = fit(Task(table.take(train), frozenset({"user"}), SETTINGS))
        found[held_out] = predictor.probabilities(table.features.iloc[held_out])
    return found


def with_codes(table: LabelledTable, codes: np.ndarray) -> LabelledTable:
    zones = [table.zones[code] for code in codes]
    return dataclasses.replace(table, codes=codes, about=table.about.assign(zone=zones))


def knowing(table: LabelledTable, sure: float = 0.8) -> np.ndarray:
    """Return probabilities of a model that agrees with every label."""
    return (
        np.full((len(table), 3), (1 - sure) / 2) + (sure - (1 - sure) / 2) * np.eye(3)[table.codes]
    )


def test_planted_mistakes_come_first(make_table: Make) -> None:
    table = make_table(300, seed=4)
    rng = np.random.default_rng(4)
    flipped = rng.choice(300, 30, replace=False)
    codes = table.codes.copy()
    codes[flipped] = (codes[flipped] + rng.integers(1, 3, 30)) % 3
    doubtful = with_codes(table, codes)
    found = audit(doubtful, out_of_fold(doubtful))
    wrong = set(table.about["track_id"].to_numpy()[flipped])
    hits = found["track_id"].isin(wrong)
    assert hits.head(20).mean() > 0.8  # by chance 0.1
    assert hits.sum() >= 20
    truth = dict(zip(table.about["track_id"], table.about["zone"], strict=True))
    right = [truth[row.track_id] == row.suggested for row in found[hits].itertuples()]
    assert np.mean(right) > 0.9
    estimated = 300 - np.trace(confident_joint(codes, out_of_fold(doubtful)))
    assert 20 < estimated < 40


def test_random_labels_are_not_told_from_planted_ones(make_table: Make) -> None:
    """If features say nothing, a planted mistake is found no more often than by chance."""
    table = make_table(300, seed=8)
    rng = np.random.default_rng(8)
    table = with_codes(table, rng.permutation(table.codes))
    flipped = rng.choice(300, 60, replace=False)
    codes = table.codes.copy()
    codes[flipped] = (codes[flipped] + 1) % 3
    found = audit(with_codes(table, codes), out_of_fold(with_codes(table, codes)))
    hits = found["track_id"].isin(table.about["track_id"].to_numpy()[flipped]).head(60)
    assert hits.mean() < 0.4


def test_good_labels_are_left_alone(make_table: Make) -> None:
    table = make_table(90)
    found = audit(table, knowing(table))
    assert list(found.columns) == list(COLUMNS)
    assert not found["reason"].str.contains("model").any()


def test_the_confident_joint_of_the_paper_by_hand() -> None:
    codes = np.array([0, 0, 0, 1, 1])
    shares = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.4, 0.6], [0.1, 0.9]])
    # Mean self-confidence: 0.6 of the first zone, 0.75 of the second.
    assert confident_zones(codes, shares).tolist() == [0, 0, 1, -1, 1]
    np.testing.assert_allclose(confident_joint(codes, shares), [[2, 1], [0, 2]])
    np.testing.assert_allclose(margins(codes, shares), [0.8, 0.4, -0.6, 0.2, 0.8])


def test_a_zone_that_no_track_has_is_never_suggested() -> None:
    codes = np.array([0, 0, 1])
    shares = np.array([[0.1, 0.1, 0.8], [0.6, 0.3, 0.1], [0.2, 0.6, 0.2]])
    assert 2 not in confident_zones(codes, shares)
    joint = confident_joint(codes, shares)
    np.testing.assert_allclose(joint.sum(axis=1), [2, 1, 0])


def test_copies_of_another_zone_come_before_everything_else(make_table: Make) -> None:
    table = make_table(90)
    features = table.features.copy()
    features.iloc[10] = features.iloc[40] * 1.001  # row 10 is GREEN as 40 is
    features.iloc[11] = features.iloc[42] * 1.001  # row 11 is PURPLE, 42 is YELLOW
    table = dataclasses.replace(table, features=features)
    found = audit(table, knowing(table))
    assert set(found["track_id"][:2]) == {"0-0011", "0-0042"}
    row = found.set_index("track_id").loc["0-0011"]
    assert row["reason"] == "the same sound as track 42, which is YELLOW"
    assert (row["zone"], row["suggested"]) == ("PURPLE", "YELLOW")
    assert row["probability"] == pytest.approx(0.1)
    assert not {"0-0010", "0-0040"} & set(found["track_id"])


def test_one_sound_in_two_sources_is_found_by_its_id(make_table: Make) -> None:
    table = make_table(90)
    features = table.features.copy()
    features.iloc[11] = features.iloc[42] + 0.05 * features.std()  # other extractors' numbers
    ids = table.about["track_id"].where(np.arange(90) != 42, "0-0011")
    table = dataclasses.replace(
        table, features=features, about=table.about.assign(track_id=ids.to_numpy())
    )
    found = audit(table, knowing(table))
    assert found["reason"][0].startswith("the same sound as track")


def test_close_rows_of_different_zones_are_listed_last(make_table: Make) -> None:
    table = make_table(90, seed=2)
    features = table.features.copy()
    spread = features.std()
    features.iloc[11] = features.iloc[42] + 0.08 * spread * np.array([1, -1, 1, -1, 1])
    codes = table.codes.copy()
    codes[0] = 2  # YELLOW in truth
    table = with_codes(dataclasses.replace(table, features=features), codes)
    shares = knowing(table)
    shares[0] = [0.9, 0.05, 0.05]
    found = audit(table, shares)
    assert found["reason"][0] == "sounds like YELLOW to the model"
    rest = found.iloc[1:]
    assert {"2-0011", "2-0042"} <= set(rest["track_id"])
    assert rest["reason"].str.startswith("closest to").all()


def test_a_track_is_listed_once_with_all_its_reasons(make_table: Make) -> None:
    table = make_table(90)
    features = table.features.copy()
    features.iloc[11] = features.iloc[42] * 1.001
    table = dataclasses.replace(table, features=features)
    shares = knowing(table)
    shares[11] = [0.9, 0.05, 0.05]
    found = audit(table, shares)
    assert found["track_id"][0] == "0-0011"  # the margin decides between the two copies
    assert "same sound" in found["reason"][0]
    assert "to the model" in found["reason"][0]
    assert found["track_id"].is_unique


def test_missing_tempo_and_few_tracks_are_no_trouble(make_table: Make) -> None:
    table = make_table(90)
    table.features.loc[5, "fast"] = np.nan
    assert all(np.isfinite(pair.distance) for pair in close_pairs(table))
    few = make_table(2)
    assert not len(audit(few, np.full((2, 3), 1 / 3)))


def test_a_louder_copy_is_the_same_sound(make_table: Make) -> None:
    table = make_table(90)
    names = ["rms_energy", "energy_variance", "fast", "noise_1", "noise_2"]
    values = table.features.abs().set_axis(names, axis=1) + 0.1
    values.iloc[11] = values.iloc[42] * [2, 4, 1, 1, 1]  # 6 dB
    spec = dataclasses.replace(table.spec, features=tuple(names))
    table = dataclasses.replace(table, features=values, spec=spec)
    closest = min(close_pairs(table), key=lambda pair: pair.distance)
    assert (closest.first, closest.second) == (11, 42)
    assert closest.same
    assert closest.distance < 1e-6
