"""Twelve genres that are made up, each a recipe of timbre, rhythm and register.

===========  ==================================  ============================  ===========
genre        timbre                              rhythm                        register
===========  ==================================  ============================  ===========
techno       saw bass, noise hats                kick on every beat, 120-136   low
rock         distorted fifths                    backbeat, 100-145 BPM         middle
ambient      sine pads, slow swells              none                          wide
hiphop       sub bass, electric piano            swung backbeat, 80-98 BPM     low
folk         plucked strings                     arpeggio, no drums, 85-125    middle
jazz         electric piano, walking bass, ride  swing, 110-190 BPM            middle
reggae       hollow organ, round bass            chords off the beat, 66-84    low, middle
strings      bowed tones with vibrato            slow legato, no drums         middle
jungle       broken drums, sub bass              broken beat, 160-178 BPM      low, high
chiptune     square waves                        fast arpeggios, 120-160 BPM   high
gamelan      inharmonic bells                    interlocking, 90-140 BPM      high
field        filtered noise                      irregular gusts and crackles  low, high
===========  ==================================  ============================  ===========

They overlap: techno and jungle share drums, rock and hiphop the backbeat, folk and gamelan notes
that die away, ambient, strings and field the lack of drums.  An artist has a key, a tempo within
the genre's range, a brightness, a swing, a room, an equaliser and grit of its own; a clip has its
own melody, bar and level.
"""

from collections.abc import Callable

import numpy as np

from zoneclf.deep.genre.session import Session
from zoneclf.deep.studio import voices
from zoneclf.deep.studio.voices import Wave, add


def _techno(play: Session) -> Wave:
    out, beat_s = play.empty(), play.beat_s(120, 136)
    tilt = 1.6 - 0.7 * play.artist.brightness
    bass = voices.faded(voices.harmonic(play.root(0), beat_s / 4, tilt))
    kick, hat = voices.kick(play.artist.pitch), voices.hat(0.03, play.rng)
    pattern = play.rng.random(16) < 0.6
    for number, at_s in play.beats(beat_s, 0.25):
        if number % 4 == 0:
            add(out, kick, at_s)
        if number % 4 == 2:
            add(out, hat, at_s, 0.6)
        if pattern[number % 16]:
            add(out, bass, at_s, 0.45)
    return out


def _rock(play: Session) -> Wave:
    out, beat_s = play.empty(), play.beat_s(100, 145)
    drive = 1.5 + 8 * play.artist.brightness
    kick, snare = voices.kick(play.artist.pitch), voices.snare(play.artist.pitch, play.rng)
    hat = voices.hat(0.05, play.rng)
    for number, at_s in play.beats(beat_s, 0.5):
        if number % 4 == 0:
            root = play.note(1)
            fifth = voices.harmonic(root * 1.4983, 2 * beat_s, 0.8)
            chord = voices.harmonic(root, 2 * beat_s, 0.8) + fifth
            add(out, voices.faded(voices.distorted(chord, drive)), at_s, 0.4)
            add(out, kick, at_s, 0.8)
        if number % 4 == 2:
            add(out, snare, at_s, 0.8)
        add(out, hat, at_s, 0.35)
    return out


def _ambient(play: Session) -> Wave:
    out = play.empty()
    at = voices.times(play.seconds)[: out.size]
    for octave in (1, 2, 2, 3):
        pad = voices.harmonic(play.note(octave), play.seconds, 3.0 - play.artist.brightness)
        rate_hz, phase = play.rng.uniform(0.05, 0.3), play.rng.uniform(0, 6.3)
        swell = 0.55 + 0.45 * np.sin(2 * np.pi * rate_hz * at + phase)
        out += np.asarray(0.3 * pad[: out.size] * swell, dtype=np.float32)
    return out


def _hiphop(play: Session) -> Wave:
    out, beat_s = play.empty(), play.beat_s(80, 98)
    kick, snare = voices.kick(0.9 * play.artist.pitch), voices.snare(play.artist.pitch, play.rng)
    hat, late_s = voices.hat(0.02, play.rng), 0.12 * play.artist.swing * beat_s
    kicks = play.rng.random(16) < 0.15
    for number, at_s in play.beats(beat_s, 0.25):
        swung_s = at_s + late_s * (number % 2)
        if number % 16 == 0 or (kicks[number % 16] and number % 8 != 4):
            add(out, kick, swung_s)
            add(out, voices.faded(voices.harmonic(play.note(0), beat_s, 3.5)), swung_s, 0.5)
        if number % 8 == 4:
            add(out, snare, swung_s, 0.8)
        if number % 2 == 0 or play.rng.random() < 0.2:
            add(out, hat, swung_s, 0.35)
        if number % 16 == 2:
            for _ in range(3):
                add(out, voices.electric_piano(play.note(2), 2 * beat_s), swung_s, 0.18)
    return out


def _folk(play: Session) -> Wave:
    out, beat_s = play.empty(), play.beat_s(85, 125)
    for number, at_s in play.beats(beat_s, 0.5):
        hertz = play.root(1) if number % 4 == 0 else play.note(2)
        string = voices.plucked(hertz, 1.2, play.artist.brightness, play.rng)
        add(out, string, at_s + play.rng.normal(0, 0.006), play.rng.uniform(0.3, 0.5))
    return out


