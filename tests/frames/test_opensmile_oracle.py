"""The extractor `frames` against openSMILE itself, column by column."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import soxr

from zoneclf.audio.decode import decoders
from zoneclf.audio.sound import Sound
from zoneclf.errors import MissingExtraError
from zoneclf.frames.columns import FRAME_COLUMNS
from zoneclf.frames.extractor import extract
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor
from zoneclf.frames.opensmile import OpensmileExtractor
from zoneclf.settings import AudioSettings

RATE_HZ = 44_100
Rows = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def oracle() -> OpensmileExtractor:
    """openSMILE, if it is installed."""
    try:
        return OpensmileExtractor(FrameGrid())
    except MissingExtraError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def synthesised(chirp: Callable, click_track: Callable, noise: Callable) -> list[npt.NDArray]:
    """Sounds on the 16-bit grid that between them move every descriptor."""
    count = 6 * RATE_HZ
    time = np.arange(count) / RATE_HZ
    chord = sum(np.sin(2 * np.pi * hertz * time) for hertz in (220, 277.2, 329.6, 880)) / 8
    swelling = chord * (0.2 + 0.8 * (time % 1.7) / 1.7) + 0.003 * noise(count)
    bursts = 0.5 * noise(count, 1) * (np.sin(2 * np.pi * 0.9 * time) > 0.3)
    hummed = 0.1 * np.sin(2 * np.pi * 90 * time) + 0.001 * noise(count, 2)
    sounds = [chirp(6), swelling, bursts + hummed, 0.5 * click_track(125, 6) + hummed]
    return [np.rint(sound * 32767).astype(np.float32) / np.float32(32767) for sound in sounds]


def require_parity(ours: Rows, theirs: Rows) -> None:
    assert ours.shape == (theirs.shape[0], len(FRAME_COLUMNS))
    a, b = ours.astype(np.float64), theirs[:, : len(FRAME_COLUMNS)].astype(np.float64)
    assert b.std(axis=0).min() > 0
    correlation = [np.corrcoef(a[:, place], b[:, place])[0, 1] for place in range(a.shape[1])]
    median_error = np.median(np.abs(a - b) / np.maximum(np.abs(b), 1e-12), axis=0)
    worst_r, worst_error = int(np.argmin(correlation)), int(np.argmax(median_error))
    assert correlation[worst_r] >= 0.999999, FRAME_COLUMNS[worst_r]
    assert median_error[worst_error] <= 1e-5, FRAME_COLUMNS[worst_error]


def test_synthesised_sound_gives_opensmiles_numbers(
    oracle: OpensmileExtractor, synthesised: list, rows_of: Callable
) -> None:
    native = NativeExtractor(FrameGrid())
    require_parity(
        np.concatenate([rows_of(native, sound) for sound in synthesised]),
        np.concatenate([rows_of(oracle, sound) for sound in synthesised]),
    )


@pytest.mark.slow
def test_another_grid_gives_opensmiles_numbers(
    oracle: OpensmileExtractor, synthesised: list, rows_of: Callable
) -> None:
    grid = FrameGrid(0.4, 0.2)
    sound = np.concatenate(synthesised)
    ours = rows_of(NativeExtractor(grid), sound)
    require_parity(ours, rows_of(OpensmileExtractor(grid), sound))


def rows_in(path: Path, extractor: NativeExtractor | OpensmileExtractor) -> Rows:
    decoder = next(decoders(path, AudioSettings()))
    return extract(extractor, Sound(decoder).blocks(), {}).rows


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.parametrize("clip", [2, 3, 4, 5, 7, 8])
def test_clips_of_deam_give_opensmiles_numbers(
    oracle: OpensmileExtractor, real_data: Path, clip: int
) -> None:
    path = real_data / "deam" / "clips" / f"{clip}.mp3"
    require_parity(rows_in(path, NativeExtractor(FrameGrid())), rows_in(path, oracle))


@pytest.mark.real_data
@pytest.mark.parametrize("rate_hz", [48_000, 96_000])
def test_the_same_recording_at_another_rate_gives_the_same_numbers(
    real_data: Path, tmp_path: Path, rate_hz: int
) -> None:
    path = real_data / "deam" / "clips" / "2.mp3"
    samples, source_hz = soundfile.read(path, always_2d=True)
    resampled = soxr.resample(samples, source_hz, rate_hz, quality="VHQ")
    soundfile.write(tmp_path / "a.wav", resampled, rate_hz, subtype="FLOAT")
    native = NativeExtractor(FrameGrid())
    ours, expected = rows_in(tmp_path / "a.wav", native), rows_in(path, native)
    assert ours.shape == expected.shape
    errors = np.median(np.abs(ours - expected) / np.maximum(np.abs(expected), 1e-12), axis=0)
    assert errors.max() <= 1e-3
