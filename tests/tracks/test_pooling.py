"""Track features against their definitions, computed here by hand with numpy."""

import dataclasses
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from zoneclf.errors import MissingExtraError
from zoneclf.frames.columns import FRAME_COLUMNS
from zoneclf.frames.deam_csv import DeamCsvReader
from zoneclf.frames.extractor import Frames, frames_of, spec_of
from zoneclf.frames.filters import CENTRES_HZ
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor
from zoneclf.frames.opensmile import OpensmileExtractor
from zoneclf.frames.rows import rounded
from zoneclf.settings import DropSettings
from zoneclf.store import TableSpec
from zoneclf.tracks.drops import RULE
from zoneclf.tracks.pooling import track_features, track_spec
from zoneclf.tracks.sets import COMMON22, DEAM236

SPEC = spec_of(NativeExtractor(FrameGrid()))
WIDE_SPEC = DeamCsvReader({}).spec
DROPS = DropSettings()
Rows = npt.NDArray[np.float32]


def made_of(rows: Rows, tempo: float = 121.0) -> Frames:
    return frames_of(np.arange(len(rows)) * 0.5, rows, {"tempo": tempo})


def named(frames: Frames, spec: TableSpec = SPEC) -> dict[str, float]:
    values = track_features(frames, spec, DROPS)
    return dict(zip(track_spec(spec, DROPS).features, values.tolist(), strict=True))


@pytest.fixture(scope="module")
def rows(chirp: Callable, rows_of: Callable) -> Rows:
    """Frames of 30 s in which the level falls and rises."""
    sound = chirp(30)
    level = np.interp(
        np.arange(sound.size) / 44_100, [0, 10, 12, 16, 18, 30], [1, 1, 0.1, 0.1, 2, 2]
    )
    return rounded(rows_of(NativeExtractor(FrameGrid()), (0.4 * level * sound).astype(np.float32)))


def column(rows: Rows, name: str) -> npt.NDArray[np.float64]:
    return rows[:, FRAME_COLUMNS.index(name)].astype(np.float64)


def test_mean_and_spread_of_every_column(rows: Rows) -> None:
    features = named(made_of(rows))
    for name in FRAME_COLUMNS:
        values = column(rows, name)
        assert features[f"{name}_mean"] == pytest.approx(values.mean(), rel=1e-6), name
        assert features[f"{name}_std"] == pytest.approx(values.std(), rel=1e-6), name


@pytest.mark.parametrize(
    ("feature", "source"),
    [
        ("zero_crossing_rate", "pcm_zcr_sma_amean"),
        ("rms_energy", "pcm_RMSenergy_sma_amean"),
        ("spectral_rolloff", "pcm_fftMag_spectralRollOff90.0_sma_amean"),
        ("spectral_centroid", "pcm_fftMag_spectralCentroid_sma_amean"),
        ("mfcc_1_mean", "pcm_fftMag_mfcc_sma(1)_amean"),
        ("mfcc_5_mean", "pcm_fftMag_mfcc_sma(5)_amean"),
    ],
)
def test_a_common_feature_is_the_mean_of_its_column(rows: Rows, feature: str, source: str) -> None:
    assert named(made_of(rows))[feature] == pytest.approx(column(rows, source).mean())


def test_energy_features_follow_their_definitions(rows: Rows) -> None:
    features = named(made_of(rows))
    rms = column(rows, "pcm_RMSenergy_sma_amean")
    assert features["low_energy"] == pytest.approx(np.mean(rms < rms.mean()))
    assert features["energy_variance"] == pytest.approx(rms.var())
    bands = [column(rows, f"audSpec_Rfilt_sma({band})_amean").mean() for band in range(26)]
    bright = sum(value for value, hertz in zip(bands, CENTRES_HZ, strict=True) if hertz >= 3000)
    assert features["brightness"] == pytest.approx(bright / sum(bands))


