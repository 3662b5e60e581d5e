"""Networks and kernels against closed forms, finite differences and another implementation."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import approx_fprime
from scipy.spatial.distance import cdist
from scipy.special import log_softmax, ndtri, softmax

from zoneclf.model.dense import Pull, filled, fourier, kernels, logistic, scale_of, whitening
from zoneclf.model.members import Layer, Network, Scale, dense_from

RNG = np.random.default_rng(0)
NAMES = ("a", "b", "c")
# Maps -4 to -4 and 4 to 4: features as they are.
PLAIN = Scale(np.array([-4, 4], "f4"), np.array([[-4] * 3, [4] * 3], "f4"))


def frame(values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(values.astype(np.float32), columns=list(NAMES))


@pytest.fixture
def features() -> pd.DataFrame:
    return frame(np.clip(np.random.default_rng(0).normal(size=(80, 3)), -3.9, 3.9))


@pytest.fixture
def shares(features: pd.DataFrame) -> np.ndarray:
    """Soft targets that follow the features."""
    scores = features.to_numpy() @ np.array([[2.0, 0, -2], [0, 1, 0], [0.5, 0, 0]])
    return softmax(scores, axis=1)


def test_a_scale_gives_normal_scores_whatever_the_distribution() -> None:
    values = np.exp(np.random.default_rng(1).normal(size=(1000, 3)) * 2)
    scaled = scale_of(frame(values))(values)
    ranks = values.argsort(axis=0).argsort(axis=0)
    expected = ndtri((ranks + 0.5) / 1000)
    inner = np.abs(expected) < 2
    np.testing.assert_allclose(scaled[inner], expected[inner], atol=0.1)


def test_beyond_the_training_range_a_scale_is_constant(features: pd.DataFrame) -> None:
    scale, values = scale_of(features), features.to_numpy(np.float64)
    far = np.array([[1e9, -1e9, 1e9]])
    ends = np.array([[values[:, 0].max(), values[:, 1].min(), values[:, 2].max()]])
    np.testing.assert_allclose(scale(far), scale(ends))


def test_a_value_that_many_share_gets_the_middle_of_its_levels() -> None:
    values = np.zeros((100, 3))
    values[:10] = -1
    values[60:] = 1
    scaled = scale_of(frame(values))(values)
    assert (np.diff(scaled[[0, 20, 70]], axis=0) > 0).all()
    expected = (ndtri(0.1) + ndtri(0.6)) / 2  # zeros are the tenth to the sixtieth track
    np.testing.assert_allclose(scaled[20], expected, atol=0.05)


def test_what_is_missing_counts_as_the_middle(features: pd.DataFrame, shares: np.ndarray) -> None:
    holed = features.copy()
    holed.loc[:20, "b"] = np.nan
    holed["c"] = np.nan
    for values in (features, holed):
        for network in (
            logistic(values, shares, np.ones(80), Pull(1.0)),
            fourier(values, shares, power=0.2, gamma=0.1, penalty=0.1, count=20, seed=0),
            kernels(values, shares, power=0.2, gamma=0.1, exponent=1, penalty=0.1),
        ):
            assert np.isfinite(network.outputs(holed)).all()
            assert dense_from(network.text()).outputs(holed).shape == (80, 3)
    assert (scale_of(features)(holed.to_numpy(np.float64))[:20, 1:] == 0).all()
    assert filled(features) is features
    assert filled(holed)["b"][0] == pytest.approx(features["b"][21:].median())


def test_whitening_to_the_half_leaves_no_correlation() -> None:
    inputs = np.random.default_rng(2).normal(size=(500, 4)) @ RNG.normal(size=(4, 4)) + 3
    white = whitening(inputs, 0.5)(inputs)
    spread = white.T @ white / 500
    np.testing.assert_allclose(spread, np.eye(4) / 4, atol=0.01)
    np.testing.assert_allclose(white.mean(axis=0), 0, atol=1e-5)


def test_kernels_are_kernel_ridge_regression(features: pd.DataFrame, shares: np.ndarray) -> None:
    found = kernels(features, shares, power=0.25, gamma=0.3, exponent=1, penalty=0.5)
    inputs = found.whiten(found.scale(features.to_numpy(np.float64)))
    gram = np.exp(-0.3 * cdist(inputs, inputs))
    mean = shares.mean(axis=0)
    expected = gram @ np.linalg.solve(gram + 0.5 * np.eye(80), shares - mean) + mean
    np.testing.assert_allclose(found.outputs(features), expected, atol=1e-5)


def test_without_a_penalty_kernels_pass_through_every_track(
    features: pd.DataFrame, shares: np.ndarray
) -> None:
    found = kernels(features, shares, power=0.25, gamma=0.3, exponent=1, penalty=1e-6)
    np.testing.assert_allclose(found.outputs(features), shares, atol=1e-3)


def test_fourier_is_ridge_regression_on_its_waves(
    features: pd.DataFrame, shares: np.ndarray
) -> None:
    found = fourier(features, shares, power=0.2, gamma=0.1, penalty=0.7, count=30, seed=3)
    first, last = found.layers
    waves = first(found.scale(features.to_numpy(np.float64))) * np.sqrt(1 / 30)
    centre, mean = waves.mean(axis=0), shares.mean(axis=0)
    apart = waves - centre
    weights = np.linalg.solve(apart.T @ apart + 0.7 * np.eye(60), apart.T @ (shares - mean))
    np.testing.assert_allclose(found.outputs(features), apart @ weights + mean, atol=1e-4)
    assert last.weights.shape == (60, 3)


def test_waves_approach_the_gaussian_kernel(features: pd.DataFrame) -> None:
    wanted = np.zeros((80, 1))
    found = fourier(features, wanted, power=0.2, gamma=0.5, penalty=1.0, count=600, seed=0)
    scaled = found.scale(features.to_numpy(np.float64))
    inputs = whitening(scaled, 0.2)(scaled)
    waves = found.layers[0](scaled) / np.sqrt(600)
    expected = np.exp(-0.5 * cdist(inputs, inputs, "sqeuclidean"))
    assert np.sqrt(((waves @ waves.T - expected) ** 2).mean()) < 0.03


def objective(
    network: Network, features: pd.DataFrame, shares: np.ndarray, weight: np.ndarray, pull: Pull
) -> tuple[np.ndarray, np.ndarray]:
    """Return the coefficients and the penalised loss's numerical slope there."""
    (layer,) = network.layers
    table = np.concatenate([layer.bias[None], layer.weights]).astype(np.float64)
    rows = np.concatenate([np.ones((len(features), 1)), PLAIN(features.to_numpy(float))], axis=1)
    held = np.concatenate([[pull.bias], np.broadcast_to(pull.penalty, 3)])[:, None]
    start = 0.0 if pull.offset is None else pull.offset

    def loss(flat: np.ndarray) -> float:
        at = flat.reshape(table.shape)
        logs = log_softmax(start + rows @ at, axis=1)
        return float(-(weight[:, None] * shares * logs).sum() + (held * at**2).sum() / 2)

    return table, approx_fprime(table.ravel(), loss, 1e-6)


