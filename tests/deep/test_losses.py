"""Losses against an independent implementation in float64, with gradients."""

import numpy as np
import pytest
import torch
from scipy.special import expit, log_expit

from zoneclf.deep.losses import describe_weights, focal, pos_weights, weighted_bce

CLOSE = 1e-6


def bce_by_hand(logits, targets, weight):
    positive = -weight * targets * log_expit(logits)
    return np.mean(positive - (1 - targets) * log_expit(-logits))


def focal_by_hand(logits, targets, gamma, alpha, weight):
    p = expit(logits)
    rising = (1 if alpha is None else alpha) * weight * (1 - p) ** gamma * -log_expit(logits)
    falling = (1 if alpha is None else 1 - alpha) * p**gamma * -log_expit(-logits)
    return np.mean(np.where(targets == 1, rising, falling))


def random_batch(seed, scale=3.0):
    random = np.random.default_rng(seed)
    logits = random.normal(0, scale, (7, 5))
    targets = (random.random((7, 5)) < 0.3).astype(float)
    return logits, targets, random.uniform(0.2, 40, 5)


def slope(function, logits, step=1e-5):
    """Central differences of `function` at every logit."""
    found = np.zeros_like(logits)
    for place in np.ndindex(logits.shape):
        moved = logits.copy()
        moved[place] += step
        high = function(moved)
        moved[place] -= 2 * step
        found[place] = (high - function(moved)) / (2 * step)
    return found


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", ["bce", "focal", "focal alpha", "focal weighted", "gamma 0.5"])
def test_value_and_gradient_are_those_of_the_formula(seed, kind):
    logits, targets, weight = random_batch(seed)
    given = torch.tensor(logits, requires_grad=True)
    t, w = torch.tensor(targets), torch.tensor(weight)
    gamma, alpha = (0.5 if kind == "gamma 0.5" else 2.0), 0.25 if kind == "focal alpha" else None
    if kind == "bce":
        loss = weighted_bce(given, t, w)

        def by_hand(x):
            return bce_by_hand(x, targets, weight)
    else:
        used = weight if kind == "focal weighted" else np.ones(5)
        loss = focal(
            given, t, gamma, alpha=alpha, pos_weight=w if kind == "focal weighted" else None
        )

        def by_hand(x):
            return focal_by_hand(x, targets, gamma, alpha, used)

    loss.backward()
    assert loss.item() == pytest.approx(by_hand(logits), abs=CLOSE, rel=CLOSE)
    np.testing.assert_allclose(given.grad.numpy(), slope(by_hand, logits), atol=CLOSE, rtol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_float32_is_within_a_millionth(seed):
    logits, targets, weight = random_batch(seed)
    x, t, w = (torch.tensor(one, dtype=torch.float32) for one in (logits, targets, weight))
    logits, weight = x.double().numpy(), w.double().numpy()
    assert weighted_bce(x, t, w).item() == pytest.approx(
        bce_by_hand(logits, targets, weight), rel=CLOSE
    )
    assert focal(x, t, 2.0).item() == pytest.approx(
        focal_by_hand(logits, targets, 2.0, None, 1), rel=CLOSE
    )


def test_gradients_pass_torchs_own_check():
    logits, targets, weight = random_batch(9)
    x = torch.tensor(logits, requires_grad=True)
    t, w = torch.tensor(targets), torch.tensor(weight)
    assert torch.autograd.gradcheck(lambda y: weighted_bce(y, t, w), (x,))
    assert torch.autograd.gradcheck(lambda y: focal(y, t, 2.0, alpha=0.3, pos_weight=w), (x,))


def test_focal_without_focus_is_cross_entropy():
    logits, targets, _ = random_batch(3)
    x, t = torch.tensor(logits), torch.tensor(targets)
    assert focal(x, t, 0.0).item() == pytest.approx(weighted_bce(x, t).item(), rel=1e-12)


def test_sure_logits_give_finite_losses_and_gradients():
    x = torch.tensor([[1e4, -1e4, 1e4, -1e4]], requires_grad=True)
    t = torch.tensor([[1.0, 0.0, 0.0, 1.0]])
    loss = focal(x, t, 2.0)
    loss.backward()
    assert loss.item() == pytest.approx(5e3)
    assert torch.isfinite(x.grad).all()


def test_weights_are_ratios_to_a_power_with_a_cap():
    targets = torch.zeros(100, 4)
    targets[:50, 0], targets[:20, 1], targets[:1, 2] = 1, 1, 1
    assert pos_weights(targets, 1.0).tolist() == pytest.approx([1, 4, 99, 1])
    assert pos_weights(targets, 0.5).tolist() == pytest.approx([1, 2, 99**0.5, 1])
    assert pos_weights(targets, 1.0, 50.0).tolist() == pytest.approx([1, 4, 50, 1])
    assert pos_weights(targets, 0.0).tolist() == [1, 1, 1, 1]


def test_debug_output_names_the_heaviest_labels():
    targets = torch.zeros(100, 3)
    targets[:50, 0], targets[:20, 1], targets[:1, 2] = 1, 1, 1
    lines = describe_weights(targets, pos_weights(targets, 0.5, 50.0), ("pop", "dub", "drone"))
    assert "50.0x" in lines[0]
    assert "median 2" in lines[1]
    assert lines[2].split() == ["drone:", "weight", "9.95,", "1", "tracks"]
