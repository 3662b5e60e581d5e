"""Log-mel spectrograms: mono sound becomes an array of shape (frames, mels), float32, decibels.

Every setting that changes a number is explicit and part of the digest, so that two spectrograms
are comparable exactly where their digests are equal.  The numbers are those of
``librosa.feature.melspectrogram`` and ``librosa.power_to_db`` with the same settings: frames are
centred, sound is padded with zeros, filters are Slaney's, with an area of one.
"""

import dataclasses
import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import scipy.fft

from zoneclf.deep.mel_filters import filters_of, window_of
from zoneclf.errors import SettingsError

Wave = npt.NDArray[np.float32]
Spectrogram = npt.NDArray[np.float32]
Normalise = Literal["none", "unit", "minmax", "standard"]
WINDOWS = ("hann", "hamming", "blackman", "boxcar")
NORMALISATIONS = ("none", "unit", "minmax", "standard")
# Least power that has a logarithm; librosa's.
_LEAST = 1e-10
# Frames transformed at once, so that they stay in the cache.
_AT_ONCE = 256


@dataclass(frozen=True, kw_only=True)
class SpectrogramSettings:
    """All that a log-mel spectrogram depends on.

    Attributes
    ----------
    rate_hz, n_fft, hop, window_length
        Sampling rate, then lengths in samples.
    low_hz, high_hz
        Range of the mel filters; `high_hz` 0 is half the rate.
    power
        2 for power, 1 for magnitude; both give decibels.
    reference
        What 0 dB is: a power (or magnitude), or the greatest value of the clip.
    range_db
        Values further below the clip's greatest are raised to that; 0 leaves all.
    normalise
        ``unit``: the range becomes 0 to 1; ``minmax``: the clip's least value becomes 0, its
        greatest 1; ``standard``: mean 0, standard deviation 1 per clip.
    excerpt_s
        At most so many seconds are kept, from a track's middle; 0 keeps all.  Never more than 1200
        are taken of sound.
    foreign
        Whether arrays came ready-made, so that the other settings are only what was said of them.
    """

    rate_hz: int = 22_050
    n_fft: int = 1024
    hop: int = 512
    window_length: int = 1024
    window: str = "hann"
    mels: int = 128
    low_hz: float = 0.0
    high_hz: float = 0.0
    power: float = 2.0
    reference: float | Literal["max"] = "max"
    range_db: float = 80.0
    normalise: Normalise = "none"
    excerpt_s: float = 30.0
    foreign: bool = False

    def __post_init__(self) -> None:
        top_hz = self.high_hz or self.rate_hz / 2
        _require(4_000 <= self.rate_hz <= 96_000, "rate_hz", self.rate_hz, "4000 to 96000")
        _require(32 <= self.n_fft <= 65_536, "n_fft", self.n_fft, "32 to 65536")
        _require(1 <= self.hop <= self.n_fft, "hop", self.hop, "1 to n_fft")
        _require(
            1 <= self.window_length <= self.n_fft, "window_length", self.window_length, "1 to n_fft"
        )
        _require(self.window in WINDOWS, "window", self.window, ", ".join(WINDOWS))
        _require(1 <= self.mels <= 1024, "mels", self.mels, "1 to 1024")
        _require(0 <= self.low_hz < top_hz, "low_hz", self.low_hz, f"0 to below {top_hz:g}")
        _require(top_hz <= self.rate_hz / 2, "high_hz", self.high_hz, "at most half the rate")
        _require(self.power in (1, 2), "power", self.power, "1 or 2")
        fixed = self.reference
        usable = fixed == "max" or (isinstance(fixed, int | float) and 0 < fixed < math.inf)
        _require(usable, "reference", fixed, "max, or a number above 0")
        _require(0 <= self.range_db < math.inf, "range_db", self.range_db, "at least 0")
        known = self.normalise in NORMALISATIONS
        _require(known, "normalise", self.normalise, ", ".join(NORMALISATIONS))
        bounded = self.normalise != "unit" or self.range_db > 0
        _require(bounded, "normalise", self.normalise, "another one where range_db is 0")
        long_enough = self.excerpt_s == 0 or 0.5 <= self.excerpt_s < math.inf
        _require(long_enough, "excerpt_s", self.excerpt_s, "0 or at least 0.5")

    @property
    def digest(self) -> str:
        """The settings' hash, 12 hexadecimal digits."""
        text = json.dumps(self.as_json(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def frame_s(self) -> float:
        """Seconds from frame to frame."""
        return self.hop / self.rate_hz

    def as_json(self) -> dict[str, Any]:
        """Return plain values, equal where the settings are: 2 and 2.0 are one."""
        plain = dataclasses.asdict(self)
        kinds = {field.name: field.type for field in dataclasses.fields(self)}
        for name, value in plain.items():
            if kinds[name] is float or (name == "reference" and value != "max"):
                plain[name] = float(value)
        return plain


def settings_from(raw: Any) -> SpectrogramSettings:
    """Return the settings that `SpectrogramSettings.as_json` wrote.

    Raises
    ------
    SettingsError
        If it lacks one, has another one, or one of them a value that it cannot have.
    """
    names = {field.name for field in dataclasses.fields(SpectrogramSettings)}
    if not isinstance(raw, dict) or set(raw) != names:
        found = sorted(set(raw) ^ names) if isinstance(raw, dict) else [type(raw).__name__]
        raise SettingsError(f"spectrogram settings: {found[0]} is missing or unknown; write anew")
    default = SpectrogramSettings().as_json()
    for name, value in raw.items():
        kinds = (float, int, str) if name == "reference" else _kinds(default[name])
        if not isinstance(value, kinds) or isinstance(value, bool) is not (kinds == (bool,)):
            raise SettingsError(f"spectrogram settings: {name} is {value!r}; write them anew")
    return SpectrogramSettings(**raw)


def _kinds(value: object) -> tuple[type, ...]:
    return (float, int) if isinstance(value, float) else (type(value),)


def log_mel(sound: Wave, settings: SpectrogramSettings) -> Spectrogram:
    """Return the log-mel spectrogram of mono `sound` at the settings' rate.

    Parameters
    ----------
    sound
        Shape (samples,), full scale 1.

    Returns
    -------
    array of shape (1 + samples // hop, mels), float32.

    Raises
    ------
    ValueError
        If the sound is not a row of finite numbers.
    """
    if sound.ndim != 1 or not np.isfinite(sound).all():
        raise ValueError("sound must be of shape (samples,), without NaN and infinity")
    (bands,) = mel_bands(sound, [settings])
    return scaled(decibels(bands, settings), settings)


def mel_bands(sound: Wave, each: Sequence[SpectrogramSettings]) -> list[Spectrogram]:
    """Return mel bands before the logarithm, shape (frames, mels), for each of some settings.

    They share one transform, so what it depends on (rate, lengths, window) is the first's.
    """
    first = each[0]
    padded = np.pad(np.asarray(sound, dtype=np.float32), first.n_fft // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, first.n_fft)[:: first.hop]
    window = window_of(first.window, first.window_length, first.n_fft)
    filters = [_filters(one) for one in each]
    out = [np.empty((len(frames), one.mels), dtype=np.float32) for one in each]
    for start in range(0, len(frames), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        spectrum = scipy.fft.rfft(frames[rows] * window, axis=1)
        by_power = {2: np.square(spectrum.real) + np.square(spectrum.imag)}
        if any(one.power == 1 for one in each):
            by_power[1] = np.sqrt(by_power[2])
        for bands, settings, weights in zip(out, each, filters, strict=True):
            np.matmul(by_power[int(settings.power)], weights, out=bands[rows])
    return out


def decibels(mels: Spectrogram, settings: SpectrogramSettings) -> Spectrogram:
    """Return mel bands in decibels, in place of `mels`."""
    least = _LEAST if settings.power == 2 else math.sqrt(_LEAST)
    scale = 10.0 if settings.power == 2 else 20.0
    reference = float(mels.max(initial=0)) if settings.reference == "max" else settings.reference
    np.maximum(mels, np.float32(least), out=mels)
    np.log10(mels, out=mels)
    mels *= np.float32(scale)
    mels -= np.float32(scale * math.log10(max(reference, least)))
    if settings.range_db:
        np.maximum(mels, mels.max(initial=-math.inf) - np.float32(settings.range_db), out=mels)
    return mels


def scaled(mels: Spectrogram, settings: SpectrogramSettings) -> Spectrogram:
    """Return decibels in the settings' units."""
    if settings.normalise == "none" or not mels.size:
        return mels
    zero, unit = units_of(
        settings,
        top=float(mels.max()),
        least=float(mels.min()),
        mean=float(mels.mean()),
        spread=float(mels.std()),
    )
    return np.asarray((mels - np.float32(zero)) / np.float32(max(unit, 1e-6)), dtype=np.float32)


def units_of(
    settings: SpectrogramSettings, *, top: Any, least: Any, mean: Any, spread: Any
) -> tuple[Any, Any]:
    """Return where 0 is and what 1 is, in decibels, for clips of these extremes, mean and spread.

    Each is a number, or an array of one number a clip.
    """
    if settings.normalise == "standard":
        return mean, spread
    if settings.normalise == "unit":
        return top - settings.range_db, settings.range_db
    return (least, top - least) if settings.normalise == "minmax" else (0.0, 1.0)


def _filters(settings: SpectrogramSettings) -> npt.NDArray[np.float32]:
    one = settings
    return filters_of(one.rate_hz, one.n_fft, one.mels, low_hz=one.low_hz, high_hz=one.high_hz)


def _require(condition: bool, name: str, value: object, wanted: str) -> None:
    if not condition:
        raise SettingsError(f"spectrogram settings: {name} is {value}; it must be {wanted}")