def _jazz(play: Session) -> Wave:
    out, beat_s = play.empty(), play.beat_s(110, 190)
    ride = voices.hat(0.12, play.rng)
    late_s = beat_s * (0.55 + 0.15 * play.artist.swing)
    for number, at_s in play.beats(beat_s):
        bass = voices.faded(voices.harmonic(play.note(0), 0.9 * beat_s, 2.2), 0.01, 0.05)
        add(out, bass, at_s, 0.5)
        add(out, ride, at_s, 0.3)
        if number % 2:
            add(out, ride, at_s + late_s, 0.2)
        if play.rng.random() < 0.4:
            for octave in (2, 2, 2, 3):
                chord = voices.electric_piano(play.note(octave), 1.5 * beat_s)
                add(out, chord, at_s + late_s * play.rng.integers(0, 2), 0.14)
    return out


def _reggae(play: Session) -> Wave:
    out, beat_s = play.empty(), play.beat_s(66, 84)
    kick, snare = voices.kick(play.artist.pitch), voices.snare(1.2 * play.artist.pitch, play.rng)
    chord = [play.note(2) for _ in range(3)]
    for number, at_s in play.beats(beat_s, 0.5):
        if number % 2:
            for hertz in chord:
                organ = voices.harmonic(hertz, 0.12, 1.2, odd=True)
                add(out, voices.faded(organ), at_s, 0.22)
        if number % 8 == 4:
            add(out, kick, at_s, 0.8)
            add(out, snare, at_s, 0.4)
        if play.rng.random() < 0.5:
            bass = voices.faded(voices.harmonic(play.note(0), 0.45 * beat_s, 3.0), 0.01, 0.03)
            add(out, bass, at_s, 0.6)
    return out


def _strings(play: Session) -> Wave:
    out = play.empty()
    for octave in (1, 2, 3):
        at_s = -play.rng.uniform(0, 0.6)
        while at_s < play.seconds:
            seconds = play.rng.uniform(0.6, 1.4)
            tilt = 1.3 - 0.4 * play.artist.brightness
            bowed = voices.harmonic(play.note(octave), seconds, tilt, vibrato=0.006)
            add(out, voices.faded(bowed, 0.12, 0.15), at_s, 0.3)
            at_s += seconds - 0.1
    return out


def _jungle(play: Session) -> Wave:
    out, beat_s = play.empty(), play.beat_s(160, 178)
    kick, snare = voices.kick(1.2 * play.artist.pitch), voices.snare(1.4, play.rng)
    hat = voices.hat(0.025, play.rng)
    snares = {4, 12} | {int(step) for step in play.rng.choice([7, 9, 14, 15], 2, replace=False)}
    kicks = {0, 10} | {int(play.rng.choice([2, 3, 6, 11]))}
    for number, at_s in play.beats(beat_s, 0.25):
        step = number % 16
        if step in kicks:
            add(out, kick, at_s, 0.9)
        if step in snares:
            add(out, snare, at_s, 0.9 if step in (4, 12) else 0.45)
        if number % 2 == 0:
            add(out, hat, at_s, 0.4)
        if step in (0, 6):
            add(out, voices.faded(voices.harmonic(play.note(0), 1.4 * beat_s, 4.0)), at_s, 0.6)
    return out


def _chiptune(play: Session) -> Wave:
    out, beat_s = play.empty(), play.beat_s(120, 160)
    burst = voices.hat(0.02, play.rng)
    chord = [play.note(3), play.note(3), play.note(4)]
    for number, at_s in play.beats(beat_s, 0.25):
        if number % 16 == 0:
            chord = [play.note(3), play.note(3), play.note(4)]
        square = voices.harmonic(chord[number % 3], beat_s / 4, 1.0, odd=True)
        add(out, voices.faded(square, 0.001, 0.002), at_s, 0.3)
        if number % 4 == 0:
            low = voices.harmonic(play.note(1), beat_s / 2, 1.0, odd=True)
            add(out, voices.faded(low, 0.001, 0.002), at_s, 0.25)
        if number % 8 == 4:
            add(out, burst, at_s, 0.5)
    return out


def _gamelan(play: Session) -> Wave:
    out, beat_s = play.empty(), play.beat_s(90, 140)
    ratio = 1.4 + 0.35 * play.artist.brightness
    for number, at_s in play.beats(beat_s, 0.25):
        if (number + play.rng.integers(0, 2)) % 2:
            add(out, voices.bell(play.note(3), 0.8, ratio), at_s, 0.3)
        if number % 16 == 0:
            add(out, voices.bell(play.root(1), 2.0, ratio), at_s, 0.5)
    return out


def _field(play: Session) -> Wave:
    out = play.empty()
    at = voices.times(play.seconds)[: out.size]
    top_hz = 400 + 1200 * play.artist.brightness
    bed = voices.noise_band(play.seconds, 80, top_hz, play.rng)[: out.size]
    gust = 0.6 + 0.4 * np.sin(2 * np.pi * play.rng.uniform(0.1, 0.5) * at + play.rng.uniform(0, 6))
    out += np.asarray(0.7 * bed * gust, dtype=np.float32)
    for _ in range(play.rng.poisson(4 * play.seconds)):
        crackle = voices.hat(play.rng.uniform(0.002, 0.01), play.rng)
        add(out, crackle, play.rng.uniform(0, play.seconds), play.rng.uniform(0.1, 0.6))
    return out


# From frequent to rare.
RECIPES: dict[str, Callable[[Session], Wave]] = {
    "techno": _techno,
    "rock": _rock,
    "ambient": _ambient,
    "hiphop": _hiphop,
    "folk": _folk,
    "jazz": _jazz,
    "reggae": _reggae,
    "strings": _strings,
    "jungle": _jungle,
    "chiptune": _chiptune,
    "gamelan": _gamelan,
    "field": _field,
}
