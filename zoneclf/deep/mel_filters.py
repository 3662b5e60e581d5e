"""The window and the mel filters of a spectrogram, kept for the next of the same settings."""

import warnings
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import scipy.signal

Floats = npt.NDArray[np.float32]


@lru_cache(maxsize=16)
def window_of(kind: str, length: int, n_fft: int) -> Floats:
    """Return a window of `length`, padded to the length of the transform, shape (n_fft,)."""
    window = scipy.signal.get_window(kind, length, fftbins=True)
    before = (n_fft - length) // 2
    return np.pad(window, (before, n_fft - length - before)).astype(np.float32)


@lru_cache(maxsize=16)
def filters_of(rate_hz: int, n_fft: int, mels: int, *, low_hz: float, high_hz: float) -> Floats:
    """Return Slaney's mel filters, shape (n_fft // 2 + 1, mels); `high_hz` 0 is half the rate."""
    from librosa.filters import mel

    with warnings.catch_warnings():
        # Bands that are narrower than the transform's steps stay empty; foreign sets have such.
        warnings.filterwarnings("ignore", "Empty filters", UserWarning)
        filters = mel(
            sr=rate_hz, n_fft=n_fft, n_mels=mels, fmin=low_hz, fmax=high_hz or rate_hz / 2
        )
    return np.ascontiguousarray(filters.T, dtype=np.float32)
