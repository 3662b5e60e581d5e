"""What the tests share: synthesised sounds, ways to write them, readers, and real data.

All sounds are mono float32 at 44.1 kHz unless they say otherwise, full scale 1.0.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import soundfile

from zoneclf.frames.extractor import FrameExtractor
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor
from zoneclf.frames.sound_reader import SoundReader
from zoneclf.labels.table import LabelledTable
from zoneclf.model.card import ModelCard
from zoneclf.settings import AudioSettings
from zoneclf.store import TableSpec

Sound = npt.NDArray[np.float32]
RATE_HZ = 44_100
HERE = Path(__file__).parent

hypothesis.settings.register_profile("zoneclf", deadline=None, database=None, max_examples=40)
hypothesis.settings.load_profile("zoneclf")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-golden",
        action="store_true",
        help="write golden files that do not exist yet; existing ones are never changed",
    )


# Fixtures that take half a minute, and files whose tests take long together: all are marked slow.
SLOW_FIXTURES = frozenset({"tour"})
SLOW_FILES = (
    "cli/test_drops.py",
    "cli/test_faults.py",
    "deep/affect/test_train.py",
    "deep/genre/test_judging.py",
    "deep/genre/test_train.py",
    "deep/matching/test_matching.py",
    "deep/test_training.py",
    "demo/test_deam_layout.py",
    "demo/test_library.py",
    "demo/test_sound.py",
    "frames/test_sound_reader.py",
    "labels/test_duplicates.py",
)
# Two processes share the files out, one after the other: what takes minutes must not come last.
LONGEST_FIRST = (
    "demo/test_tour.py",
    "cli/test_commands.py",
    "cli/test_faults.py",
    "cli/test_drops.py",
    "cli/test_fault_rows.py",
    "cli/test_starter.py",
    "cli/test_timeline.py",
    "deep/genre/test_compare.py",
    "deep/test_training.py",
    "deep/genre/test_train.py",
    "deep/encoders/test_learning.py",
    "frames/test_mutants.py",
    "frames/test_batch.py",
    "tracks/test_drops_on_sound.py",
    "model/test_strategies_contract.py",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order files by how long they take; what needs a long preparation is slow."""
    long = {HERE / name for name in SLOW_FILES}
    for item in items:
        if item.path in long or SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)
    places = {HERE / name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(scope="session")
def real_data(pytestconfig: pytest.Config) -> Path:
    """The folder of real data; in CI its absence is a failure."""
    named = os.environ.get("ZONECLF_REAL_DATA", "../shared/data")
    folder = (pytestconfig.rootpath / named).resolve()
    if folder.is_dir():
        return folder
    reason = f"{folder} is not there; ZONECLF_REAL_DATA names the folder of real data"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def noise() -> Callable[[int], Sound]:
    """White noise in [-1, 1), the same with every version of numpy: SplitMix64 of a counter."""

    def make(count: int, seed: int = 0) -> Sound:
        mixed = np.arange(count, dtype=np.uint64) + np.uint64(seed << 32)
        mixed *= np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
        return (mixed.astype(np.float64) / 2**63 - 1).astype(np.float32)

    return make


@pytest.fixture(scope="session")
def chirp(noise: Callable[..., Sound]) -> Callable[[float], Sound]:
    """A rising tone with faint noise and two clicks a second: every descriptor moves."""

    def make(duration_s: float) -> Sound:
        count = round(duration_s * RATE_HZ)
        time = np.arange(count) / RATE_HZ
        tone = 0.4 * np.sin(2 * np.pi * (200 * time + 300 * time**2))
        clicks = 0.4 * np.exp(-60 * (time % 0.5)) * np.sin(2 * np.pi * 3000 * time)
        swell = 0.6 + 0.4 * np.sin(2 * np.pi * 0.3 * time)
        return ((tone + clicks) * swell + 0.02 * noise(count)).astype(np.float32)

    return make


@pytest.fixture(scope="session")
def click_track() -> Callable[[float, float], Sound]:
    """Short noise-free clicks at a tempo over a faint hum."""

    def make(bpm: float, duration_s: float) -> Sound:
        time = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
        since_beat = time % (60 / bpm)
        clicks = 0.8 * np.exp(-200 * since_beat) * np.sin(2 * np.pi * 1000 * since_beat)
        return (clicks + 0.01 * np.sin(2 * np.pi * 110 * time)).astype(np.float32)

    return make


@pytest.fixture(scope="session")
def write_wav() -> Callable[..., Path]:
    """Write samples, shape (samples,) or (samples, channels), in the format of the suffix."""

    def write(
        path: Path, samples: npt.ArrayLike, rate_hz: int = RATE_HZ, subtype: str | None = None
    ) -> Path:
        with path.open("wb") as stream:
            soundfile.write(
                stream, np.asarray(samples), rate_hz, subtype, format=path.suffix[1:].upper()
            )
        return path

    return write


@pytest.fixture(scope="session")
def ffmpeg() -> Callable[..., Path]:
    """Convert a file with ffmpeg; skips where it is not installed."""
    if shutil.which("ffmpeg") is None or shutil.which("ffprobe") is None:
        pytest.skip("ffmpeg is not installed")

    def convert(source: Path, target: Path, *options: str) -> Path:
        command = ["ffmpeg", "-v", "error", "-y", "-i", str(source), *options, str(target)]
        subprocess.run(command, check=True)
        return target

    return convert


@pytest.fixture(scope="session")
def reader() -> SoundReader:
    """Reads sound with the extractor `frames` on DEAM's grid."""
    return SoundReader(NativeExtractor(FrameGrid()), AudioSettings(time_limit_s=60))


@pytest.fixture(scope="session")
def rows_of() -> Callable[[FrameExtractor, Sound], npt.NDArray[np.float32]]:
    """Return the rows of a sound, pushed in blocks of 5 s."""

    def extract(extractor: FrameExtractor, sound: Sound) -> npt.NDArray[np.float32]:
        stream = extractor.open()
        block = 5 * RATE_HZ
        pieces = [stream.push(sound[at : at + block]) for at in range(0, sound.size, block)]
        return np.concatenate([step.rows for step in (*pieces, stream.finish())])

    return extract


ZONES = ("YELLOW", "GREEN", "PURPLE")
FEATURES = ("loud", "bright", "fast", "noise_1", "noise_2")
Make = Callable[..., LabelledTable]


def toy_table(
    n: int = 90, *, seed: int = 0, share_of_user: float = 1.0, zones: tuple[str, ...] = ZONES
) -> LabelledTable:
    """Return `n` tracks whose first feature says the zone, three tracks per artist."""
    rng = np.random.default_rng(seed)
    codes = np.arange(n) % len(zones)
    values = rng.normal(size=(n, len(FEATURES)))
    values[:, 0] += 4 * codes
    values[:, 1] -= 2 * codes
    source = np.where(np.arange(n) < round(share_of_user * n), "user", "deam")
    names = [f"track {place}" for place in range(n)]
    about = pd.DataFrame(
        {
            "track_id": [f"{seed}-{place:04}" for place in range(n)],
            "path": [f"/music/{name}.mp3" for name in names],
            "name": names,
            "source": source,
            "zone": [zones[code] for code in codes],
            "group": [f"artist:{place // 3}" for place in range(n)],
            "arousal": np.clip(2.5 + 2.5 * codes + 0.3 * rng.normal(size=n), 1, 9),
            "valence": np.clip(5 + values[:, 2], 1, 9),
        }
    )
    spec = TableSpec(
        level="tracks",
        descriptors="toy/1",
        window_s=1.0,
        hop_s=0.5,
        rate_hz=44_100,
        features=FEATURES,
    )
    features = pd.DataFrame(values.astype(np.float32), columns=list(FEATURES))
    groups = about["group"].to_numpy(dtype=str)
    return LabelledTable(features, codes.astype(np.int64), source, groups, about, zones, spec)


@pytest.fixture(scope="session")
def make_table() -> Make:
    return toy_table


def toy_card(table: LabelledTable, **said: Any) -> ModelCard:
    """Return the card of a model of a toy table, saying what it is told to."""
    card = ModelCard(
        name="toy",
        created="2026-01-01T00:00:00+00:00",
        zones=table.zones,
        spec=table.spec,
        extractors={"toy": 1},
        strategy="user-only",
        settings={},
        sources={},
        rule="",
        label_repair="",
        training="0",
        holdout="",
        licence="",
        versions={},
    )
    return replace(card, **said)


@pytest.fixture(scope="session")
def make_card() -> Callable[..., ModelCard]:
    return toy_card
