"""Rated music that is made up: what is felt can be heard, ratings are noisy, courses are there."""

import csv
import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from zoneclf.cli import app
from zoneclf.deep.affect.affect_set import AffectSet, load_affect
from zoneclf.deep.affect.listing import read_ratings
from zoneclf.deep.affect.playing import Clip, played
from zoneclf.deep.affect.synthesis import COURSE_FROM_S, TARGETS, make_rated_set
from zoneclf.deep.studio.artists import Artist, artist_of
from zoneclf.deep.studio.voices import RATE_HZ

CLIPS, SECONDS = 40, 4.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rated") / "made"
    make_rated_set(folder, clips=CLIPS, seconds=SECONDS, seed=3)
    return folder


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "ratings.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_clips_are_sound(folder: Path) -> None:
    listed = rows(folder)
    assert len(listed) == CLIPS
    for row in listed[::7]:
        wave, rate_hz = soundfile.read(folder / row["path"])
        assert (rate_hz, wave.size) == (RATE_HZ, SECONDS * RATE_HZ)
        assert 0.003 < np.sqrt(np.mean(wave**2)) < 0.7
        assert np.abs(wave).max() < 1


def test_ratings_are_what_is_meant_but_for_the_raters(folder: Path) -> None:
    tracks = read_ratings(folder / TARGETS).listing.tracks
    listed = rows(folder)
    rated = np.array([[track.arousal, track.valence] for track in tracks])
    meant = np.array([[float(row[f"{n}_meant"]) for n in ("arousal", "valence")] for row in listed])
    told = np.array([[track.arousal_se, track.valence_se] for track in tracks])
    assert rated == pytest.approx(
        np.array([[float(row["arousal"]), float(row["valence"])] for row in listed]), abs=1e-3
    )
    assert ((rated >= 1) & (rated <= 9)).all()
    spread = np.sqrt(np.mean((rated - meant) ** 2))
    assert spread == pytest.approx(1.5 / np.sqrt(10), rel=0.25)
    assert told.mean() == pytest.approx(spread, rel=0.25)
    assert meant.std(axis=0).min() > 1
    sizes = np.unique([track.artist for track in tracks], return_counts=True)[1]
    assert 4 < sizes.size < CLIPS
    assert sizes.max() <= 8


def test_courses_go_through_the_ratings(folder: Path) -> None:
    tracks = read_ratings(folder / TARGETS).listing.tracks
    moved = []
    for track in tracks:
        assert track.course is not None
        times, values = track.course
        np.testing.assert_allclose(times, np.arange(COURSE_FROM_S, SECONDS, 0.5))
        assert ((values >= 1) & (values <= 9)).all()
        moved.append(np.ptp(values, axis=0).max())
    assert np.median(moved) > 0.5


def _digest(folder: Path) -> dict[str, str]:
    paths = [*folder.rglob("*.flac"), folder / "ratings.csv"]
    names = {str(path.relative_to(folder)): path.read_bytes() for path in paths}
    return {name: hashlib.sha256(content).hexdigest() for name, content in names.items()}


def test_a_seed_makes_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        make_rated_set(tmp_path / name, clips=3, seconds=3.0, seed=seed)
    assert _digest(tmp_path / "a") == _digest(tmp_path / "b")
    assert _digest(tmp_path / "a") != _digest(tmp_path / "c")


@pytest.fixture
def artist() -> Artist:
    made = artist_of("x", np.random.default_rng(5))
    return dataclasses.replace(made, room=0.0, hiss_db=-60.0, root=0)


def sound(artist: Artist, arousal: float, valence: float) -> np.ndarray:
    clip = Clip(artist, 10.0, lambda _: (arousal, valence))
    return played(clip, np.random.default_rng(1))


def power(wave: np.ndarray) -> np.ndarray:
    """Power spectra in blocks of 1024 samples, shape (blocks, bins)."""
    blocks = wave[: wave.size // 1024 * 1024].reshape(-1, 1024) * np.hanning(1024)
    return np.abs(np.fft.rfft(blocks, axis=1)) ** 2


def level_db(wave: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(wave**2)))


def centroid_hz(wave: np.ndarray) -> float:
    spectrum = np.sqrt(power(wave)).mean(axis=0)
    return float(spectrum @ np.fft.rfftfreq(1024, 1 / RATE_HZ) / spectrum.sum())


def events(wave: np.ndarray) -> float:
    """How much the spectrum changes from block to block, in decibels."""
    loud = 10 * np.log10(power(wave) + 1e-3)
    return float(np.maximum(0, np.diff(loud, axis=0)).mean())


def test_arousal_is_heard(artist: Artist) -> None:
    calm, tense = sound(artist, 0.1, 0.5), sound(artist, 0.9, 0.5)
    assert level_db(tense) > level_db(calm) + 6
    assert centroid_hz(tense) > 1.3 * centroid_hz(calm)
    assert events(tense) > 1.3 * events(calm)


def thirds(wave: np.ndarray) -> float:
    """Energy of major thirds above the basses C, F, G, against minor ones, in decibels."""
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(wave.size))) ** 2
    hertz = np.fft.rfftfreq(wave.size, 1 / RATE_HZ)
    inside = (hertz > 120) & (hertz < 260)
    pitch = np.round(69 + 12 * np.log2(hertz[inside] / 440)).astype(int) % 12
    energy = np.bincount(pitch, spectrum[inside], minlength=12)
    return float(10 * np.log10(energy[[4, 9, 11]].sum() / energy[[3, 8, 10]].sum()))


def test_valence_is_heard(artist: Artist) -> None:
    sad, glad = sound(artist, 0.3, 0.05), sound(artist, 0.3, 0.95)
    assert thirds(glad) > 6
    assert thirds(sad) < -2
    assert abs(level_db(glad) - level_db(sad)) < 4  # that is arousal's


def test_a_course_is_heard(artist: Artist) -> None:
    rising = Clip(artist, 10.0, lambda at_s: (at_s / 10, 0.5))
    wave = played(rising, np.random.default_rng(1))
    parts = [level_db(part) for part in np.array_split(wave, 4)]
    assert parts[3] > parts[0] + 6


def test_it_can_be_prepared(folder: Path, tmp_path: Path) -> None:
    arguments = [str(folder / TARGETS), "--output", str(tmp_path / "set"), "--mels", "32"]
    done = CliRunner().invoke(app, ["deep", "affect", "prepare", *arguments, "--jobs", "1"])
    assert done.exit_code == 0, done.stderr
    found = load_affect(tmp_path / "set")
    assert isinstance(found, AffectSet)
    assert f"tracks whose ratings have a course in time: {CLIPS}" in done.stdout
    assert found.course(0) is not None
    assert len(set(found.groups)) < CLIPS


def test_the_command_makes_a_new_folder_only(tmp_path: Path) -> None:
    wanted = ["deep", "affect", "synthesise", str(tmp_path / "new"), "--clips", "2"]
    done = CliRunner().invoke(app, [*wanted, "--seconds", "3"])
    assert done.exit_code == 0, done.stderr
    assert Path(done.stdout.strip()).is_file()
    again = CliRunner().invoke(app, wanted)
    assert again.exit_code == 2
    assert "is there already; name a new folder" in again.stderr