@pytest.mark.parametrize("with_offset", [False, True])
def test_logistic_regression_is_at_its_optimum(
    features: pd.DataFrame, shares: np.ndarray, with_offset: bool
) -> None:
    offset = np.random.default_rng(4).normal(size=(80, 3)) if with_offset else None
    pull = Pull(np.array([1.0, 5.0, 20.0]), PLAIN, 0.5, offset)
    weight = np.random.default_rng(5).uniform(0.2, 3, size=80)
    found = logistic(features, shares, weight, pull)
    table, slope = objective(found, features, shares, weight, pull)
    assert np.abs(table).max() > 0.1
    assert np.abs(slope).max() < 0.05  # where the loss is about 60 and slopes at 0 about 30
    outputs = found.outputs(features)
    assert (np.abs(outputs.sum(axis=1) - 1).max() < 1e-6) == (not with_offset)


def test_logistic_regression_is_that_of_scikit_learn(features: pd.DataFrame) -> None:
    sklearn = pytest.importorskip("sklearn.linear_model")
    codes = np.digitize(features["a"] + 0.5 * features["b"], [-0.5, 0.5])
    found = logistic(features, np.eye(3)[codes], np.ones(80), Pull(2.0, PLAIN, 0.0))
    other = sklearn.LogisticRegression(C=0.5, tol=1e-8, max_iter=1000).fit(features, codes)
    expected = other.predict_proba(features)
    np.testing.assert_allclose(found.outputs(features), expected, atol=2e-3)


def test_a_weight_of_two_is_the_track_twice(features: pd.DataFrame, shares: np.ndarray) -> None:
    weight = np.where(np.arange(80) < 30, 2.0, 1.0)
    once = logistic(features, shares, weight, Pull(1.0, PLAIN))
    twice = logistic(
        pd.concat([features, features[:30]]),
        np.concatenate([shares, shares[:30]]),
        np.ones(110),
        Pull(1.0, PLAIN),
    )
    np.testing.assert_allclose(once.outputs(features), twice.outputs(features), atol=1e-3)


def test_a_zone_without_tracks_keeps_a_finite_bias(features: pd.DataFrame) -> None:
    wanted = np.eye(3)[np.arange(80) % 2]
    found = logistic(features, wanted, np.ones(80), Pull(1.0))
    assert (found.outputs(features)[:, 2] > 0).all()
    assert np.abs(found.layers[0].bias).max() < 20


def test_a_layer_is_an_affine_map_and_its_activation() -> None:
    layer = Layer(np.array([[1, -1]], "f4"), np.array([0.5, 0], "f4"), "relu")
    np.testing.assert_array_equal(layer(np.array([[2.0], [-3.0]])), [[2.5, 0.0], [0.0, 3.0]])
