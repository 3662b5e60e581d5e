"""The set that is made up: counts, tail, sounds, determinism; its genres can be told apart."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from zoneclf.deep.genre.prepared import PreparedSet
from zoneclf.deep.genre.recipes import RECIPES
from zoneclf.deep.genre.session import Session
from zoneclf.deep.genre.synthesis import make_set, tail
from zoneclf.deep.studio.artists import Artist
from zoneclf.deep.studio.voices import RATE_HZ
from zoneclf.errors import UsageError

ARTIST = Artist("a", 4, 0.5, 0.5, 0.5, 1.0, 0.0, 0.1, -60.0, 0.0, True)


def rows(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_tail_of_2000_clips_is_100_fold() -> None:
    counts = tail(2000, 12, 100.0)
    assert len(counts) == 12
    assert max(counts.values()) == 100 * min(counts.values())
    assert list(counts.values()) == sorted(counts.values(), reverse=True)
    assert min(counts.values()) >= 10


def test_the_table_has_the_tail_that_was_asked_for(clips_table: Path) -> None:
    listed = rows(clips_table)
    counts = Counter(genre for row in listed for genre in row["label"].split("|"))
    assert len(listed) == 60
    assert counts == tail(60, 12, 8.0)
    assert max(len(row["label"].split("|")) for row in listed) <= 3
    assert sum(len(row["label"].split("|")) > 1 for row in listed) > 10
    assert all(row["artist"] and row["album"] for row in listed)


def test_an_artist_has_one_first_genre(clips_table: Path) -> None:
    listed = rows(clips_table)
    first = {row["artist"]: row["label"].split("|")[0] for row in listed}
    assert all(first[row["artist"]] == row["label"].split("|")[0] for row in listed)


def test_clips_are_sound(clips_table: Path) -> None:
    for row in rows(clips_table)[::7]:
        wave, rate_hz = soundfile.read(clips_table.parent / row["path"])
        assert rate_hz == RATE_HZ
        assert wave.size == round(1.5 * RATE_HZ)
        assert 0.01 < np.sqrt(np.mean(wave**2)) < 0.5
        assert np.abs(wave).max() < 1


def test_a_seed_makes_the_same_bytes(tmp_path: Path) -> None:
    made = [
        make_set(tmp_path / name, clips=12, genres=4, imbalance=2, seconds=0.5, seed=seed)
        for name, seed in (("a", 3), ("b", 3), ("c", 4))
    ]
    contents = [[path.read_bytes() for path in _files(table.parent)] for table in made]
    assert contents[0] == contents[1]
    assert contents[0] != contents[2]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("genre", RECIPES)
def test_each_recipe_makes_sound_of_the_wanted_length(genre: str) -> None:
    for seed in range(3):
        play = Session(ARTIST, 2.0, np.random.default_rng(seed))
        wave = RECIPES[genre](play)
        assert wave.shape == (2 * RATE_HZ,)
        assert wave.dtype == np.float32
        assert np.isfinite(wave).all()
        assert np.sqrt(np.mean(wave**2)) > 0.01


def centroid_hz(wave: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(wave)) ** 2
    return float((np.fft.rfftfreq(wave.size, 1 / RATE_HZ) * power).sum() / power.sum())


def pulse(wave: np.ndarray) -> float:
    """How much the level moves from hop to hop, against its mean."""
    level = np.sqrt(np.mean(wave[: wave.size // 441 * 441].reshape(-1, 441) ** 2, axis=1))
    return float(np.abs(np.diff(level)).mean() / level.mean())


def mean_of(genre: str, measure: object) -> float:
    waves = [RECIPES[genre](Session(ARTIST, 3.0, np.random.default_rng(seed))) for seed in range(5)]
    return float(np.mean([measure(wave) for wave in waves]))  # type: ignore[operator]


def test_register_and_rhythm_are_as_described() -> None:
    low, high = mean_of("techno", centroid_hz), mean_of("chiptune", centroid_hz)
    assert 2 * low < high
    assert mean_of("gamelan", centroid_hz) > mean_of("reggae", centroid_hz)
    beaten = min(mean_of(genre, pulse) for genre in ("techno", "jungle", "hiphop"))
    steady = max(mean_of(genre, pulse) for genre in ("ambient", "strings"))
    assert beaten > 1.5 * steady


def test_genres_can_be_told_but_not_without_error(prepared_set: PreparedSet) -> None:
    """Nearest mean spectrogram finds the first genre more often than chance."""
    alone = np.flatnonzero(prepared_set.targets.sum(axis=1) == 1)
    means = np.stack([prepared_set.spectrogram(place).mean(axis=0) for place in alone])
    codes = prepared_set.targets[alone].argmax(axis=1)
    apart = np.linalg.norm(means[:, None] - means[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    right = float((codes[apart.argmin(axis=1)] == codes).mean())
    chance = float(np.square(np.bincount(codes) / codes.size).sum())
    assert chance + 0.15 < right


@pytest.mark.parametrize(("clips", "genres", "imbalance"), [(20, 12, 100), (100, 13, 2), (9, 3, 0)])
def test_a_tail_that_cannot_be_is_refused(clips: int, genres: int, imbalance: float) -> None:
    with pytest.raises(UsageError):
        tail(clips, genres, imbalance)
