"""The losses against second implementations, their gradients too."""

import numpy as np
import pytest
import torch

from zoneclf.deep.affect.agreement import concordance
from zoneclf.deep.affect.losses import concordance_loss, spread_of, squared_error


def drawn(seed=0, tracks=24):
    random = np.random.default_rng(seed)
    true = random.normal(5, [1.3, 0.8], (tracks, 2))
    return true, 5 + 0.6 * (true - 5) + random.normal(0.3, 0.5, (tracks, 2))


def by_hand(true, predicted):
    """1 - concordance by expectations over all pairs, which nothing in the package uses."""
    losses = []
    for t, p in zip(true.T, predicted.T, strict=True):
        losses.append(((t - p) ** 2).mean() / (np.subtract.outer(t, p) ** 2).mean())
    return np.mean(losses)


def test_the_concordance_loss_and_its_gradient():
    true, predicted = drawn()
    values = torch.tensor(predicted, requires_grad=True)
    loss = concordance_loss(values, torch.tensor(true))
    loss.backward()
    assert loss.item() == pytest.approx(by_hand(true, predicted), rel=1e-9)
    assert loss.item() == pytest.approx(1 - concordance(true, predicted), rel=1e-9)
    step = 1e-5
    for row, column in [(0, 0), (3, 1), (7, 0), (23, 1)]:
        ends = []
        for sign in (1, -1):
            moved = predicted.copy()
            moved[row, column] += sign * step
            ends.append(by_hand(true, moved))
        slope = (ends[0] - ends[1]) / (2 * step)
        assert values.grad[row, column].item() == pytest.approx(slope, rel=1e-5, abs=1e-9)


def test_torch_agrees_on_the_gradient_everywhere():
    true, predicted = drawn(1, 8)
    values = torch.tensor(predicted, requires_grad=True)
    assert torch.autograd.gradcheck(lambda p: concordance_loss(p, torch.tensor(true)), values)


def test_what_does_not_differ_gives_a_loss_of_one_and_a_gradient():
    true, _ = drawn()
    values = torch.full((24, 2), 5.0, dtype=torch.float64, requires_grad=True)
    loss = concordance_loss(values, torch.tensor(true))
    loss.backward()
    assert loss.item() == pytest.approx(1)
    assert torch.isfinite(values.grad).all()
    same = torch.full((4, 2), 5.0)
    assert concordance_loss(same, same).item() == 1


def test_concordance_does_not_reward_timidity():
    """Of all shrunk predictions, the squared error likes the timid one, concordance the bold."""
    true, _ = drawn(2, 4000)
    noisy = true + np.random.default_rng(3).normal(0, 1.2, true.shape)
    middle = torch.tensor(true.mean(axis=0))
    factors = np.linspace(0.1, 1.2, 23)
    shrunk = [middle + f * (torch.tensor(noisy) - middle) for f in factors]
    targets = torch.tensor(true)
    timid = factors[np.argmin([squared_error(one, targets) for one in shrunk])]
    bold = factors[np.argmin([concordance_loss(one, targets) for one in shrunk])]
    assert timid < bold - 0.15


def test_the_squared_error_in_units_of_the_spread():
    true, predicted = drawn()
    targets, values = torch.tensor(true), torch.tensor(predicted)
    spread = spread_of(targets)
    np.testing.assert_allclose(spread, true.std(axis=0), rtol=1e-6)
    wanted = (((predicted - true) / true.std(axis=0)) ** 2).mean()
    assert squared_error(values, targets, spread).item() == pytest.approx(wanted, rel=1e-6)
    mean = targets.mean(0).expand_as(targets)
    assert squared_error(mean, targets, spread).item() == pytest.approx(1, rel=1e-6)
    assert spread_of(torch.full((3, 2), 4.0)).tolist() == [1, 1]
