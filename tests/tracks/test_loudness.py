"""What a gain does to features, measured with the extractor."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from zoneclf.errors import TableError
from zoneclf.frames.extractor import extract, spec_of
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor
from zoneclf.settings import DropSettings
from zoneclf.tracks.loudness import LEVEL, gain_exponent, without_level
from zoneclf.tracks.pooling import track_features, track_spec

EXTRACTOR = NativeExtractor(FrameGrid())
SPEC = spec_of(EXTRACTOR)
DROPS = DropSettings()
NAMES = list(track_spec(SPEC, DROPS).features)


@pytest.fixture(scope="module")
def at_levels(chirp: Callable, noise: Callable) -> pd.DataFrame:
    """One sound at full level, at -6 and at -12 dB, with an energy that falls and rises."""
    sound = chirp(20) + 0.05 * noise(20 * 44_100)
    swell = np.interp(np.arange(sound.size) / 44_100, [0, 6, 9, 12, 20], [1, 0.9, 0.2, 1, 0.8])
    gains = (1.0, 0.5, 0.25)
    rows = [extract(EXTRACTOR, [(g * sound * swell).astype(np.float32)], {}) for g in gains]
    values = [track_features(frames, SPEC, DROPS) for frames in rows]
    return pd.DataFrame(values, columns=NAMES, index=list(gains)).drop(columns="tempo")


@pytest.mark.parametrize("gain", [0.5, 0.25])
def test_the_power_of_every_feature_is_the_one_measured(
    at_levels: pd.DataFrame, gain: float
) -> None:
    loud, quiet = at_levels.loc[1.0], at_levels.loc[gain]
    told = 0
    for name in at_levels.columns:
        if loud[name] == 0:
            continue
        power = np.log(quiet[name] / loud[name]) / np.log(gain)
        assert power == pytest.approx(gain_exponent(name), abs=0.02), name
        told += 1
    assert told > 0.95 * at_levels.shape[1]


def test_one_column_in_eight_depends_on_the_level() -> None:
    named = [name for name in NAMES if gain_exponent(name)]
    assert "pcm_fftMag_spectralFlux_sma_de_amean_mean" in named
    assert "audspecRasta_lengthL1norm_sma_amean_mean" not in named
    # 7 descriptors, each with its delta, of both two statistics twice; RMS and its variance.
    assert len(named) == 7 * 2 * 2 * 2 + 2


def test_without_level_a_gain_changes_nothing(at_levels: pd.DataFrame) -> None:
    free = without_level(at_levels)
    assert {LEVEL, "rms_energy"}.isdisjoint(free.columns)
    assert free.shape[1] == at_levels.shape[1] - 2
    scale = free.abs().max() + 1e-12
    assert ((free.loc[0.25] - free.loc[1.0]).abs() / scale).max() < 0.01
    before = (at_levels.loc[0.25] - at_levels.loc[1.0]).abs() / at_levels.abs().max()
    assert before["energy_variance"] > 0.9  # so much the gain did change


def test_features_without_a_level_stay_as_they_are() -> None:
    table = pd.DataFrame({"tempo": [120.0, 90.0], "drop_count": [1.0, 2.0]})
    pd.testing.assert_frame_equal(without_level(table), table)


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ({"energy_variance": [1.0]}, "no column pcm_RMSenergy_sma_amean_mean"),
        ({"energy_variance": [1.0, 2.0], "rms_energy": [0.1, 0.0]}, "1 tracks have a level of 0"),
    ],
)
def test_a_level_that_is_not_known_is_told(table: dict[str, list[float]], complaint: str) -> None:
    with pytest.raises(TableError, match=complaint):
        without_level(pd.DataFrame(table))
