"""Music that is played as arousal and valence ask for it, moment by moment.

The cues are those that listeners are known to go by (Juslin and Laukka, Psychological Bulletin
2003; Eerola, Friberg, Bresin, Frontiers in Psychology 2013):

===========  ==========================================================
arousal      faster, louder, brighter, denser, drums come in, shorter notes
valence      major rather than minor chords, consonant rather than clusters, higher melody
both         brightness (a little of valence); register (a little of arousal)
===========  ==========================================================

Every clip obeys each cue with an error of its own, and an artist has a tempo, a timbre, a
brightness, a key, a room and noise whatever is felt, so that no single cue tells the ratings.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zoneclf.deep.studio import voices
from zoneclf.deep.studio.artists import Artist, recorded
from zoneclf.deep.studio.voices import RATE_HZ, Wave, add, hertz_of

_MAJOR, _MINOR = (0, 4, 7), (0, 3, 7)
_MAJOR_SCALE, _MINOR_SCALE = (0, 2, 4, 7, 9, 12), (0, 2, 3, 7, 8, 12)
# Steps of the bass from bar to bar, in semitones above the root.
_BARS = (0, 5, 7, 0)
CUES = ("tempo", "loudness", "brightness", "density", "mode", "consonance", "register")
_CUE_ERROR = 0.07
# Arousal and valence at a time in seconds, each 0 to 1.
Mood = Callable[[float], tuple[float, float]]


@dataclass(frozen=True)
class Clip:
    """What is to be played: by whom, how long, and what is felt when."""

    artist: Artist
    seconds: float
    mood: Mood


def played(clip: Clip, rng: np.random.Generator) -> Wave:
    """Return a clip's sound, shape (samples,), within +-1, at 22 050 Hz."""
    out = np.zeros(round(clip.seconds * RATE_HZ), dtype=np.float32)
    errors = dict(zip(CUES, rng.normal(0, _CUE_ERROR, len(CUES)), strict=True))
    at_s, beat = -float(rng.uniform(0, 1)), int(rng.integers(0, 16))
    while at_s < clip.seconds:
        arousal, valence = clip.mood(max(0.0, at_s))
        beat_s = _beat_s(clip.artist, arousal + errors["tempo"])
        _play_beat(out, clip.artist, _Beat(at_s, beat_s, beat, arousal, valence, errors), rng)
        at_s, beat = at_s + beat_s, beat + 1
    wave = recorded(out, clip.artist, rng)
    hiss = rng.standard_normal(wave.size, dtype=np.float32)
    wave = np.tanh(wave * np.float32(1 + clip.artist.grit))
    noise = np.float32(0.1 * 10 ** (clip.artist.hiss_db / 20))
    level_db = rng.normal(0, 2)  # as records are mastered
    mixed = (wave + hiss * noise) * np.float32(0.5 * 10 ** (level_db / 20))
    return np.asarray(np.tanh(mixed), dtype=np.float32)


@dataclass(frozen=True)
class _Beat:
    """One beat: when, how long, which of the piece, and what is felt, 0 to 1 about."""

    at_s: float
    length_s: float
    number: int
    arousal: float
    valence: float
    errors: dict[str, float]

    def of_arousal(self, cue: str) -> float:
        """Return how much of a cue there is, 0 to 1."""
        return float(np.clip(self.arousal + self.errors[cue], 0, 1))

    def of_valence(self, cue: str) -> float:
        """Return how much of a cue there is, 0 to 1."""
        return float(np.clip(self.valence + self.errors[cue], 0, 1))


def _beat_s(artist: Artist, arousal: float) -> float:
    """Return a beat's length: 55 to 165 BPM, and an artist's own tenth up or down."""
    bpm = 55 * 3 ** float(np.clip(arousal, 0, 1))
    return 60.0 / (bpm * (0.9 + 0.2 * artist.pace))


