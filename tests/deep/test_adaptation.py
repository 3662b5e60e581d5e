"""Turned gradients, DANN's schedule, CORAL's loss, and how far apart a classifier sees two sets."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from zoneclf.deep.adaptation import Adaptation, AdaptSettings, coral, growth, turned
from zoneclf.deep.batches import Inputs
from zoneclf.deep.domain_check import domain_accuracy
from zoneclf.deep.spectrograms import SpectrogramSettings

FEATURES = 5


class Noise:
    """Clips of noise, each of its own level."""

    spectrogram_settings = SpectrogramSettings(mels=8)

    def spectrogram(self, place):
        return np.full((20, 8), place, dtype=np.float32)

    def embeddings(self):
        raise AssertionError("not asked for")


def adaptation(adapt, *, places=range(10), weight=1.0):
    how = AdaptSettings(adapt=adapt, adapt_weight=weight, target="there")
    return Adaptation(how, Inputs(Noise(), 12), places=places, features=FEATURES, seed=3)


def numeric(function, values, step=1e-6):
    """Return the gradient of a function of an array, by differences."""
    found = np.zeros(values.shape)
    for place in np.ndindex(values.shape):
        higher, lower = values.copy(), values.copy()
        higher[place] += step
        lower[place] -= step
        found[place] = (function(higher) - function(lower)) / (2 * step)
    return found


def domain_loss(head, features):
    """Return the cross-entropy of a head that tells the second half of some clips, by hand."""
    with torch.no_grad():
        said = head(torch.from_numpy(features)).squeeze(1).numpy()
    is_target = np.arange(len(features)) >= len(features) // 2
    return float(np.mean(np.log1p(np.exp(np.where(is_target, -said, said)))))


@pytest.mark.parametrize("strength", [0.0, 0.3, 1.0, 2.5])
def test_the_gradient_that_reaches_the_network_is_turned_and_the_heads_is_not(strength):
    dann = adaptation("dann")
    dann.head.double()
    values = np.random.default_rng(0).normal(0, 1, (8, FEATURES))
    features = torch.from_numpy(values).requires_grad_()
    loss = dann.loss(features, strength)
    assert loss.item() == pytest.approx(domain_loss(dann.head, values))
    loss.backward()
    wanted = -strength * numeric(lambda one: domain_loss(dann.head, one), values)
    np.testing.assert_allclose(features.grad.numpy(), wanted, atol=1e-8)
    heads = [weight.grad.clone() for weight in dann.head.parameters()]
    dann.head.zero_grad()
    said = dann.head(torch.from_numpy(values)).squeeze(1)
    truth = torch.tensor([0.0] * 4 + [1.0] * 4, dtype=torch.float64)
    functional.binary_cross_entropy_with_logits(said, truth).backward()
    for found, weight in zip(heads, dann.head.parameters(), strict=True):
        torch.testing.assert_close(found, weight.grad)


def test_turning_changes_no_value():
    values = torch.randn(4, 3)
    assert turned(values, 0.7).equal(values)


def test_dann_grows_as_published():
    assert growth(0.0) == 0.0
    assert growth(0.1) == pytest.approx(0.46211716)
    assert growth(1.0) == pytest.approx(0.9999092)
    step = [adaptation("dann", weight=2.0).draw(4, np.random.default_rng(0), d) for d in (0.0, 0.1)]
    assert [one.strength for one in step] == [0.0, pytest.approx(0.92423431)]
    assert adaptation("coral", weight=2.0).draw(4, np.random.default_rng(0), 0.1).strength == 2.0


def test_coral_is_the_published_formula_and_so_are_its_gradients():
    random = np.random.default_rng(1)
    source, target = random.normal(0, 1, (9, FEATURES)), random.normal(1, 2, (7, FEATURES))
    both = [torch.from_numpy(one).requires_grad_() for one in (source, target)]
    apart = np.cov(source, rowvar=False) - np.cov(target, rowvar=False)
    wanted = np.linalg.norm(apart, "fro") ** 2 / (4 * FEATURES**2)
    loss = coral(*both)
    assert loss.item() == pytest.approx(wanted)
    loss.backward()
    for sign, values, one in ((1, source, both[0]), (-1, target, both[1])):
        centred = values - values.mean(axis=0)
        by_hand = sign * centred @ apart / (FEATURES**2 * (len(values) - 1))
        np.testing.assert_allclose(one.grad.numpy(), by_hand, atol=1e-12)
    features = torch.from_numpy(np.concatenate([source[:7], target]))
    assert float(adaptation("coral").loss(features, 3.0)) == pytest.approx(
        3 * float(coral(features[:7], features[7:]))
    )


def test_equal_covariances_cost_nothing():
    values = torch.randn(10, FEATURES)
    assert float(coral(values, values + 5)) == pytest.approx(0, abs=1e-9)


def test_target_clips_follow_from_the_batchs_random_numbers():
    one = adaptation("dann")
    drawn = [
        one.draw(6, np.random.default_rng(seed), 0.5).batch["spectrogram"][:, 0, 0].tolist()
        for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) == 6
    few = adaptation("dann", places=[4, 7]).draw(6, np.random.default_rng(0), 0.5)
    assert set(few.batch["spectrogram"][:, 0, 0].tolist()) == {4.0, 7.0}


def test_only_dann_has_something_of_its_own_to_learn():
    assert not list(adaptation("coral").head.parameters())
    weights = [list(adaptation("dann").head.parameters()) for _ in range(2)]
    assert all(one.equal(other) for one, other in zip(*weights, strict=True))


@pytest.mark.parametrize(("apart", "least", "most"), [(0.0, 0.35, 0.65), (6.0, 0.97, 1.0)])
def test_a_fresh_classifier_tells_sets_apart_only_where_they_are(apart, least, most):
    random = np.random.default_rng(0)
    domains = np.repeat([0, 1], [150, 50])
    features = random.normal(0, 1, (200, 4)).astype(np.float32)
    features[domains == 1, 0] += apart
    groups = np.array([f"{domain}-{place % 20}" for place, domain in enumerate(domains)])
    assert least <= domain_accuracy(features, domains, groups) <= most


def test_artists_alone_do_not_tell_sets_apart():
    """Every artist has a sound of its own, which says nothing of the set."""
    random = np.random.default_rng(0)
    artists = np.repeat(np.arange(40), 10)
    features = random.normal(0, 1, (40, 30))[artists] + random.normal(0, 0.1, (400, 30))
    domains = (artists >= 20).astype(int)
    known = domain_accuracy(features, domains, np.arange(400).astype(str))
    assert known > 0.9
    assert domain_accuracy(features, domains, artists.astype(str)) < 0.7
