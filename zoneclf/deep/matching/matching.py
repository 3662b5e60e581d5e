"""Ready-made spectrograms and sound -> a ranking of settings, best first."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from zoneclf.audio.files import path_text
from zoneclf.audio.sound import RATE_HZ
from zoneclf.deep.excerpts import at_rate, read_excerpt
from zoneclf.deep.genre.synthesis import make_set
from zoneclf.deep.matching.distribution import distances, hear
from zoneclf.deep.matching.exact import Left, Placed, errors_of
from zoneclf.deep.matching.locating import Location, likeliest, locate
from zoneclf.deep.pace import Pace, Voice
from zoneclf.deep.spectrograms import Spectrogram, SpectrogramSettings, Wave
from zoneclf.errors import SettingsError

By = Literal["exact", "shape", "distribution"]
# Clips that are looked for in their own sound; sounds that distributions are taken of.
CLIPS, SOUNDS = 3, 32
# Of sounds that only serve for their distribution.
EXCERPT_S = 60.0
# What may be left of a clip's spread where the settings are the right ones.
_FOUND = 0.5
_MADE_UP_S = 12.0
_SAME = 1e-6


@dataclass(frozen=True)
class Match:
    """Settings from the best to the worst, each with its distance.

    `by` says what the distance is.  ``exact``: what is left, as a part of the clips' spread
    (`zoneclf.deep.matching.exact.Left`); ``shape``: the same after the best change of unit, because
    no units of the grid fit; ``distribution``: a distance without unit.  `clips` counts those
    compared.
    """

    by: By
    ranking: tuple[tuple[SpectrogramSettings, float], ...]
    clips: int

    @property
    def same(self) -> list[SpectrogramSettings]:
        """Other settings that are as near as the first: on these clips they give its numbers."""
        (_, least), *others = self.ranking
        return [settings for settings, distance in others if distance - least <= _SAME]


def match_exactly(
    clips: Sequence[Spectrogram],
    paths: Sequence[Path],
    candidates: Sequence[SpectrogramSettings],
    *,
    voice: Voice,
) -> Match | None:
    """Return the ranking by the clips' own sound, None if the files do not hold it.

    Candidates whose frames do not keep step with any clip are not in it.
    """
    places = np.unique(np.linspace(0, len(clips) - 1, min(CLIPS, len(clips))).astype(int))
    placed = _placed([clips[place] for place in places], paths, candidates, voice=voice)
    if not placed:
        return None
    errors = [errors_of(one, candidates) for one in placed]
    everywhere = [one for one in candidates if any(one in found for found in errors)]
    numbers = {one: _mean(errors, one, "numbers") for one in everywhere}
    shapes = {one: _mean(errors, one, "shape") for one in everywhere}
    if min(numbers.values()) <= _FOUND:
        near = {one: _mean(errors, one, "distance") for one in everywhere}
        return Match("exact", _ranked(near), len(placed))
    if min(shapes.values()) <= _FOUND / 2:
        return Match("shape", _ranked(shapes), len(placed))
    return None


def _mean(
    errors: Sequence[Mapping[SpectrogramSettings, Left]], settings: SpectrogramSettings, name: str
) -> float:
    found = [getattr(one[settings], name) if settings in one else 1.0 for one in errors]
    return float(np.mean(found))


def _placed(
    clips: Sequence[Spectrogram],
    paths: Sequence[Path],
    candidates: Sequence[SpectrogramSettings],
    *,
    voice: Voice,
) -> list[Placed]:
    """Return the clips that some file holds, with the file that holds each best."""
    hops: dict[int, set[int]] = {}
    for one in candidates:
        hops.setdefault(one.rate_hz, set()).add(one.hop)
    best: dict[int, Placed] = {}
    pace = Pace("files", voice)
    for number, path in enumerate(paths, 1):
        sounds = _at_rates(_sound(path, 0.0, voice), hops)
        found: list[list[Location]] = [[] for _ in clips]
        for rate_hz, sound in sounds.items():
            located = locate(clips, sound, rate_hz, hops[rate_hz])
            for known, more in zip(found, located, strict=True):
                known.extend(more)
        for place, locations in enumerate(map(likeliest, found)):
            if locations and (place not in best or _fit(locations) > _fit(best[place].locations)):
                best[place] = Placed(clips[place], sounds, locations)
        pace(number, len(paths))
    pace.close()
    return list(best.values())


def _fit(locations: Sequence[Location]) -> float:
    return locations[0].correlation


def match_by_distribution(
    clips: Sequence[Spectrogram],
    paths: Sequence[Path],
    candidates: Sequence[SpectrogramSettings],
    *,
    voice: Voice,
) -> Match:
    """Return the ranking by music of the same kind; by music that is made up without any.

    Raises
    ------
    SettingsError
        If none of the files can be used.
    """
    if not paths:
        voice.warn("no --audio: compared with music that is made up, which tells less")
        with tempfile.TemporaryDirectory() as folder:
            table = make_set(Path(folder), clips=24, imbalance=1, seconds=_MADE_UP_S)
            paths = sorted(table.parent.rglob("*.flac"))
            waves = [_sound(path, EXCERPT_S, voice) for path in paths]
    else:
        places = np.unique(np.linspace(0, len(paths) - 1, min(SOUNDS, len(paths))).astype(int))
        waves = [_sound(paths[place], EXCERPT_S, voice) for place in places]
    usable = [wave for wave in waves if wave.size]
    if not usable:
        where = path_text(paths[0])
        raise SettingsError(f"{where}: no sound that can be used; name other files with --audio")
    rates = {one.rate_hz for one in candidates}
    sounds = {rate_hz: [at_rate(wave, rate_hz) for wave in usable] for rate_hz in sorted(rates)}
    heard = hear(sounds, candidates, voice=voice)
    return Match("distribution", _ranked(distances(clips, heard, candidates)), len(clips))


def _sound(path: Path, excerpt_s: float, voice: Voice) -> Wave:
    """Return the sound of a file at 44.1 kHz, empty and told where it cannot be used."""
    excerpt = read_excerpt(path, SpectrogramSettings(rate_hz=RATE_HZ, excerpt_s=excerpt_s))
    if not excerpt.is_usable:
        voice.warn(f"{path_text(path)}: {excerpt.status}: {excerpt.reason}; left out")
    return excerpt.wave


def _at_rates(wave: Wave, rates: Mapping[int, object]) -> dict[int, Wave]:
    return {rate_hz: at_rate(wave, rate_hz) for rate_hz in sorted(rates)} if wave.size else {}


def _ranked(
    found: Mapping[SpectrogramSettings, float],
) -> tuple[tuple[SpectrogramSettings, float], ...]:
    return tuple(sorted(found.items(), key=lambda pair: pair[1]))
