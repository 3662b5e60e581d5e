"""What brings sources nearer to each other: units, correlations, likeness, levels."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from zoneclf.errors import TableError
from zoneclf.labels.table import LabelledTable
from zoneclf.model.adaptation import adapted
from zoneclf.model.strategies import fit
from zoneclf.model.task import Task
from zoneclf.model.weights import EMPHASIS
from zoneclf.settings import TrainSettings
from zoneclf.tracks.loudness import LEVEL, gain_exponent

OWN = frozenset({"user"})
QUICK = TrainSettings(rounds=20, eta=0.2, colsample=1.0)
Make = Callable[..., LabelledTable]
LOUD = (LEVEL, "pcm_fftMag_spectralFlux_sma_amean", "energy_variance", "free_1", "free_2")


def task_of(table: LabelledTable, **changed: object) -> Task:
    return Task(table, OWN, replace(QUICK, **changed))


def with_levels(table: LabelledTable) -> LabelledTable:
    """Return the table with features that a gain changes, all of them positive."""
    values = np.exp(table.features.to_numpy(np.float64) / 4)
    spec = replace(table.spec, features=LOUD)
    features = pd.DataFrame(values.astype(np.float32), columns=list(LOUD))
    return replace(table, features=features, spec=spec)


def louder(features: pd.DataFrame, gain: float) -> pd.DataFrame:
    factors = [gain ** gain_exponent(str(name)) for name in features.columns]
    return (features * factors).astype(np.float32)


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_a_model_without_level_does_not_hear_a_gain(make_table: Make, share: float) -> None:
    table = with_levels(make_table(90, share_of_user=share))
    quiet = louder(table.features, 0.25)  # exact in floating point
    free = fit(task_of(table, normalise="level", strategy="weighted"))
    np.testing.assert_allclose(
        free.probabilities(quiet), free.probabilities(table.features), atol=1e-4
    )
    usual = fit(task_of(table, strategy="weighted"))
    apart = usual.probabilities(quiet) - usual.probabilities(table.features)
    assert np.abs(apart).max() > 0.1


def test_without_a_column_of_the_level_it_cannot_be_taken_out(make_table: Make) -> None:
    table = with_levels(make_table(30)).with_features(LOUD[1:])
    with pytest.raises(TableError, match="has no column pcm_RMSenergy"):
        fit(task_of(table, normalise="level"))


def test_coral_gives_other_sources_the_users_means_and_correlations(make_table: Make) -> None:
    rng = np.random.default_rng(0)
    table = make_table(2000, share_of_user=0.5)
    values, own = rng.normal(size=(2000, 5)), table.source == "user"
    mixes = np.eye(5) + 0.3 * rng.normal(size=(2, 5, 5))
    values[own], values[~own] = values[own] @ mixes[0] + 3, 2 * values[~own] @ mixes[1] - 1
    features = pd.DataFrame(values.astype(np.float32), columns=list(table.features.columns))
    before = replace(table, features=features)
    after = adapted(task_of(before, domain_adapt="coral"))[0].table.features.to_numpy(np.float64)
    np.testing.assert_array_equal(after[own], features[own].to_numpy())
    np.testing.assert_allclose(after[~own].mean(axis=0), after[own].mean(axis=0), atol=1e-3)
    spread = np.sqrt(np.diag(np.cov(after[own].T)))
    apart = (np.cov(after[~own].T) - np.cov(after[own].T)) / np.outer(spread, spread)
    assert np.abs(apart).max() < 0.05  # both are shrunk by 5 tracks' worth of 1000


def test_likeness_favours_tracks_like_the_users(make_table: Make) -> None:
    table = make_table(400, share_of_user=0.5)
    features = table.features.copy()
    other = np.flatnonzero(table.source == "deam")
    alike, apart = other[:100], other[100:]
    features.loc[apart, "noise_1"] += 3
    found = adapted(task_of(replace(table, features=features), domain_adapt="density"))[0].table
    emphasis = found.about[EMPHASIS].to_numpy()
    assert (emphasis[table.source == "user"] == 1).all()
    assert emphasis[other].mean() == pytest.approx(1)
    assert np.median(emphasis[alike]) > 3 * np.median(emphasis[apart])


def test_sources_in_their_own_units_have_mean_0_and_spread_1(make_table: Make) -> None:
    table = make_table(120, share_of_user=0.5)
    shifted = table.features.copy()
    shifted.loc[table.source == "deam"] = shifted[table.source == "deam"] * 3 + 7
    shifted["noise_2"] = 4.0  # a column that never changes must not be divided by 0
    before = replace(table, features=shifted.astype(np.float32))
    task, wrap = adapted(task_of(before, normalise="source"))
    for source in ("user", "deam"):
        part = task.table.features[table.source == source].to_numpy(np.float64)
        np.testing.assert_allclose(part.mean(axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(part.std(axis=0), [1, 1, 1, 1, 0], atol=1e-5)

    class Seen:
        kind = "seen"

        def probabilities(self, features: pd.DataFrame) -> np.ndarray:
            return features.to_numpy()

    mine = before.features[table.source == "user"]
    expected = task.table.features[table.source == "user"]
    np.testing.assert_allclose(wrap(Seen()).probabilities(mine), expected, atol=1e-6)


def test_features_are_doubled_for_the_users_tracks(make_table: Make) -> None:
    table = make_table(60, share_of_user=0.5)
    found = adapted(task_of(table, domain_adapt="feda"))[0].table.features
    own = table.source == "user"
    assert list(found.columns[5:]) == [f"{name}|own" for name in table.features.columns]
    np.testing.assert_array_equal(found.iloc[:, :5], table.features)
    np.testing.assert_array_equal(found.iloc[:, 5:][own], table.features[own])
    assert (found.iloc[:, 5:][~own] == 0).all(axis=None)


@pytest.mark.parametrize("way", [{"normalise": "source"}, {"domain_adapt": "coral"}])
def test_one_source_alone_is_left_as_it_is(make_table: Make, way: dict[str, object]) -> None:
    task = task_of(make_table(30), **way)
    assert adapted(task)[0] is task
