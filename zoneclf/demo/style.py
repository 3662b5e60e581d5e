"""From a point of the arousal-valence plane to what such music is made of.

In: arousal and valence, scale 1..9.  Out: `Style`, and the order of its sections in bars.

The relations are the usual findings on musical mood: tempo, loudness, brightness and density
follow arousal; mode, consonance and register follow valence (Gabrielsson and Lindstroem, "The
role of structure in the musical expression of emotions", 2010).  Scatter keeps them from being
a rule without exceptions.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from zoneclf.demo.instruments import RATE_HZ


@dataclass(frozen=True)
class Level:
    """Gains of the four stems within one kind of section."""

    drums: float
    bass: float
    pads: float
    arpeggio: float


LEVELS: Final = {
    "intro": Level(drums=0.35, bass=0.0, pads=0.9, arpeggio=0.4),
    "groove": Level(drums=0.85, bass=0.8, pads=0.8, arpeggio=0.7),
    "break": Level(drums=0.0, bass=0.0, pads=0.35, arpeggio=0.3),
    "build": Level(drums=0.0, bass=0.0, pads=0.22, arpeggio=0.25),
    "drop": Level(drums=1.15, bass=1.15, pads=0.9, arpeggio=1.0),
    "outro": Level(drums=0.3, bass=0.3, pads=0.8, arpeggio=0.3),
}


@dataclass(frozen=True, kw_only=True)
class Style:
    """What a track is made of; levels and shares lie in 0..1.

    `root` is a MIDI note, `loudness_db` the wanted RMS in dB, full scale being 0.  `grit` is
    the distortion of bass and pads; `drop_count` counts drops with a build-up before each.
    """

    bpm: float
    loudness_db: float
    drums: float
    density: float
    bass: float
    pads: float
    brightness: float
    drop_count: int
    root: int
    minor: bool
    dissonance: float
    syncopation: float
    grit: float

    @property
    def bar_s(self) -> float:
        """Length of a bar of four beats in seconds."""
        return 240.0 / self.bpm

    @property
    def bar_samples(self) -> int:
        """Length of a bar in whole samples."""
        return round(self.bar_s * RATE_HZ)


@dataclass(frozen=True)
class Section:
    """A stretch of whole bars; `end_bar` is not part of it."""

    kind: str
    start_bar: int
    end_bar: int


def style_of(arousal: float, valence: float, rng: np.random.Generator) -> Style:
    """Return a style for a point of the plane; the same `rng` state gives the same scatter.

    For a given scatter every field is monotone in the coordinate it depends on.
    """
    mood = rng.normal(0.0, 0.04)
    scatter = rng.normal(0.0, 0.055, size=6)
    energy = np.clip((arousal - 1.0) / 8.0 + mood + scatter, 0.0, 1.0)
    joy = np.clip((valence - 1.0) / 8.0 + rng.normal(0.0, 0.08, size=5), 0.0, 1.0)
    drums = float(np.clip(1.6 * energy[1] - 0.45, 0.0, 1.0))
    return Style(
        bpm=float(60.0 + 115.0 * energy[0]),
        loudness_db=float(-25.0 + 14.0 * energy[5]),
        drums=drums,
        density=float(energy[2]),
        bass=float(np.clip(0.15 + energy[3], 0.0, 1.0)),
        pads=float(1.0 - 0.65 * energy[3]),
        brightness=float(energy[4]),
        drop_count=int(np.clip(np.floor(6.0 * energy[2] - 2.4), 0, 3)),
        root=48 + round(9.0 * float(joy[1])),
        minor=bool(joy[0] < 0.5),
        dissonance=float(np.clip(0.8 - 1.5 * joy[2], 0.0, 1.0)),
        syncopation=float(joy[3]),
        grit=float(energy[3] * np.clip(1.3 - 2.0 * joy[4], 0.0, 1.0)),
    )


def sections(style: Style, duration_s: float) -> tuple[Section, ...]:
    """Return the arrangement, without gaps, from bar 0 past `duration_s`.

    Each drop takes about 16 s with the groove and the build-up before it; what does not fit
    is left out.
    """
    bar_count = max(3, math.ceil(duration_s / style.bar_s))
    edge = max(1, round(0.1 * bar_count))
    drop_count = min(style.drop_count, int(duration_s // 16.0), (bar_count - 2 * edge) // 5)
    kinds, lengths = ["intro"], [edge]
    if drop_count:
        cycle, spare = divmod(bar_count - 2 * edge, drop_count)
        build = min(max(2, round(5.5 / style.bar_s)), cycle // 3)
        drop = max(2, round(0.4 * cycle))
        kinds += ["groove", "build", "drop"] * drop_count
        lengths += [cycle - build - drop, build, drop] * drop_count
        lengths[1] += spare
    else:
        kinds.append("groove")
        lengths.append(bar_count - 2 * edge)
    ends = np.cumsum([*lengths, edge]).tolist()
    return tuple(map(Section, [*kinds, "outro"], [0, *ends[:-1]], ends))
