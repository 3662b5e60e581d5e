"""Crops that are heard differently every time: noise, tempo, pitch, masks.  For learning alone.

All of it is done to log-mel spectrograms, not to sound, so it is an approximation: tempo is the
time axis read faster or slower, pitch the mel axis read higher or lower (timbre moves with it),
noise is added as powers, without interference.  Masks are those of SpecAugment (Park et al., 2019),
one of each kind.
"""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
import numpy.typing as npt

from zoneclf.deep.spectrograms import SpectrogramSettings

Floats = npt.NDArray[np.float32]
# The quietest noise is so much below the loudest.
_NOISE_SPAN_DB = 30.0
# Of spectrograms whose range nobody bounded, and of clips brought to a spread of one.
_USUAL_RANGE_DB, _USUAL_SPREAD_DB = 80.0, 20.0
_LEAST_FRAMES = 4


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How much crops are changed at most; every crop draws its own amount.

    Attributes
    ----------
    noise_db
        Least ratio of sound to white noise in decibels; ratios are drawn from there to 30 dB more.
        None adds no noise.
    stretch
        Tempo: 0.1 is from 1/1.1 to 1.1 times as fast.
    pitch
        Semitones up or down.
    time_mask, frequency_mask
        Longest part of a crop's frames, and of its bands, that is put to the crop's mean: 0 to 1.
    """

    noise_db: float | None = None
    stretch: float = 0.0
    pitch: float = 0.0
    time_mask: float = 0.0
    frequency_mask: float = 0.0

    @property
    def given(self) -> tuple[str, ...]:
        """Return what is not off."""
        off = Augmentation()
        return tuple(name for name in NAMES if getattr(self, name) != getattr(off, name))


NAMES = tuple(one.name for one in fields(Augmentation))
BOUNDS: dict[str, tuple[float, float]] = {
    "noise_db": (-40, 120),
    "stretch": (0, 1),
    "pitch": (0, 24),
    "time_mask": (0, 0.9),
    "frequency_mask": (0, 0.9),
}


@dataclass(frozen=True)
class Augmenter:
    """Changes crops of spectrograms that were made with `settings`."""

    how: Augmentation
    settings: SpectrogramSettings

    def lengths(self, count: int, frames: int, random: np.random.Generator) -> list[int]:
        """Return how many frames of sound become `frames` frames, for each of some crops."""
        most = np.log1p(self.how.stretch)
        rates = np.exp(random.uniform(-most, most, count)) if most else np.ones(count)
        return [max(_LEAST_FRAMES, round(float(rate) * frames)) for rate in rates]

    def change(self, crop: Floats, frames: int, random: np.random.Generator) -> Floats:
        """Return another version of a crop of shape (mels, any), of shape (mels, frames)."""
        how = self.how
        out = _read(crop, np.linspace(0, crop.shape[1] - 1, frames).astype(np.float32), axis=1)
        if how.pitch:
            out = _read(out, self._bands(random.uniform(-how.pitch, how.pitch)), axis=0)
        if how.noise_db is not None:
            out = self._noisy(out, random)
        mean = out.mean()
        for axis, most in ((1, how.time_mask), (0, how.frequency_mask)):
            if most:
                _mask(out, axis, most=most, value=mean, random=random)
        return np.ascontiguousarray(out, dtype=np.float32)

    @cached_property
    def _centres_hz(self) -> npt.NDArray[np.float64]:
        """Middle of each band, shape (mels,)."""
        from librosa import mel_frequencies

        one = self.settings
        top_hz = one.high_hz or one.rate_hz / 2
        edges = mel_frequencies(n_mels=one.mels + 2, fmin=one.low_hz, fmax=top_hz)
        return np.asarray(edges[1:-1])

    def _bands(self, semitones: float) -> Floats:
        """Return the band that each band hears if all sounds so much higher, with fractions."""
        heard_hz = self._centres_hz / 2 ** (semitones / 12)
        places = np.arange(self.settings.mels)
        return np.interp(heard_hz, self._centres_hz, places).astype(np.float32)

    def _noisy(self, crop: Floats, random: np.random.Generator) -> Floats:
        """Return a crop with white noise, whose level is the same in all bands of area one."""
        assert self.how.noise_db is not None
        unit_db = self._unit_db
        power = np.power(10.0, (crop - crop.max()) * unit_db / 10)
        widths = np.gradient(self._centres_hz) if len(crop) > 1 else np.ones(1)
        level = float(np.average(power.mean(axis=1), weights=widths))
        ratio_db = random.uniform(self.how.noise_db, self.how.noise_db + _NOISE_SPAN_DB)
        # A band's power is a mean over the bins in it: the more, the steadier.
        bins = np.maximum(1.0, widths / (self.settings.rate_hz / self.settings.n_fft))[:, None]
        noise = random.standard_gamma(np.broadcast_to(bins, crop.shape)) / bins
        both = power + level * 10 ** (-ratio_db / 10) * noise
        louder = 10 * np.log10(both / power) / unit_db
        return np.asarray(crop + louder, dtype=np.float32)

    @property
    def _unit_db(self) -> float:
        """How many decibels 1 is in these spectrograms."""
        one = self.settings
        if one.normalise == "none":
            return 1.0
        return _USUAL_SPREAD_DB if one.normalise == "standard" else one.range_db or _USUAL_RANGE_DB


def _read(image: Floats, places: Floats, *, axis: int) -> Floats:
    """Return the image read at places between its rows or columns, which repeat at the edges."""
    last = image.shape[axis] - 1
    first = np.clip(places.astype(np.int64), 0, last)
    part = np.expand_dims(places - first, 1 - axis)
    here, there = (np.take(image, np.minimum(first + step, last), axis=axis) for step in (0, 1))
    return np.asarray(here + part * (there - here), dtype=np.float32)


def _mask(
    image: Floats, axis: int, *, most: float, value: float, random: np.random.Generator
) -> None:
    """Put some neighbouring rows or columns to a value."""
    size = image.shape[axis]
    width = int(random.uniform(0, most) * size + 0.5)
    start = int(random.integers(0, size - width + 1))
    rows: list[slice] = [slice(None), slice(None)]
    rows[axis] = slice(start, start + width)
    image[tuple(rows)] = value