def test_the_spread_of_a_cepstrum_is_that_of_all_descriptors() -> None:
    # Two frames that do not overlap: the pooled variance is that of both windows laid end to end.
    rng = np.random.default_rng(0)
    llds = rng.normal(loc=[[0.0], [3.0]], size=(2, 100))
    rows = np.ones((2, len(FRAME_COLUMNS)), np.float32)
    rows[:, FRAME_COLUMNS.index("pcm_fftMag_mfcc_sma(2)_amean")] = llds.mean(axis=1)
    rows[:, FRAME_COLUMNS.index("pcm_fftMag_mfcc_sma(2)_stddev")] = llds.std(axis=1)
    assert named(made_of(rows))["mfcc_2_std"] == pytest.approx(llds.std(), rel=1e-5)


def test_the_drop_in_the_sound_is_counted(rows: Rows) -> None:
    features = named(made_of(rows))
    assert features["drop_count"] == 1
    assert features["drops_per_minute"] == pytest.approx(60 / (len(rows) * 0.5 + 0.5))
    assert features["drop_strength"] > DROPS.contrast


def test_all_common_features_are_there_and_finite(rows: Rows) -> None:
    features = named(made_of(rows))
    assert len(COMMON22) == 22
    assert features.keys() >= {*COMMON22, *DEAM236}
    assert all(np.isfinite(value) for value in features.values())


def test_tempo_is_handed_on_and_missing_where_it_was_not_measured(rows: Rows) -> None:
    assert named(made_of(rows))["tempo"] == 121.0
    assert np.isnan(named(frames_of(np.arange(len(rows)) * 0.5, rows))["tempo"])


def test_one_frame_is_enough(rows: Rows) -> None:
    features = named(made_of(rows[:1]))
    assert all(np.isfinite(value) for value in features.values())
    assert features["pcm_zcr_sma_amean_std"] == 0


def test_silence_has_finite_features(rows_of: Callable) -> None:
    rows = rows_of(NativeExtractor(FrameGrid()), np.zeros(5 * 44_100, np.float32))
    assert all(np.isfinite(value) for value in named(made_of(rows)).values())


def test_the_same_frames_give_the_same_features_whoever_made_them(rows: Rows) -> None:
    wide = np.hstack([rows, np.ones((len(rows), 12), np.float32)])
    ours, theirs = named(made_of(rows)), named(made_of(wide), WIDE_SPEC)
    assert {name: theirs[name] for name in ours} == ours


def test_the_order_of_columns_does_not_matter(rows: Rows) -> None:
    order = np.random.default_rng(0).permutation(len(FRAME_COLUMNS))
    spec = SPEC.select(FRAME_COLUMNS[place] for place in order)
    assert named(made_of(rows[:, order]), spec) == pytest.approx(named(made_of(rows)))


def test_both_extractors_give_the_same_common_features(chirp: Callable, rows_of: Callable) -> None:
    try:
        oracle = OpensmileExtractor(FrameGrid())
    except MissingExtraError as error:
        pytest.skip(str(error))
    sound = np.rint(chirp(8) * 20_000).astype(np.float32) / np.float32(32767)
    ours = named(made_of(rows_of(NativeExtractor(FrameGrid()), sound)))
    theirs = named(made_of(rows_of(oracle, sound)), spec_of(oracle))
    for name in COMMON22:
        assert ours[name] == pytest.approx(theirs[name], rel=1e-4, abs=1e-9), name


def test_the_spec_carries_what_changes_a_drop() -> None:
    spec = track_spec(SPEC, DROPS)
    other = track_spec(SPEC, dataclasses.replace(DROPS, contrast=0.9))
    assert spec.level == "tracks"
    assert len(set(spec.features)) == len(spec.features)
    assert "drop.contrast" in dict(spec.parameters)
    assert dict(spec.parameters)["drop.rule"] == RULE
    assert spec.difference(other)
    without_drops = ("tempo", "brightness")
    assert spec.select(without_drops) == other.select(without_drops)
