"""Splits: their shares of every genre, groups that stay whole, rare genres, seeds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoneclf.deep.readers.listing import SPLITS
from zoneclf.deep.sets.splitting import Shares, draw_splits, given_splits, shares_from
from zoneclf.errors import UsageError

SHARES = Shares()


def long_tailed(tracks: int = 1200, genres: int = 8, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    rng = np.random.default_rng(seed)
    targets = rng.random((tracks, genres)) < np.geomspace(0.5, 0.01, genres)
    targets[~targets.any(axis=1), 0] = True
    return targets, [f"artist {number}" for number in rng.integers(0, tracks // 4, tracks)]


def test_every_genre_has_its_share_in_every_split() -> None:
    targets, groups = long_tailed()
    splits = draw_splits(targets, groups, SHARES)
    for name, share in zip(SPLITS, SHARES.in_order, strict=True):
        assert (splits == name).mean() == pytest.approx(share, abs=0.03)
        frequent = targets[:, :4]
        found = frequent[splits == name].sum(axis=0) / frequent.sum(axis=0)
        np.testing.assert_allclose(found, share, atol=0.05)


@settings(max_examples=12)
@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 6))
def test_a_group_is_never_split(seed: int, tracks: int, genres: int) -> None:
    rng = np.random.default_rng(seed)
    targets = rng.random((tracks, genres)) < 0.4
    groups = [f"g{number}" for number in rng.integers(0, max(1, tracks // 2), tracks)]
    splits = draw_splits(targets, groups, SHARES, seed=seed)
    assert set(splits) <= set(SPLITS)
    places: dict[str, set[str]] = {}
    for group, split in zip(groups, splits, strict=True):
        places.setdefault(group, set()).add(str(split))
    assert all(len(found) == 1 for found in places.values())


def test_rare_genres_are_in_every_split() -> None:
    for seed in range(3):
        targets = np.zeros((400, 3), dtype=bool)
        targets[:, 0] = True
        targets[:4, 1] = True  # one artist each
        targets[100:105, 2] = True
        groups = [f"g{place}" if place < 200 else f"g{place // 3}" for place in range(400)]
        splits = draw_splits(targets, groups, SHARES, seed=seed)
        for genre in (1, 2):
            assert set(splits[targets[:, genre]]) == set(SPLITS), seed


def test_a_genre_of_two_groups_is_learnt_and_judged() -> None:
    targets = np.zeros((60, 2), dtype=bool)
    targets[:, 0] = True
    targets[:2, 1] = True
    splits = draw_splits(targets, [str(place) for place in range(60)], SHARES, seed=3)
    assert set(splits[:2]) == {"train", "test"}


def test_the_seed_decides() -> None:
    targets, groups = long_tailed(300)
    first, again = (draw_splits(targets, groups, SHARES, seed=5) for _ in range(2))
    other = draw_splits(targets, groups, SHARES, seed=6)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_share_of_none_gets_none() -> None:
    targets, groups = long_tailed(200)
    splits = draw_splits(targets, groups, Shares(train=0.8, valid=0.2, calib=0, test=0))
    assert set(splits) == {"train", "valid"}


def test_nothing_to_split() -> None:
    assert draw_splits(np.zeros((0, 3), bool), [], SHARES).size == 0


@pytest.mark.parametrize("text", ["60/15/10/15", "0.6/0.15/0.1/0.15"])
def test_shares_as_text(text: str) -> None:
    assert shares_from(text).in_order == pytest.approx((0.6, 0.15, 0.1, 0.15))


@pytest.mark.parametrize(
    "text", ["60/40", "a/b/c/d", "60/20/20/20", "-10/60/25/25", "0/50/25/25", "nan/1/1/1", ""]
)
def test_shares_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--shares"):
        shares_from(text)


def test_given_splits_stay_and_calib_is_drawn_out_of_train() -> None:
    targets, groups = long_tailed(400)
    order = {group: place for place, group in enumerate(dict.fromkeys(groups))}
    given = [("train", "train", "valid", "test")[order[group] % 4] for group in groups]
    splits = given_splits(given, targets, groups, SHARES, seed=1)
    for name, split in zip(given, splits, strict=True):
        assert split == name or (name == "train" and split == "calib")
    part = (splits == "calib").sum() / np.isin(splits, ["calib", "train"]).sum()
    assert part == pytest.approx(0.1 / 0.7, abs=0.05)
    assert not set(np.array(groups)[splits == "calib"]) & set(np.array(groups)[splits == "train"])


def test_given_splits_that_are_not_given_are_refused() -> None:
    targets, groups = np.ones((4, 1), bool), list("abcd")
    with pytest.raises(UsageError, match=r"--splits given.*none 1"):
        given_splits(["train", "valid", "test", ""], targets, groups, SHARES)
    with pytest.raises(UsageError, match="valid 0"):
        given_splits(["train", "train", "test", "test"], targets, groups, SHARES)
