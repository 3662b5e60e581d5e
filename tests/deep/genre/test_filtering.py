"""Genres that are kept, and the imbalance before and after, against counts by hand."""

import pytest

from zoneclf.deep.genre.filtering import count_genres, filter_genres, kept_genres
from zoneclf.errors import UsageError

# rock 5, pop 4, jazz 2, dub 2, noise 1
LISTED = [
    ("rock", "pop"),
    ("rock",),
    ("rock", "jazz"),
    ("rock", "dub"),
    ("rock", "pop"),
    ("pop", "dub"),
    ("pop", "jazz"),
    ("noise",),
    (),
]


def test_counts_by_hand() -> None:
    found = count_genres(LISTED)
    assert found.counts == {"rock": 5, "pop": 4, "dub": 2, "jazz": 2, "noise": 1}
    assert list(found.counts) == ["rock", "pop", "dub", "jazz", "noise"]
    assert (found.tracks, found.labels) == (8, 14)
    assert found.imbalance == 5.0
    assert "5 genres, 8 tracks, imbalance 5.0x (rock 5, noise 1)" in found.text()


def test_a_genre_said_twice_of_a_track_counts_once() -> None:
    assert count_genres([("rock", "rock")]).counts == {"rock": 1}


def test_rare_genres_and_their_tracks_leave() -> None:
    genres = filter_genres(LISTED, min_samples=2)
    assert genres == ("rock", "pop", "dub", "jazz")
    after = count_genres(kept_genres(LISTED, genres))
    assert after.imbalance == 2.5
    assert after.tracks == 7  # the track of noise alone left


def test_only_the_most_frequent_stay() -> None:
    assert filter_genres(LISTED, max_genres=2) == ("rock", "pop")
    assert filter_genres(LISTED, min_samples=3, max_genres=5) == ("rock", "pop")


def test_the_filter_of_the_log() -> None:
    """Seed 001: from 70 genres at 126.3x to 24 at 20.4x with 300 samples each."""
    head = [6316, 3498, 3160, 2298, 2222, 1688, 1442, 1425, 1363, 1258, 875, 837, 817, 778, 622]
    head += [601, 562, 556, 514, 499, 490, 408, 317, 310]
    tail = [299 - 5 * step for step in range(45)] + [50]
    listed = [(f"g{n:02}",) for n, count in enumerate(head + tail) for _ in range(count)]
    assert count_genres(listed).imbalance == pytest.approx(126.3, abs=0.05)
    genres = filter_genres(listed, min_samples=300)
    after = count_genres(kept_genres(listed, genres))
    assert len(genres) == 24
    assert after.tracks == 32_856
    assert after.imbalance == pytest.approx(20.4, abs=0.05)


def test_no_genre_left_is_refused() -> None:
    with pytest.raises(UsageError, match="no genre has 6 tracks; the most frequent has 5"):
        filter_genres(LISTED, min_samples=6)