def _play_beat(out: Wave, artist: Artist, beat: _Beat, rng: np.random.Generator) -> None:
    gain = 10 ** ((beat.of_arousal("loudness") - 1) * 20 / 20) * 0.5
    # A major bar or a minor one; which is decided once a bar, by its number.
    is_major = np.random.default_rng([beat.number // 4, artist.root]).random() < _share_of_major(
        beat.of_valence("mode")
    )
    bass = 36 + artist.root + _BARS[beat.number // 4 % len(_BARS)]
    if beat.number % 4 == 0:
        _chord(out, artist, beat, (bass + 12, _MAJOR if is_major else _MINOR), gain)
    _melody(
        out, artist, beat, (bass, _MAJOR_SCALE if is_major else _MINOR_SCALE), gain=gain, rng=rng
    )
    _drums(out, artist, beat, gain, rng)


def _share_of_major(valence: float) -> float:
    return float(1 / (1 + np.exp(-12 * (valence - 0.5))))


def _tilt(artist: Artist, beat: _Beat) -> float:
    """Return how fast harmonics fall off: less is brighter."""
    felt = 0.85 * beat.of_arousal("brightness") + 0.15 * beat.valence
    return float(2.6 - 1.8 * felt + 0.5 * (artist.brightness - 0.5))


def _chord(
    out: Wave, artist: Artist, beat: _Beat, chord: tuple[int, tuple[int, ...]], gain: float
) -> None:
    """Play a bar's chord, with a cluster in it where little is consonant."""
    root, steps = chord
    length_s = 4 * beat.length_s
    hollow = artist.swing > 0.6
    for step in steps:
        tone = voices.harmonic(hertz_of(root + step), length_s, _tilt(artist, beat), odd=hollow)
        add(out, voices.faded(tone, 0.03, 0.1), beat.at_s, 0.16 * gain)
    clash = max(0.0, 1 - 1.4 * beat.of_valence("consonance"))
    for step in (1, 6):
        tone = voices.harmonic(hertz_of(root + step), length_s, _tilt(artist, beat), odd=hollow)
        add(out, voices.faded(tone, 0.03, 0.1), beat.at_s, 0.22 * gain * clash)
    tone = voices.harmonic(hertz_of(root - 12), length_s, 1.6)
    add(out, voices.faded(tone, 0.02, 0.1), beat.at_s, 0.25 * gain)


def _melody(
    out: Wave,
    artist: Artist,
    beat: _Beat,
    key: tuple[int, tuple[int, ...]],
    *,
    gain: float,
    rng: np.random.Generator,
) -> None:
    """Play the notes of a beat: the more, and the shorter, the more arousal."""
    root, scale = key
    density = beat.of_arousal("density")
    parts = 1 + int(density > 0.3) + 2 * int(density > 0.65)
    high = 12 * round(1.3 + 1.9 * beat.of_valence("register") + 0.4 * beat.arousal)
    for part in range(parts):
        if rng.random() > 0.35 + 0.6 * density:
            continue
        hertz = hertz_of(root + high + int(rng.choice(scale)))
        length_s = beat.length_s / parts * (1.6 - density)
        at_s = beat.at_s + part * beat.length_s / parts
        add(out, _note(artist, beat, hertz, length_s, rng), at_s, 0.3 * gain)


def _note(
    artist: Artist, beat: _Beat, hertz: float, length_s: float, rng: np.random.Generator
) -> Wave:
    """Return a note of the artist's instrument."""
    kind = int(artist.pitch * 1000) % 3
    if kind == 0:
        return voices.plucked(hertz, length_s, beat.of_arousal("brightness"), rng)
    if kind == 1:
        tone = voices.harmonic(hertz, length_s, _tilt(artist, beat), vibrato=0.006)
        return voices.faded(tone, 0.02, 0.05)
    tone = voices.harmonic(hertz, length_s, _tilt(artist, beat), odd=True)
    return voices.faded(tone, 0.005, 0.05)


def _drums(out: Wave, artist: Artist, beat: _Beat, gain: float, rng: np.random.Generator) -> None:
    """Play drums, which come in with arousal: first a cymbal, then all."""
    strength = float(np.clip(2.2 * beat.of_arousal("density") - 0.7, 0, 1))
    if strength <= 0:
        return
    for part in range(1 + int(strength > 0.5)):
        at_s = beat.at_s + part * beat.length_s / 2
        add(out, voices.hat(0.03, rng), at_s, 0.3 * gain * strength)
    add(out, voices.kick(artist.pitch), beat.at_s, 0.7 * gain * strength * (beat.number % 2 == 0))
    add(out, voices.snare(artist.pitch, rng), beat.at_s, 0.5 * gain * strength * (beat.number % 2))
