"""Sets of zones: what they leave is what the card's thresholds leave, and coverage is honest."""

from collections.abc import Callable

import numpy as np

from zoneclf.labels.table import LabelledTable
from zoneclf.model.calibration import ZoneSets, zone_sets
from zoneclf.report.errors import mistakes, prediction_rows
from zoneclf.report.evaluation import Evaluation, on_holdout
from zoneclf.report.zone_sets import kept_zones, set_scores, with_sets, words_of

Make = Callable[..., LabelledTable]
OWN = frozenset({"user"})
ZONES = ("YELLOW", "GREEN", "PURPLE")
SETS = ZoneSets(0.9, {"YELLOW": 0.5, "GREEN": 0.2, "PURPLE": 0.3}, dict.fromkeys(ZONES, 20))


def shares_of(codes: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return probabilities that are right about two times of three."""
    shares = np.random.default_rng(seed).dirichlet(np.ones(3), size=len(codes))
    shares += 0.6 * np.eye(3)[codes]
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float32)


def test_what_is_left_is_what_the_card_leaves() -> None:
    shares = np.random.default_rng(0).dirichlet(np.ones(3), size=200).astype(np.float32)
    kept = kept_zones(SETS, shares, ZONES)
    for row, words in zip(shares, words_of(kept, ZONES), strict=True):
        named = dict(zip(ZONES, map(float, row), strict=True))
        assert words == SETS.words(named)
    assert kept.any(axis=1).all()


def test_sets_in_words() -> None:
    kept = np.array([[1, 0, 0], [0, 1, 1], [1, 1, 1]], dtype=bool)
    assert words_of(kept, ZONES) == ["YELLOW", "GREEN or PURPLE", "listen"]


def test_scores_of_sets_worked_out_by_hand(make_table: Make) -> None:
    table = make_table(4)  # YELLOW, GREEN, PURPLE, YELLOW
    shares = np.array(
        [[0.6, 0.3, 0.1], [0.55, 0.1, 0.35], [0.4, 0.4, 0.2], [0.1, 0.8, 0.1]], dtype=np.float32
    )
    judged = with_sets(on_holdout(table, shares), SETS, OWN)
    rows = prediction_rows(judged)
    assert list(rows["set"]) == ["YELLOW or GREEN", "YELLOW or PURPLE", "GREEN", "GREEN"]
    # The one that is two zones off comes first.
    assert list(mistakes(rows)["set"]) == ["GREEN", "GREEN", "YELLOW or PURPLE"]
    found = set_scores(judged, 0.9)
    assert found is not None
    assert found.coverage == 0.25
    assert found.by_zone == {"YELLOW": 0.5, "GREEN": 0.0, "PURPLE": 0.0}
    assert found.by_zone_n == {"YELLOW": 2, "GREEN": 1, "PURPLE": 1}
    assert (found.mean_size, found.single, found.listen) == (1.5, 0.5, 0.0)


def test_without_thresholds_nothing_is_claimed(make_table: Make) -> None:
    judged = on_holdout(make_table(9), shares_of(make_table(9).codes))
    assert set_scores(judged, 0.9) is None
    assert set(prediction_rows(judged)["set"]) == {""}


def test_coverage_of_cross_validated_tracks_owes_nothing_to_themselves(make_table: Make) -> None:
    # A threshold is the second smallest of ten, so of those ten it holds nine or more.
    table, held, own = make_table(30), [], []
    table.group[:] = np.arange(30).astype("U10")
    for seed in range(40):
        shares = shares_of(table.codes, seed)
        sets = zone_sets(table.codes, shares, table.zones, coverage=0.8)
        crossed = Evaluation("cv", table, shares, (shares,))
        found = set_scores(with_sets(crossed, sets, OWN), 0.8)
        itself = set_scores(with_sets(on_holdout(table, shares), sets, OWN), 0.8)
        assert found is not None
        assert itself is not None
        held.append(found.coverage)
        own.append(itself.coverage)
    assert min(own) >= 0.9
    assert 0.8 <= np.mean(held) < np.mean(own) - 0.01
