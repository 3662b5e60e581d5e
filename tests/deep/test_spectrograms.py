"""Log-mel spectrograms against librosa's, and their settings."""

from dataclasses import fields, replace

import librosa
import numpy as np
import pytest

from zoneclf.deep.spectrograms import (
    SpectrogramSettings,
    decibels,
    log_mel,
    mel_bands,
    settings_from,
)
from zoneclf.errors import SettingsError

RATE_HZ = 22_050


def sound(seconds: float = 2.0, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    tone = np.sin(2 * np.pi * (200 * time + 400 * time**2))
    return (0.3 * tone + 0.05 * rng.standard_normal(time.size)).astype(np.float32)


@pytest.mark.parametrize(
    "settings",
    [
        SpectrogramSettings(),
        SpectrogramSettings(mels=64, hop=256, reference=1.0),
        SpectrogramSettings(n_fft=2048, window_length=1200, window="hamming", range_db=0.0),
        SpectrogramSettings(power=1.0, low_hz=50.0, high_hz=8000.0),
    ],
    ids=["default", "reference", "window", "magnitude"],
)
def test_it_equals_librosa(settings: SpectrogramSettings) -> None:
    wave = sound()
    theirs = librosa.feature.melspectrogram(
        y=wave,
        sr=settings.rate_hz,
        n_fft=settings.n_fft,
        hop_length=settings.hop,
        win_length=settings.window_length,
        window=settings.window,
        n_mels=settings.mels,
        fmin=settings.low_hz,
        fmax=settings.high_hz or None,
        power=settings.power,
    )
    reference = np.max if settings.reference == "max" else settings.reference
    decibels = librosa.power_to_db if settings.power == 2 else librosa.amplitude_to_db
    wanted = decibels(theirs, ref=reference, top_db=settings.range_db or None).T
    found = log_mel(wave, settings)
    assert found.shape == wanted.shape
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, atol=2e-3)


@pytest.mark.parametrize("count", [1, 400, 511, 512, 513, 1024])
def test_short_sound_has_frames(count: int) -> None:
    settings = SpectrogramSettings()
    assert log_mel(sound()[:count], settings).shape == (1 + count // settings.hop, settings.mels)


def test_loudness_does_not_matter_where_the_reference_is_the_greatest() -> None:
    settings = SpectrogramSettings(mels=64)
    loud, soft = log_mel(sound(), settings), log_mel(sound() * np.float32(0.1), settings)
    np.testing.assert_allclose(loud, soft, atol=1e-3)
    assert loud.max() == pytest.approx(0, abs=1e-4)
    assert loud.min() >= -80


def test_silence_is_finite() -> None:
    for settings in (SpectrogramSettings(), SpectrogramSettings(normalise="standard")):
        assert np.isfinite(log_mel(np.zeros(RATE_HZ, np.float32), settings)).all()


def test_settings_that_share_a_transform_are_computed_at_once() -> None:
    each = [SpectrogramSettings(mels=64), SpectrogramSettings(mels=40, power=1.0)]
    for settings, bands in zip(each, mel_bands(sound(), each), strict=True):
        np.testing.assert_array_equal(decibels(bands, settings), log_mel(sound(), settings))


def test_normalising() -> None:
    unit = log_mel(sound(), SpectrogramSettings(normalise="unit"))
    assert unit.max() == pytest.approx(1)
    assert unit.min() >= -1e-6
    whole = log_mel(sound(), SpectrogramSettings(normalise="minmax", range_db=0.0))
    assert (whole.min(), whole.max()) == pytest.approx((0, 1))
    standard = log_mel(sound(), SpectrogramSettings(normalise="standard"))
    assert standard.mean() == pytest.approx(0, abs=1e-4)
    assert standard.std() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("wave", [np.array([0, np.nan], np.float32), np.zeros((2, 9), np.float32)])
def test_what_is_no_sound_is_a_bug(wave: np.ndarray) -> None:
    with pytest.raises(ValueError, match="samples"):
        log_mel(wave, SpectrogramSettings())


OTHERS = {
    "rate_hz": 16_000,
    "n_fft": 2048,
    "hop": 256,
    "window_length": 800,
    "window": "hamming",
    "mels": 64,
    "low_hz": 20.0,
    "high_hz": 8000.0,
    "power": 1.0,
    "reference": 1.0,
    "range_db": 60.0,
    "normalise": "unit",
    "excerpt_s": 10.0,
    "foreign": True,
}


def test_every_setting_changes_the_digest() -> None:
    assert OTHERS.keys() == {field.name for field in fields(SpectrogramSettings)}
    default = SpectrogramSettings()
    digests = {replace(default, **{name: value}).digest for name, value in OTHERS.items()}
    assert len(digests | {default.digest}) == len(OTHERS) + 1


def test_equal_settings_have_one_digest() -> None:
    assert SpectrogramSettings(power=2).digest == SpectrogramSettings(power=2.0).digest
    assert SpectrogramSettings(reference=1).digest == SpectrogramSettings(reference=1.0).digest


@pytest.mark.parametrize("name", OTHERS)
def test_settings_come_back(name: str) -> None:
    settings = replace(SpectrogramSettings(), **{name: OTHERS[name]})
    assert settings_from(settings.as_json()) == settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mels", 0),
        ("mels", 5000),
        ("hop", 0),
        ("hop", 4096),
        ("window_length", 4096),
        ("window", "kaiser"),
        ("low_hz", 12_000.0),
        ("low_hz", -1.0),
        ("high_hz", 20_000.0),
        ("power", 3.0),
        ("reference", 0.0),
        ("reference", "loudest"),
        ("range_db", -1.0),
        ("normalise", "both"),
        ("excerpt_s", 0.1),
        ("excerpt_s", float("nan")),
        ("rate_hz", 100),
    ],
)
def test_impossible_settings_are_refused(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=name):
        replace(SpectrogramSettings(), **{name: value})


@pytest.mark.parametrize(
    "change", [{"mels": "128"}, {"foreign": 1}, {"power": True}, {"more": 1}, {"window": None}]
)
def test_stored_settings_of_another_type_are_refused(change: dict[str, object]) -> None:
    raw = SpectrogramSettings().as_json() | change
    with pytest.raises(SettingsError, match=next(iter(change)) if "more" not in change else "more"):
        settings_from(raw)


def test_stored_settings_that_are_incomplete_are_refused() -> None:
    raw = SpectrogramSettings().as_json()
    del raw["hop"]
    with pytest.raises(SettingsError, match="hop"):
        settings_from(raw)
    with pytest.raises(SettingsError, match="list"):
        settings_from([])
