"""Spectrograms explained by their own sound: the settings that give the same numbers.

The sound is cut where the clip lies in it, to a part of a sample's place of a frame, and computed
with every setting of that frame length.  What is left between the two is near zero for the right
one.  A clip's first and last frames, where sound that was cut off is missing, are not compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zoneclf.deep.matching.grid import by_transform, unscaled
from zoneclf.deep.matching.locating import Location
from zoneclf.deep.spectrograms import (
    Spectrogram,
    SpectrogramSettings,
    Wave,
    decibels,
    mel_bands,
    scaled,
)

# The place is searched in these parts of a hop, each time around the best of the last; without a
# window that fades out, a sample matters.
_COARSE = (1 / 2, 1 / 4, 1 / 8)
_FINE = tuple(2.0**-power for power in range(2, 11))
_AROUND = range(-2, 3)
# How often it is searched again, because another transform fits better there.
_CHANGES = 3
# Part of a clip's values that is not loud.
_LOUD = 0.9
# Samples beyond this were cut off; so many frames are enough to compare.
_FULL, _LEAST_FRAMES = 0.999, 16
# So many places are looked at closely.
_MOST = 3


@dataclass(frozen=True)
class Placed:
    """A clip, its sound by rate, and its places there, for every rate and hop at which it fits."""

    clip: Spectrogram
    sounds: Mapping[int, Wave]
    locations: Sequence[Location]


@dataclass(frozen=True)
class Left:
    """What is left between a clip and a candidate, as a part of the clip's spread.

    `numbers` is the root mean square of the differences, `shape` what is left of it after the best
    change of unit (a factor and a constant).
    """

    numbers: float
    shape: float

    @property
    def distance(self) -> float:
        """Shape, and a tenth of the numbers.

        The greatest value of a clip, which units refer to, may be of a moment that was cut off at
        full scale here and not there; it must not outweigh what all other moments tell.
        """
        return self.shape + self.numbers / 10


def errors_of(
    placed: Placed, candidates: Sequence[SpectrogramSettings]
) -> dict[SpectrogramSettings, Left]:
    """Return what is left between a clip and each candidate.

    Candidates whose frames do not keep step with the clip are left out.
    """
    tried = []
    for location in placed.locations:
        fitting = [
            one for one in candidates if (one.rate_hz, one.hop) == (location.rate_hz, location.hop)
        ]
        if fitting:
            tried.append(_Try(placed.clip, placed.sounds[location.rate_hz], fitting))
            tried[-1].search(round(location.start_s * location.rate_hz), _COARSE)
    errors: dict[SpectrogramSettings, Left] = {}
    for one in sorted(tried, key=lambda one: one.unlike)[:_MOST]:
        one.search(one.place, _FINE)
        for settings, left in one.errors().items():
            if settings not in errors or left.numbers < errors[settings].numbers:
                errors[settings] = left
    return errors


@dataclass
class _Try:
    """A clip at a place in its sound, a sample, which `search` makes better."""

    clip: Spectrogram
    wave: Wave
    fitting: Sequence[SpectrogramSettings]
    place: int = 0
    unlike: float = 1.0

    def search(self, place: int, parts: Sequence[float]) -> None:
        """Find the best place around one, with the transform that fits best there."""
        transforms = [unscaled(first) for first, _ in by_transform(self.fitting)]
        hop = transforms[0].hop
        best = self._best(place, transforms)
        for _ in range(_CHANGES):
            for part in parts:
                around = {place + max(1, round(part * hop)) * number for number in _AROUND}
                self.unlike, place = min((self._unlike(at, best), at) for at in around)
            before, best = best, self._best(place, transforms)
            if best == before:
                break
        self.place = place

    def _best(self, place: int, transforms: Sequence[SpectrogramSettings]) -> SpectrogramSettings:
        return min(transforms, key=lambda one: self._unlike(place, one))

    def _unlike(self, place: int, settings: SpectrogramSettings) -> float:
        """Return 1 minus the correlation of the clip with the sound where either is loud.

        Units do not matter.  Where it is not loud there are traces of what is, which change with
        every sample where the window does not fade out.
        """
        (bands,) = mel_bands(_cut(self.wave, place, self.clip, settings.hop), [settings])
        inner = _inner(self.clip, settings)
        pair = decibels(bands, settings)[inner], self.clip[inner]
        one, other = (np.maximum(values, np.quantile(values, _LOUD)) for values in pair)
        return 1 - _correlation(one, other)

    def errors(self) -> dict[SpectrogramSettings, Left]:
        """Return what is left of each setting at the place."""
        found: dict[SpectrogramSettings, Left] = {}
        for first, members in by_transform(self.fitting):
            found |= _left(self.clip, _cut(self.wave, self.place, self.clip, first.hop), members)
        return found


def _left(
    clip: Spectrogram, wave: Wave, members: Sequence[SpectrogramSettings]
) -> dict[SpectrogramSettings, Left]:
    """Return the errors of settings that share a transform."""
    inner = _sure(wave, clip, members[0])
    spread = max(float(clip.std()), 1e-9)
    powers = sorted({one.power for one in members})
    firsts = [next(one for one in members if one.power == power) for power in powers]
    bands = dict(zip(powers, mel_bands(wave, firsts), strict=True))
    errors = {}
    for one in members:
        found = scaled(decibels(bands[one.power].copy(), one), one)[: len(clip)]
        gap = found[inner].astype(np.float64) - clip[inner]
        alike = _correlation(found[inner], clip[inner])
        errors[one] = Left(
            numbers=float(np.sqrt(np.mean(gap**2))) / spread,
            shape=float(np.sqrt(max(0.0, 1 - alike**2))),
        )
    return errors


def _sure(wave: Wave, clip: Spectrogram, settings: SpectrogramSettings) -> npt.NDArray[np.int64]:
    """Return inner frames without samples that were cut off at full scale; all, if few are."""
    places = np.arange(len(clip))[_inner(clip, settings)]
    full = np.concatenate([[0], np.cumsum(np.abs(wave) >= _FULL)])
    half = settings.n_fft // 2
    first = np.clip(places * settings.hop - half, 0, wave.size)
    last = np.clip(places * settings.hop + half, 0, wave.size)
    clean = places[full[last] == full[first]]
    return clean if len(clean) >= _LEAST_FRAMES else places


def _correlation(one: Spectrogram, other: Spectrogram) -> float:
    """Return the correlation of all values; 0 where either never changes."""
    pair = [np.asarray(values, dtype=np.float64).ravel() for values in (one, other)]
    first, second = (values - values.mean() for values in pair)
    spread = np.sqrt((first @ first) * (second @ second))
    return float(first @ second / spread) if spread > 0 else 0.0


def _cut(wave: Wave, place: int, clip: Spectrogram, hop: int) -> Wave:
    """Return the sound of a clip's frames, with silence where there is none."""
    size = (len(clip) - 1) * hop
    before, after = max(0, -place), max(0, place + size - wave.size)
    return np.pad(wave[max(0, place) : max(0, place + size)], (before, after))


def _inner(clip: Spectrogram, settings: SpectrogramSettings) -> slice:
    """Return the frames that hold no sound from outside of the clip."""
    edge = min(-(-settings.n_fft // (2 * settings.hop)), len(clip) // 4)
    return slice(edge, len(clip) - edge)
