"""Spectrograms explained by other music: settings whose spectrograms are distributed like them.

Two things are compared.  *Shapes* (`zoneclf.deep.matching.shapes`), whose distance is
Mahalanobis's: directions in which pieces of music differ anyway count little (Fisher's linear
discriminant, one class for each setting).  *Levels*: each clip's extremes, mean, spread and
quantiles, as normal distributions over clips.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from zoneclf.deep.matching.grid import by_transform
from zoneclf.deep.matching.shapes import pieces_of, shapes_of
from zoneclf.deep.pace import Pace, Voice
from zoneclf.deep.spectrograms import (
    Spectrogram,
    SpectrogramSettings,
    Wave,
    decibels,
    mel_bands,
    units_of,
)

# Of each sound so many excerpts of so many frames are heard.
EXCERPTS, FRAMES = 4, 192
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
# Part of the covariance that is left to each number alone: there are fewer sounds than numbers.
_OWN = 0.02
# Numbers of a level depend on one another; so many of them count as one.
_ALIKE = 3
# Spread of a level that is the same in every clip, as a part of a clip's own.
_LEAST = 2e-3

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Heard:
    """What some music is like under every candidate.

    `shapes` holds the mean over pieces, `levels` a row of each excerpt, both by settings in plain
    decibels (`_plain`); `whitening` brings shapes to where music's own variance is 1 everywhere;
    `sounds` is the number of sounds.
    """

    shapes: Mapping[SpectrogramSettings, Floats]
    levels: Mapping[SpectrogramSettings, Floats]
    whitening: Floats
    sounds: int


def hear(
    sounds: Mapping[int, Sequence[Wave]],
    candidates: Sequence[SpectrogramSettings],
    *,
    voice: Voice,
) -> Heard:
    """Return what sounds, by rate, are like under every candidate."""
    pace = Pace("settings", voice)
    shapes: dict[SpectrogramSettings, Floats] = {}
    levels: dict[SpectrogramSettings, Floats] = {}
    scatter, count, done = np.zeros(()), 0, 0
    for first, members in by_transform(candidates):
        excerpts = _excerpts(sounds[first.rate_hz], first)
        for plain, spectrograms in _in_decibels(excerpts, members).items():
            found = shapes_of(np.concatenate([pieces_of(one) for one in spectrograms]))
            shapes[plain] = found.mean(axis=0, dtype=np.float64)
            levels[plain] = np.stack([_level(one) for one in spectrograms])
            apart = found - shapes[plain].astype(np.float32)
            scatter, count = scatter + apart.T @ apart, count + len(found)
        done += len(members)
        pace(done, len(candidates))
    pace.close()
    return Heard(shapes, levels, _whitening(scatter / count), len(next(iter(sounds.values()))))


def distances(
    clips: Sequence[Spectrogram], heard: Heard, candidates: Sequence[SpectrogramSettings]
) -> dict[SpectrogramSettings, float]:
    """Return how far each candidate's distribution is from that of clips, by `hear`'s numbers."""
    own = np.mean([shapes_of(pieces_of(clip)).mean(axis=0) for clip in clips], axis=0)
    plain = list(heard.shapes)
    apart = (np.stack([heard.shapes[one] for one in plain]) - own) @ heard.whitening
    known = 1 / (1 / len(clips) + 1 / heard.sounds)
    by_shape = dict(zip(plain, known * np.square(apart).sum(axis=1), strict=True))
    levels = np.stack([_level(clip) for clip in clips])
    return {
        one: float(by_shape[_plain(one)])
        + _level_distance(levels, _in_units(heard.levels[_plain(one)], one))
        for one in candidates
    }


def _plain(settings: SpectrogramSettings) -> SpectrogramSettings:
    """Return the settings in decibels of full scale."""
    return replace(settings, reference=1.0, normalise="none")


def _excerpts(sounds: Sequence[Wave], settings: SpectrogramSettings) -> list[Wave]:
    """Return stretches of sounds, evenly spread, of at most so many frames."""
    size = (FRAMES - 1) * settings.hop
    starts = [
        max(0, round((wave.size - size) * (number + 0.5) / EXCERPTS))
        for wave in sounds
        for number in range(EXCERPTS)
    ]
    waves = [wave for wave in sounds for _ in range(EXCERPTS)]
    return [wave[start : start + size] for wave, start in zip(waves, starts, strict=True)]


def _in_decibels(
    excerpts: Sequence[Wave], members: Sequence[SpectrogramSettings]
) -> dict[SpectrogramSettings, list[Spectrogram]]:
    """Return spectrograms of excerpts for each power and range of settings that share the rest."""
    plain = list(dict.fromkeys(_plain(one) for one in members))
    found: dict[SpectrogramSettings, list[Spectrogram]] = {one: [] for one in plain}
    by_power = {one.power: one for one in plain}
    for wave in excerpts:
        bands = dict(zip(by_power, mel_bands(wave, list(by_power.values())), strict=True))
        for one in plain:
            found[one].append(decibels(bands[one.power].copy(), one))
    return found


def _level(spectrogram: Spectrogram) -> Floats:
    """Return greatest, least, mean, some quantiles and the spread of a clip."""
    ends = [spectrogram.max(), spectrogram.min(), spectrogram.mean(dtype=np.float64)]
    return np.array([*ends, *np.quantile(spectrogram, _QUANTILES), spectrogram.std()])


def _in_units(levels: Floats, settings: SpectrogramSettings) -> Floats:
    """Return the rows of `_level` as they are in a candidate's units."""
    top, least, mean, spread = (levels[:, column, None] for column in (0, 1, 2, -1))
    zero, unit = units_of(settings, top=top, least=least, mean=mean, spread=spread)
    if settings.normalise == "none" and settings.reference == "max":
        zero = top
    elif settings.normalise == "none":
        zero = (10 if settings.power == 2 else 20) * np.log10(float(settings.reference))
    moved = np.hstack([levels[:, :-1] - zero, spread])
    return np.asarray(moved / np.maximum(unit, 1e-6))


def _level_distance(own: Floats, theirs: Floats) -> float:
    """Return how unlikely levels are, were they drawn like others: twice the log-likelihood ratio.

    The least possible value, 0, is that of the same mean and the same variance.
    """
    floor = (_LEAST * max(float(own[:, -1].mean()), 1e-9)) ** 2
    variance, expected = own.var(axis=0) + floor, theirs.var(axis=0, ddof=1) + floor
    ratio = variance / expected
    apart = np.square(own.mean(axis=0) - theirs.mean(axis=0)) / expected
    known = 1 / (1 / len(own) + 1 / len(theirs))
    return float((known * apart + len(own) * (ratio - 1 - np.log(ratio))).sum() / _ALIKE)


def _whitening(covariance: Floats) -> Floats:
    """Return the matrix that brings this covariance to 1, shrunk to its diagonal."""
    own = np.diag(np.diag(covariance) + 1e-6)
    shrunk = (1 - _OWN) * covariance + _OWN * own
    return np.asarray(np.linalg.cholesky(np.linalg.inv(shrunk)))
