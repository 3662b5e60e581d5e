"""Variance matching: what it restores, what it costs, what a card may say of it."""

import numpy as np
import pytest

from zoneclf.deep.affect.agreement import agreement
from zoneclf.deep.affect.rescale import Rescale, bounded, fit_rescale, rescale_from
from zoneclf.errors import ModelError


def timid(seed=0, tracks=400, *, noise=1.0):
    """True values and the best guess of them from a noisy hint: drawn to the mean."""
    random = np.random.default_rng(seed)
    true = random.normal(5, [1.0, 0.7], (tracks, 2))
    hint = true - 5 + random.normal(0, noise, (tracks, 2)) * [1.0, 0.7]
    return true.astype(np.float32), (5 + hint / (1 + noise**2)).astype(np.float32)


def test_spread_and_mean_are_those_of_the_true():
    true, predicted = timid()
    rescale = fit_rescale(true, predicted, "valid")
    stretched = rescale(predicted)
    np.testing.assert_allclose(stretched.mean(axis=0), true.mean(axis=0), atol=0.01)
    np.testing.assert_allclose(stretched.std(axis=0), true.std(axis=0), rtol=0.01)
    assert (rescale.split, rescale.tracks) == ("valid", 400)


def test_what_it_wins_and_what_it_costs():
    """Concordance from 2 r^2 / (1 + r^2) to r, R2 from r^2 to 2 r - 1, on tracks not fitted on."""
    rescale = fit_rescale(*timid(0, 4000), "valid")
    true, predicted = timid(1, 4000)
    before, after = (
        agreement(true, one, resamples=0)["mean"] for one in (predicted, rescale(predicted))
    )
    r = np.sqrt(0.5)
    assert before["ccc"] == pytest.approx(2 * r**2 / (1 + r**2), abs=0.03)
    assert after["ccc"] == pytest.approx(r, abs=0.03)
    assert before["r2"] == pytest.approx(r**2, abs=0.03)
    assert after["r2"] == pytest.approx(2 * r - 1, abs=0.03)
    assert before["spread_ratio"] == pytest.approx(r, abs=0.03)
    assert after["spread_ratio"] == pytest.approx(1, abs=0.03)
    assert after["correlation"] == pytest.approx(before["correlation"], abs=0.01)


def test_values_stay_on_the_scale():
    rescale = Rescale(scale=(5.0, 1.0), shift=(0.0, 0.0), split="valid", tracks=9)
    assert rescale(np.array([[4.0, 5.0], [0.0, 0.5]])).tolist() == [[9.0, 5.0], [1.0, 1.0]]
    assert bounded(np.array([[12.0, -3.0]])).tolist() == [[9.0, 1.0]]


def test_nothing_is_stretched_that_does_not_differ():
    true, predicted = timid()
    assert fit_rescale(true, np.full_like(predicted, 5), "valid") is None
    assert fit_rescale(np.full_like(true, 5), predicted, "valid") is None
    assert fit_rescale(true, 5 + 0.01 * (predicted - 5), "valid") is None


def test_a_card_keeps_it():
    rescale = fit_rescale(*timid(), "valid")
    assert rescale_from(rescale.as_json(), "card.json") == rescale
    assert rescale_from(None, "card.json") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "platt"},
        {"scale": [1.0]},
        {"scale": [-1.0, 1.0]},
        {"shift": ["a", 1.0]},
        {"more": 1},
    ],
)
def test_a_damaged_card_is_refused(wrong):
    told = fit_rescale(*timid(), "valid").as_json() | wrong
    with pytest.raises(ModelError, match=r"card.json: .*; restore it or train again"):
        rescale_from(told, "card.json")
