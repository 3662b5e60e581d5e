"""Tags that are used for the same tracks are found; tags that go with none are noise."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from zoneclf.deep.mood.clustering import (
    NOISE,
    ClusterSettings,
    association,
    cluster_tags,
    clusters_in,
    search,
)
from zoneclf.deep.mood.planted import plant
from zoneclf.deep.mood.tag_table import surprise, tag_table
from zoneclf.deep.strict import MisfitError
from zoneclf.errors import LabelError

DEFAULT = ClusterSettings()
PAIRS = [("calm", "soft")] * 40 + [("dark", "heavy")] * 30 + [("calm",), ("dark",)] * 30


@pytest.fixture(scope="module")
def planted():
    return plant(seed=0)


def truth_of(planted, table):
    return np.array([planted.truth[tag] for tag in table.tags])


@pytest.mark.parametrize("kind", ["cosine", "ppmi"])
def test_planted_clusters_are_found(planted, kind):
    table = tag_table(planted.tracks)
    labels = cluster_tags(table, ClusterSettings(association=kind))
    truth = truth_of(planted, table)
    clustered = truth != NOISE
    assert len(table.tags) == 56
    assert adjusted_rand_score(truth[clustered], labels[clustered]) >= 0.8
    # By far most noise tags are seen to be noise by the cosine.
    least = {"cosine": 7, "ppmi": 3}[kind]
    assert (labels[~clustered] == NOISE).sum() >= least


def test_shuffled_tags_have_no_clusters(planted):
    """Tags that come by chance alone are noise: no mood is read into them."""
    random = np.random.default_rng(0)
    table = tag_table(planted.tracks)
    shuffled = replace(table, has=random.permuted(table.has, axis=0))
    labels = cluster_tags(shuffled, DEFAULT)
    assert (labels == NOISE).sum() >= 50
    without = cluster_tags(shuffled, replace(DEFAULT, strength=0.0))
    assert (without == NOISE).sum() < 40  # the check against chance is what tells


def test_neither_the_order_of_tracks_nor_of_tags_matters(planted):
    random = np.random.default_rng(1)
    tracks = [planted.tracks[place][::-1] for place in random.permutation(len(planted.tracks))]
    one, other = tag_table(planted.tracks), tag_table(tracks)
    assert one.tags == other.tags
    assert (cluster_tags(one, DEFAULT) == cluster_tags(other, DEFAULT)).all()


def test_pairs_that_only_go_with_each_other_are_clusters():
    labels = cluster_tags(tag_table(PAIRS), DEFAULT)
    assert labels.tolist() == [0, 1, 0, 1]  # calm, dark, soft, heavy


def test_clusters_are_numbered_by_their_tracks(planted):
    table = tag_table(planted.tracks)
    labels = cluster_tags(table, DEFAULT)
    sizes = [table.has[:, labels == number].any(axis=1).sum() for number in clusters_in(labels)]
    assert sizes == sorted(sizes, reverse=True)
    assert clusters_in(labels) == list(range(len(sizes)))


def test_a_wanted_number_of_clusters_is_searched_for():
    planted = plant(seed=1)
    table = tag_table(planted.tracks)
    assert len(clusters_in(cluster_tags(table, DEFAULT))) == 12
    for wanted in (11, 5):
        found = clusters_in(cluster_tags(table, search(table, DEFAULT, wanted)))
        assert abs(len(found) - wanted) <= 1


def test_a_tag_goes_with_itself_as_well_as_with_the_next_best():
    found = association(tag_table(PAIRS), "cosine")
    calm, dark, soft, heavy = range(4)
    expected = np.zeros((4, 4))
    expected[calm, soft] = expected[soft, calm] = 40 / np.sqrt(70 * 40)
    expected[dark, heavy] = expected[heavy, dark] = 30 / np.sqrt(60 * 30)
    np.fill_diagonal(expected, expected.max(axis=1))
    np.testing.assert_allclose(found, expected)


def test_mutual_information_is_that_of_its_definition():
    table = tag_table([("a", "b"), ("a", "b"), ("a", "c"), ("d",)])
    found = association(table, "ppmi")
    assert found[0, 1] == pytest.approx(np.log(2 * 4 / (3 * 2)))
    assert found[0, table.tags.index("d")] == 0


def test_surprise_is_the_root_of_the_log_likelihood_ratio():
    """Against the likelihoods of binomials, written out."""
    both, first, second, tracks = 30.0, 100.0, 80.0, 1000.0

    def likelihood(share, hits, trials):
        return hits * np.log(share) + (trials - hits) * np.log(1 - share)

    free = likelihood(both / first, both, first)
    free += likelihood((second - both) / (tracks - first), second - both, tracks - first)
    tied = likelihood(second / tracks, both, first)
    tied += likelihood(second / tracks, second - both, tracks - first)
    numbers = [np.array([number]) for number in (both, first, second)]
    assert surprise(*numbers, tracks=1000)[0] == pytest.approx(np.sqrt(2 * (free - tied)))
    rarer = [np.array([number]) for number in (2.0, first, second)]
    assert surprise(*rarer, tracks=1000)[0] < -2


def test_what_cannot_be_clustered_is_told():
    with pytest.raises(LabelError, match=r"3 tags .*too few"):
        cluster_tags(tag_table([("a", "b"), ("c",)]), DEFAULT)
    with pytest.raises(LabelError, match="no two tags ever stand at one track"):
        cluster_tags(tag_table([("a",), ("b",), ("c",), ("d",)]), DEFAULT)


@pytest.mark.parametrize(
    "wrong", [{"variance": 0.0}, {"min_cluster_size": 1}, {"strength": -1.0}], ids=str
)
def test_settings_have_bounds(wrong):
    with pytest.raises(MisfitError, match=f"{next(iter(wrong))} is .* must be from"):
        ClusterSettings(**wrong)


def test_planted_tables_are_as_they_say(planted):
    counts = np.array([len(tags) for tags in planted.tracks])
    assert len(planted.tracks) == 5000
    assert 0.3 < (counts == 1).mean() < 0.5
    sizes = np.bincount([cluster for cluster in planted.truth.values() if cluster != NOISE])
    assert len(sizes) == 11 and sizes.min() >= 2 and sizes.sum() == 48
    assert plant(rows=200, seed=3).tracks == plant(rows=200, seed=3).tracks
    assert plant(rows=200, seed=3).tracks != plant(rows=200, seed=4).tracks
