"""The constants against the definitions they come from."""

import numpy as np
import pytest

from zoneclf.frames import filters as fl

BIN_HZ = fl.RATE_HZ / fl.FFT


def test_1000_hz_are_1000_mel() -> None:
    assert fl.mel_of(1000.0) == pytest.approx(1000.0, abs=0.05)
    assert fl.mel_of(0.0) == 0


def triangles() -> np.ndarray:
    """Return the mel bands' weights, shape (bins in the range, bands)."""
    weights = np.zeros((fl.MEL_BELOW.size, fl.BAND_COUNT + 2))
    place = np.arange(fl.MEL_BELOW.size)
    weights[place, fl.MEL_BELOW + 1] += 1 - fl.MEL_RISING
    weights[place, fl.MEL_BELOW + 2] += fl.MEL_RISING
    return weights[:, 1:-1]


HERTZ = np.arange(fl.MEL_FIRST_BIN, fl.MEL_LAST_BIN + 1) * BIN_HZ


def test_triangles_are_equally_wide_in_mel_and_sum_to_one_between_their_centres() -> None:
    mels = fl.mel_of(fl.CENTRES_HZ)
    np.testing.assert_allclose(np.diff(mels, n=2), 0, atol=1e-8)
    inner = (fl.CENTRES_HZ[0] <= HERTZ) & (fl.CENTRES_HZ[-1] >= HERTZ)
    np.testing.assert_allclose(triangles()[inner].sum(axis=1), 1, atol=1e-12)


def test_triangles_are_htk_s() -> None:
    low, high = fl.mel_of(20.0), fl.mel_of(8000.0)
    edges = low + (high - low) * np.arange(fl.BAND_COUNT + 2) / (fl.BAND_COUNT + 1)
    mels = fl.mel_of(HERTZ)
    expected = [np.interp(mels, edges[k : k + 3], [0.0, 1.0, 0.0]) for k in range(fl.BAND_COUNT)]
    np.testing.assert_allclose(triangles().T, expected, atol=1e-12)


def test_triangles_peak_at_their_centres_between_20_and_8000_hz() -> None:
    peaks = HERTZ[triangles().argmax(axis=0)]
    assert (np.abs(peaks - fl.CENTRES_HZ) <= BIN_HZ).all()
    assert HERTZ[0] > 20 + BIN_HZ / 2
    assert HERTZ[-1] < 8000 - BIN_HZ / 2


def test_the_window_is_a_symmetric_hamming_window() -> None:
    np.testing.assert_allclose(fl.HAMMING, fl.HAMMING[::-1], atol=1e-12)
    assert fl.HAMMING[0] == pytest.approx(0.08)
    assert fl.HAMMING.max() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    ("weights", "width_hz"), [(fl.LOW_BAND, 650 - 250), (fl.HIGH_BAND, 4000 - 1000)]
)
def test_a_band_holds_as_many_bins_as_it_is_wide(weights: np.ndarray, width_hz: float) -> None:
    assert weights.sum() * BIN_HZ == pytest.approx(width_hz, abs=BIN_HZ)
    assert weights.min() >= 0
    assert weights.max() <= 1


def test_the_cosine_transform_without_lifter_is_orthonormal_and_blind_to_level() -> None:
    number = np.arange(1, fl.CEPSTRUM_COUNT + 1)
    plain = fl.CEPSTRUM / (1 + 11 * np.sin(np.pi * number / 22))
    np.testing.assert_allclose(plain.T @ plain, np.eye(fl.CEPSTRUM_COUNT), atol=1e-12)
    np.testing.assert_allclose(fl.CEPSTRUM.sum(axis=0), 0, atol=1e-10)


def test_rasta_blocks_what_does_not_change() -> None:
    assert fl.RASTA_FIR.sum() == pytest.approx(0, abs=1e-12)
    assert 0 < fl.RASTA_POLE < 1


def test_ears_are_most_sensitive_between_2_and_6_khz() -> None:
    assert 2000 < fl.CENTRES_HZ[fl.LOUDNESS.argmax()] < 6000
    assert (fl.LOUDNESS > 0).all()


def test_higher_is_sharper() -> None:
    assert (np.diff(fl.SHARPNESS) > 0).all()
