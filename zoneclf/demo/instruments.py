"""Single voices of the demo's synthesiser: one drum hit, one note, one riser.

Every voice is mono float32 at `RATE_HZ`, shape (samples,), with a peak of about 1.  Frequencies
are in hertz, lengths in samples unless the name ends in `_s`.
"""

import numpy as np
import numpy.typing as npt

RATE_HZ = 44_100
Wave = npt.NDArray[np.float32]

# A wavetable holds one period in 2**12 samples; a 32-bit phase wraps by itself at 2**32.
_TABLE_BITS = 12
_PHASE_BITS = 32
_HARMONICS = 16


def hertz_of(note: float) -> float:
    """Return the frequency in hertz of a MIDI `note` (69 is 440 Hz)."""
    return float(440.0 * 2.0 ** ((note - 69.0) / 12.0))


def wavetable(brightness: float) -> Wave:
    """Return one period of a harmonic sound, shape (4096,).

    `brightness` 0 is nearly a sine, 1 nearly a sawtooth of 16 harmonics.
    """
    size = 2**_TABLE_BITS
    harmonics = np.arange(1, _HARMONICS + 1)
    spectrum = np.zeros(size // 2 + 1, dtype=np.complex128)
    spectrum[1 : _HARMONICS + 1] = -1j * harmonics ** -(3.2 - 2.2 * brightness)
    period = np.fft.irfft(spectrum, size)
    return np.asarray(period / np.abs(period).max(), dtype=np.float32)


def tone(table: Wave, frequency_hz: float, sample_count: int) -> Wave:
    """Return `table` played at `frequency_hz`, shape (sample_count,)."""
    step = np.uint32(round(frequency_hz / RATE_HZ * 2**_PHASE_BITS))
    phase = np.arange(sample_count, dtype=np.uint32) * step
    return np.asarray(table[phase >> np.uint32(_PHASE_BITS - _TABLE_BITS)], dtype=np.float32)


def decay(sample_count: int, time_s: float) -> Wave:
    """Return an envelope from 1 that falls to 1/e in `time_s` seconds, shape (sample_count,)."""
    ages = np.arange(sample_count, dtype=np.float32) / np.float32(RATE_HZ * time_s)
    return np.asarray(np.exp(-ages), dtype=np.float32)


def pluck(table: Wave, frequency_hz: float, sample_count: int) -> Wave:
    """Return a short note with a sharp start, shape (sample_count,)."""
    note = tone(table, frequency_hz, sample_count) * decay(sample_count, 0.16)
    return faded(note, fade_s=0.004)


def faded(wave: Wave, *, fade_s: float) -> Wave:
    """Return `wave` with both ends ramped over `fade_s` seconds so that it does not click."""
    edge = min(round(fade_s * RATE_HZ), wave.size // 2)
    ramp = np.linspace(0.0, 1.0, edge, dtype=np.float32)
    out = wave.copy()
    out[:edge] *= ramp
    out[out.size - edge :] *= ramp[::-1]
    return out


def kick(brightness: float) -> Wave:
    """Return a bass drum of 0.28 s: a sine that falls from about 160 to 46 Hz."""
    count = round(0.28 * RATE_HZ)
    frequency_hz = 46.0 + (110.0 + 60.0 * brightness) * decay(count, 0.03)
    phase = 2.0 * np.pi * np.cumsum(frequency_hz, dtype=np.float64) / RATE_HZ
    body = np.sin(phase).astype(np.float32) * decay(count, 0.11)
    return faded(body, fade_s=0.001)


def snare(brightness: float, rng: np.random.Generator) -> Wave:
    """Return a snare drum of 0.2 s: a 185 Hz body under a burst of noise."""
    count = round(0.2 * RATE_HZ)
    noise = rng.standard_normal(count, dtype=np.float32) * decay(count, 0.06)
    body = tone(wavetable(0.2), 185.0, count) * decay(count, 0.05)
    return faded(0.6 * body + (0.12 + 0.14 * brightness) * noise, fade_s=0.001)


def hat(brightness: float, rng: np.random.Generator) -> Wave:
    """Return a closed hi-hat of 0.08 s: noise whose lows a difference filter takes away."""
    count = round(0.08 * RATE_HZ)
    noise = rng.standard_normal(count + 1, dtype=np.float32)
    time_s = 0.012 + 0.016 * brightness
    return faded(0.22 * np.diff(noise) * decay(count, time_s), fade_s=0.001)


def crash(rng: np.random.Generator) -> Wave:
    """Return a cymbal crash of 1.2 s."""
    count = round(1.2 * RATE_HZ)
    noise = rng.standard_normal(count + 1, dtype=np.float32)
    return faded(0.2 * np.diff(noise) * decay(count, 0.35), fade_s=0.001)


def riser(sample_count: int, rng: np.random.Generator) -> Wave:
    """Return noise that grows louder and brighter until its end, shape (sample_count,)."""
    noise = rng.standard_normal(sample_count + 8, dtype=np.float32)
    total = np.cumsum(noise)
    dull = (total[8:] - total[:-8]) / np.float32(8.0)
    sharp = np.diff(noise[7:]) * np.float32(0.5)
    progress = np.linspace(0.0, 1.0, sample_count, dtype=np.float32)
    swept = (1 - progress) * dull + progress * sharp
    return np.asarray(0.4 * progress**2 * swept, dtype=np.float32)


def place(track: Wave, hit: Wave, hits: tuple[npt.NDArray[np.int64], Wave]) -> None:
    """Add `hit` to `track` in place at each start; what would pass the end is cut off.

    `hits` are the starts in samples and their gains, each of shape (hits,).
    """
    for start, gain in zip(*hits, strict=True):
        room = track[start : start + hit.size]
        room += gain * hit[: room.size]
