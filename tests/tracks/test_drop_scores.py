"""How found drops are paired with known ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneclf.tracks.drop_scores import Hits, hits

times = st.lists(st.floats(0, 100), max_size=8)


@pytest.mark.parametrize(
    ("found", "known", "expected"),
    [
        ([10.0, 50.0], [10.4, 49.5], Hits(2, 0, 0)),
        ([10.0], [10.6], Hits(0, 1, 1)),
        ([10.0, 10.2], [10.1], Hits(1, 1, 0)),
        ([10.0], [9.8, 10.2], Hits(1, 0, 1)),
        ([], [3.0], Hits(0, 0, 1)),
        ([9.9, 10.1], [10.0, 10.5], Hits(2, 0, 0)),
    ],
)
def test_each_known_drop_is_met_once(
    found: list[float], known: list[float], expected: Hits
) -> None:
    assert hits(found, known, 0.5) == expected


@given(times, times)
def test_nothing_is_counted_twice_or_lost(found: list[float], known: list[float]) -> None:
    score = hits(found, known, 0.5)
    assert score.right + score.wrong == len(found)
    assert score.right + score.missed == len(known)
    assert score == hits(found[::-1], known[::-1], 0.5)
    assert hits(known, found, 0.5).right == score.right


def test_scores_of_tracks_add_up() -> None:
    total = Hits(3, 1, 0) + Hits(1, 0, 1)
    assert total == Hits(4, 1, 1)
    assert total.f1 == pytest.approx(0.8)


def test_nothing_to_find_and_nothing_found_is_right() -> None:
    assert Hits().f1 == 1.0
    assert Hits(wrong=1).f1 == 0.0
