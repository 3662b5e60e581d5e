"""Descriptors of signals whose values follow from their formula."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from zoneclf.frames import filters as fl
from zoneclf.frames.columns import BANDS, CEPSTRA, ENERGY, SPECTRAL
from zoneclf.frames.lld import BATCH, LldStream

Table = dict[str, npt.NDArray[np.float64]]
# Whole periods of these fit into a hop of 441 samples, so that every frame is the same.
STEADY_HZ = (200.0, 1000.0, 5000.0)
NAMES = [name.removeprefix("pcm_fftMag_") + index for name, index in (*BANDS, *SPECTRAL, *CEPSTRA)]


def described(sound: npt.NDArray[np.float64]) -> Table:
    """Return every descriptor by its short name, shape (LLDs,), and `onset`."""
    stream = LldStream()
    batches = [*stream.push(sound.astype(np.float32)), *stream.finish()]
    energy = np.concatenate([batch.energy for batch in batches])
    spectral = np.concatenate([batch.spectral for batch in batches])
    table = dict(zip([name for name, _ in ENERGY], energy.T, strict=True))
    table |= dict(zip(NAMES, spectral.T, strict=True))
    return table | {"onset": np.concatenate([batch.onset for batch in batches])}


def sine(frequency_hz: float, amplitude: float = 0.5, duration_s: float = 1.0) -> np.ndarray:
    time = np.arange(round(duration_s * fl.RATE_HZ)) / fl.RATE_HZ
    return amplitude * np.sin(2 * np.pi * frequency_hz * time)


@pytest.fixture(scope="module")
def hiss(noise: Callable) -> Table:
    """Three seconds of white noise, described."""
    return described(0.3 * noise(3 * fl.RATE_HZ).astype(np.float64))


@pytest.mark.parametrize("amplitude", [0.01, 0.5, 1.0])
@pytest.mark.parametrize("frequency_hz", STEADY_HZ)
def test_rms_of_a_sine_is_its_amplitude_over_root_two(
    frequency_hz: float, amplitude: float
) -> None:
    table = described(sine(frequency_hz, amplitude))
    np.testing.assert_allclose(table["pcm_RMSenergy"], amplitude / np.sqrt(2), rtol=1e-5)


@pytest.mark.parametrize("frequency_hz", [97.0, 440.0, 3210.0, 9999.0])
def test_a_sine_crosses_zero_twice_a_period(frequency_hz: float) -> None:
    rate = described(sine(frequency_hz))["pcm_zcr"]
    np.testing.assert_allclose(rate, 2 * frequency_hz / fl.RATE_HZ, atol=2 / fl.LONG_FRAME)


def test_a_zero_between_different_signs_is_one_crossing() -> None:
    steps = np.tile([0.5, 0.0, -0.5, 0.0], fl.RATE_HZ // 4)
    np.testing.assert_allclose(described(steps)["pcm_zcr"], 0.5, atol=2 / fl.LONG_FRAME)


def test_touching_zero_without_a_change_of_sign_is_no_crossing() -> None:
    steps = np.tile([0.5, 0.1, 0.0, 0.1], fl.RATE_HZ // 4)
    assert not described(steps)["pcm_zcr"].any()


@pytest.mark.parametrize("frequency_hz", STEADY_HZ)
def test_power_of_a_sine_lies_round_its_frequency(frequency_hz: float) -> None:
    table = described(sine(frequency_hz))
    bin_hz = fl.RATE_HZ / fl.FFT
    np.testing.assert_allclose(table["spectralCentroid"], frequency_hz, atol=bin_hz)
    for share in ("25.0", "50.0", "75.0", "90.0"):
        found = table[f"spectralRollOff{share}"]
        np.testing.assert_allclose(found, frequency_hz, atol=2 * bin_hz)


@pytest.mark.parametrize("frequency_hz", STEADY_HZ)
def test_a_steady_sound_has_no_flux_and_no_onsets(frequency_hz: float) -> None:
    table = described(sine(frequency_hz))
    loudest = fl.HAMMING.sum() / 4
    assert table["spectralFlux"].max() < 1e-5 * loudest
    # 60 dB below the tone, rounding decides.
    assert table["onset"].max() < 0.02


def test_flux_is_zero_at_the_start_and_grows_with_a_change() -> None:
    silence_then_tone = np.concatenate([np.zeros(fl.RATE_HZ // 2), sine(1000, duration_s=0.5)])
    flux = described(silence_then_tone)["spectralFlux"]
    assert flux[0] == 0
    assert abs(int(flux.argmax()) - 49) <= 1


def test_an_onset_is_heard_when_it_comes() -> None:
    silence_then_tone = np.concatenate([np.zeros(fl.RATE_HZ), sine(1000)])
    assert abs(int(described(silence_then_tone)["onset"].argmax()) - 99) <= 1


def test_white_noise_has_the_moments_of_an_even_spectrum(hiss: Table) -> None:
    nyquist_hz = fl.RATE_HZ / 2
    means = {name: float(values.mean()) for name, values in hiss.items()}
    assert means["spectralCentroid"] == pytest.approx(nyquist_hz / 2, rel=0.02)
    assert means["spectralVariance"] == pytest.approx(nyquist_hz**2 / 12, rel=0.03)
    assert means["spectralSkewness"] == pytest.approx(0, abs=0.05)
    assert means["spectralKurtosis"] == pytest.approx(9 / 5, rel=0.05)
    for share in (25.0, 50.0, 75.0, 90.0):
        expected_hz = share / 100 * nyquist_hz
        assert means[f"spectralRollOff{share}"] == pytest.approx(expected_hz, rel=0.05)


def test_white_noise_has_the_entropy_of_exponential_powers(hiss: Table) -> None:
    # E[-v log2 v] summed over n exponential shares: log2(n) - (1 - Euler's constant) / ln 2.
    expected = np.log2(fl.BINS) - (1 - np.euler_gamma) / np.log(2)
    assert hiss["spectralEntropy"].mean() == pytest.approx(expected, abs=0.1)


def test_a_tone_has_far_less_entropy_than_noise(hiss: Table) -> None:
    assert described(sine(1000))["spectralEntropy"].max() < 0.5 * hiss["spectralEntropy"].min()


def test_power_that_falls_with_frequency_slopes_down() -> None:
    assert (described(sine(200))["spectralSlope"] < 0).all()
    assert (described(sine(20_000))["spectralSlope"] > 0).all()


@pytest.mark.parametrize(
    ("frequency_hz", "inside", "outside"),
    [(400.0, "fband250-650", "fband1000-4000"), (2000.0, "fband1000-4000", "fband250-650")],
)
def test_band_energy_is_that_of_the_band(frequency_hz: float, inside: str, outside: str) -> None:
    table = described(sine(frequency_hz))
    assert (table[inside] > 1000 * table[outside]).all()


def test_higher_tones_are_sharper_and_excite_higher_bands() -> None:
    tones = [described(sine(frequency_hz, 0.1)) for frequency_hz in STEADY_HZ]
    sharpness = [tone["psySharpness"].mean() for tone in tones]
    assert sharpness == sorted(sharpness)
    # RASTA passes what changes: the very beginning, before the steady tone is filtered away.
    bands = np.array([[tone[f"audSpec_Rfilt[{band}]"][6] for band in range(26)] for tone in tones])
    assert (np.diff(bands.argmax(axis=1)) >= 0).all()


def test_rasta_starts_at_equal_loudness() -> None:
    table = described(sine(1000))
    first = [table[f"audSpec_Rfilt[{band}]"][: fl.RASTA_WARM_UP] for band in range(26)]
    expected = np.repeat(fl.LOUDNESS[:, None] ** fl.COMPRESSION, fl.RASTA_WARM_UP, axis=1)
    np.testing.assert_allclose(first, expected)


def test_twice_as_loud_scales_levels_and_leaves_shapes(noise: Callable) -> None:
    sound = 0.2 * noise(fl.RATE_HZ).astype(np.float64)
    soft, loud = described(sound), described(2 * sound)
    factors = {"pcm_RMSenergy": 2, "spectralFlux": 2, "fband250-650": 4, "spectralSlope": 4}
    shapes = ["pcm_zcr", "spectralCentroid", "spectralVariance", "psySharpness"]
    shapes += [f"mfcc[{number}]" for number in range(1, 15)]
    for name, factor in (factors | dict.fromkeys(shapes, 1)).items():
        expected = factor * soft[name]
        atol = 1e-6 * np.abs(expected).max()
        np.testing.assert_allclose(loud[name], expected, rtol=1e-5, atol=atol, err_msg=name)


def test_digital_silence_crosses_zero_everywhere_as_in_opensmile() -> None:
    rate = described(np.zeros(fl.RATE_HZ))["pcm_zcr"]
    np.testing.assert_allclose(rate, 1, atol=2 / fl.LONG_FRAME)


def test_silence_has_finite_descriptors_and_no_energy() -> None:
    table = described(np.zeros(fl.RATE_HZ))
    assert all(np.isfinite(values).all() for values in table.values())
    for name in ("pcm_RMSenergy", "spectralCentroid", "spectralFlux", "onset"):
        assert not table[name].any(), name


@pytest.mark.parametrize("hops", [0, 1, 3, 100, BATCH, 2 * BATCH + 7])
@pytest.mark.parametrize("extra", [0, fl.HOP - 1])
def test_whole_frames_only_are_described(hops: int, extra: int) -> None:
    table = described(np.zeros(fl.LONG_FRAME + hops * fl.HOP + extra))
    assert table["pcm_zcr"].size == hops + 1
    assert table["spectralCentroid"].size == hops + 1 + (fl.LONG_FRAME - fl.FRAME + extra) // fl.HOP
