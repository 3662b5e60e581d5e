"""Which settings are tried: every combination of the values of a grid, none of them twice.

Settings whose spectrograms are the same numbers are tried once: a reference is heard only where
nothing is normalised, and a clip's extremes only where no range cuts it off.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from zoneclf.deep.spectrograms import NORMALISATIONS, WINDOWS, SpectrogramSettings
from zoneclf.errors import SettingsError

# What a short-time Fourier transform depends on.
TRANSFORM = ("rate_hz", "n_fft", "hop", "window_length", "window")
# The other settings, whose candidates share a transform.
LEVEL = ("power", "reference", "range_db", "normalise")


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Values to combine; empty `hop`: a quarter and a half of n_fft; `window_length`: all and half.

    `low_hz` and `high_hz` are those of `SpectrogramSettings`.
    """

    rate_hz: tuple[int, ...] = (16_000, 22_050, 44_100)
    n_fft: tuple[int, ...] = (512, 1024, 2048, 4096)
    hop: tuple[int, ...] = ()
    window_length: tuple[int, ...] = ()
    window: tuple[str, ...] = WINDOWS
    power: tuple[float, ...] = (2.0, 1.0)
    reference: tuple[float | Literal["max"], ...] = ("max", 1.0)
    range_db: tuple[float, ...] = (80.0, 0.0)
    normalise: tuple[str, ...] = NORMALISATIONS
    low_hz: tuple[float, ...] = (0.0,)
    high_hz: tuple[float, ...] = (0.0,)

    def candidates(self, mels: int) -> list[SpectrogramSettings]:
        """Return all settings with so many mel bands, those that share a transform together.

        Raises
        ------
        SettingsError
            If no combination is possible.
        """
        found = [
            settings
            for transform in self._transforms()
            for bounds in _products(low_hz=self.low_hz, high_hz=self.high_hz)
            for level in self._levels()
            if (settings := _possible({**transform, **bounds, **level, "mels": mels}))
        ]
        if not found:
            raise SettingsError("no combination of these settings is possible; try other values")
        return found

    def _transforms(self) -> Iterator[dict[str, Any]]:
        for rate_hz, n_fft in itertools.product(self.rate_hz, self.n_fft):
            yield from _products(
                rate_hz=(rate_hz,),
                n_fft=(n_fft,),
                hop=self.hop or (n_fft // 4, n_fft // 2),
                window_length=self.window_length or (n_fft, n_fft // 2),
                window=self.window,
            )

    def _levels(self) -> Iterator[dict[str, Any]]:
        for level in _products(**{name: getattr(self, name) for name in LEVEL}):
            if not _is_repeated(level, self):
                yield level


def _is_repeated(level: Mapping[str, Any], grid: Grid) -> bool:
    """Whether another level of the grid gives the same numbers."""
    way, ranged = level["normalise"], bool(level["range_db"])
    if way != "none" and level["reference"] != grid.reference[0]:
        return True
    return way == "minmax" and ranged and 0.0 in grid.range_db


def _possible(said: Mapping[str, Any]) -> SpectrogramSettings | None:
    try:
        return SpectrogramSettings(**said, excerpt_s=0.0)
    except SettingsError:
        return None


def _products(**values: Sequence[Any]) -> Iterator[dict[str, Any]]:
    for combination in itertools.product(*values.values()):
        yield dict(zip(values, combination, strict=True))


def by_transform(
    candidates: Sequence[SpectrogramSettings],
) -> Iterator[tuple[SpectrogramSettings, list[SpectrogramSettings]]]:
    """Yield settings that share a transform and its mel filters, after the first of them."""

    def shared(settings: SpectrogramSettings) -> tuple[Any, ...]:
        names = (*TRANSFORM, "mels", "low_hz", "high_hz")
        return tuple(getattr(settings, name) for name in names)

    for _, group in itertools.groupby(sorted(candidates, key=shared), key=shared):
        members = list(group)
        yield members[0], members


def unscaled(settings: SpectrogramSettings) -> SpectrogramSettings:
    """Return the settings with plain decibels, neither cut off nor normalised."""
    return replace(settings, reference=1.0, range_db=0.0, normalise="none")
