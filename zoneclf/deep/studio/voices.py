"""Single notes and hits that synthesised music is played with: mono float32 at 22 050 Hz.

Every voice returns shape (samples,), with a peak of about 1.  Frequencies are in hertz.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.signal

RATE_HZ: Final = 22_050
Wave = npt.NDArray[np.float32]
_HIGHEST_HZ = 10_000.0


def times(seconds: float) -> Wave:
    """Return the times of samples in seconds."""
    return np.arange(max(1, round(seconds * RATE_HZ)), dtype=np.float32) / np.float32(RATE_HZ)


def hertz_of(note: float) -> float:
    """Return the frequency of a MIDI note (69 is 440 Hz)."""
    return float(440.0 * 2.0 ** ((note - 69.0) / 12.0))


def faded(wave: Wave, attack_s: float = 0.004, release_s: float = 0.01) -> Wave:
    """Return a wave with ramped ends, so that it does not click."""
    out = wave.copy()
    for edge_s, part in ((attack_s, slice(None)), (release_s, slice(None, None, -1))):
        edge = min(round(edge_s * RATE_HZ), wave.size)
        out[part][:edge] *= np.linspace(0.0, 1.0, edge, dtype=np.float32)
    return out


def harmonic(
    hertz: float, seconds: float, tilt: float, *, odd: bool = False, vibrato: float = 0.0
) -> Wave:
    """Return harmonics whose strength falls as ``number ** -tilt``; `odd` ones alone are hollow.

    `vibrato` is the depth of 5.5 Hz vibrato as a share of the frequency.
    """
    at = times(seconds)
    phase = 2 * np.pi * hertz * at
    if vibrato:
        phase = phase - np.float32(vibrato * hertz / 5.5) * np.cos(2 * np.pi * 5.5 * at)
    numbers = np.arange(1, min(24, max(1, int(_HIGHEST_HZ / hertz))) + 1, 2 if odd else 1)
    # sin(n x) by recurrence would drift; a table of one period is as good and fast.
    period = np.linspace(0, 2 * np.pi, 2048, endpoint=False)
    table = (np.sin(np.outer(numbers, period)) * numbers[:, np.newaxis] ** -tilt).sum(axis=0)
    table = (table / np.abs(table).max()).astype(np.float32)
    places = (phase * np.float32(2048 / (2 * np.pi))).astype(np.int64) & 2047
    return np.asarray(table[places], dtype=np.float32)


def plucked(hertz: float, seconds: float, brightness: float, rng: np.random.Generator) -> Wave:
    """Return a plucked string (Karplus and Strong 1983): a noise burst in a damped loop."""
    delay = max(2, round(RATE_HZ / hertz))
    burst = np.zeros(round(seconds * RATE_HZ), dtype=np.float32)
    room = min(delay, burst.size)
    burst[:room] = rng.uniform(-1, 1, room)
    blend = 0.5 + 0.4 * brightness
    loop = np.zeros(delay + 2)
    loop[0], loop[delay], loop[delay + 1] = 1.0, -0.996 * blend, -0.996 * (1 - blend)
    wave = scipy.signal.lfilter([1.0], loop, burst)
    return faded(np.asarray(wave / max(1e-6, np.abs(wave).max()), dtype=np.float32), 0.001)


def bell(hertz: float, seconds: float, ratio: float) -> Wave:
    """Return an inharmonic bell: frequency modulation at `ratio` that fades with the note."""
    at = times(seconds)
    index = np.float32(3.0) * np.exp(-at * np.float32(5.0))
    wave = np.sin(2 * np.pi * hertz * at + index * np.sin(2 * np.pi * hertz * ratio * at))
    return faded(np.asarray(wave * np.exp(-at * np.float32(3.0)), dtype=np.float32), 0.001)


def electric_piano(hertz: float, seconds: float) -> Wave:
    """Return a soft struck tone: a sine with a short chime fourteen times as high."""
    at = times(seconds)
    chime = np.float32(0.8) * np.exp(-at * np.float32(12.0))
    wave = np.sin(2 * np.pi * hertz * at + chime * np.sin(2 * np.pi * 14 * hertz * at))
    return faded(np.asarray(wave * np.exp(-at * np.float32(2.0)), dtype=np.float32))


def distorted(wave: Wave, drive: float) -> Wave:
    """Return a wave driven into a soft limit."""
    return np.asarray(np.tanh(wave * np.float32(drive)), dtype=np.float32)


def noise_band(seconds: float, low_hz: float, high_hz: float, rng: np.random.Generator) -> Wave:
    """Return noise between two frequencies, with a peak of 1."""
    count = max(1, round(seconds * RATE_HZ))
    spectrum = np.fft.rfft(rng.standard_normal(count))
    bins_hz = np.fft.rfftfreq(count, 1 / RATE_HZ)
    spectrum *= 1 / (1 + (low_hz / np.maximum(bins_hz, 1)) ** 4) / (1 + (bins_hz / high_hz) ** 4)
    wave = np.fft.irfft(spectrum, count)
    return np.asarray(wave / max(1e-9, np.abs(wave).max()), dtype=np.float32)


def kick(pitch: float) -> Wave:
    """Return a bass drum: a sine that falls to about 48 Hz; `pitch` scales it."""
    at = times(0.25)
    phase = 2 * np.pi * pitch * (48 * at + 130 * 0.03 * (1 - np.exp(-at / 0.03)))
    return faded(np.asarray(np.sin(phase) * np.exp(-at / 0.09), dtype=np.float32), 0.001)


def snare(pitch: float, rng: np.random.Generator) -> Wave:
    """Return a snare drum: a short tone under a burst of noise."""
    at = times(0.18)
    tone = np.sin(2 * np.pi * 190 * pitch * at) * np.exp(-at / 0.04)
    burst = rng.standard_normal(at.size) * np.exp(-at / 0.05)
    return faded(np.asarray(0.5 * tone + 0.25 * burst, dtype=np.float32), 0.001)


def hat(seconds: float, rng: np.random.Generator) -> Wave:
    """Return a cymbal: noise whose lows a difference takes away, gone in about `seconds`."""
    at = times(3 * seconds)
    burst = np.diff(rng.standard_normal(at.size + 1))
    return faded(np.asarray(0.3 * burst * np.exp(-at / seconds), dtype=np.float32), 0.001)


def add(track: Wave, voice: Wave, at_s: float, gain: float = 1.0) -> None:
    """Add a voice to a track in place; what lies before its start or past its end is cut off."""
    start = round(at_s * RATE_HZ)
    if start < 0:
        voice, start = voice[-start:], 0
    room = track[start : start + voice.size]
    room += np.float32(gain) * voice[: room.size]
