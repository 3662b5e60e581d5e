"""Whole tracks that are synthesised to be judged on: where their drops are is known.

Sound is mono float32 at 44 100 Hz, shape (samples,), full scale 1; times are in seconds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy import ndimage, signal

from zoneclf.demo import instruments
from zoneclf.demo.instruments import RATE_HZ, Wave
from zoneclf.demo.sound import arranged
from zoneclf.demo.style import Section, Style, style_of

__all__ = ["CALM", "RATE_HZ", "DropTrack", "calm_track", "track_with_drops"]

_BLOCK_SAMPLES: Final = 5 * RATE_HZ


@dataclass(frozen=True)
class DropTrack:
    """One track: its sound and the moment of each drop."""

    name: str
    sound: Wave
    drop_s: tuple[float, ...]

    def blocks(self) -> Iterator[Wave]:
        """Yield the sound as an extractor takes it."""
        for start in range(0, self.sound.size, _BLOCK_SAMPLES):
            yield self.sound[start : start + _BLOCK_SAMPLES]


def track_with_drops(seed: int) -> DropTrack:
    """Return a dance track with one to four drops, a break and a build-up before each.

    The seed decides tempo (88 to 175 BPM), level (-22 to -9 dB), voices, how many drops there
    are, the length of break and build-up together (4 to 16 s, whole bars), how loud a noise rises
    into the drop, and how much of the difference between break and drop the master leaves.
    """
    rng = np.random.default_rng([seed, 7])
    drop_count = 1 + seed % 4
    style = replace(
        style_of(rng.uniform(6.0, 8.5), rng.uniform(3.0, 8.0), rng),
        bpm=float(rng.uniform(88.0, 175.0)),
        loudness_db=float(rng.uniform(-22.0, -9.0)),
    )
    plan = _plan(style, drop_count, rng)
    drops = tuple(part.start_bar * _bar_s(style) for part in plan if part.kind == "drop")
    sound = _mono(style, plan, rng)
    for part in plan:
        if part.kind == "build":
            _rise(sound, part, style, rng)
    return DropTrack(f"drops {seed}", _squeezed(sound, rng.uniform(0.0, 0.5)), drops)


def calm_track(kind: str, seed: int) -> DropTrack:
    """Return a track of a kind in `CALM`, about a minute long; it has no drop."""
    rng = np.random.default_rng([seed, 8])
    return DropTrack(f"{kind} {seed}", CALM[kind](rng), ())


def _plan(style: Style, drop_count: int, rng: np.random.Generator) -> tuple[Section, ...]:
    """Return intro, groove, then break, build-up, drop and groove as often as there are drops."""

    def bars(shortest_s: float, longest_s: float) -> int:
        return max(1, int(rng.uniform(shortest_s, longest_s) / _bar_s(style)))

    parts = [("intro", bars(4, 8)), ("groove", bars(8, 20))]
    for _ in range(drop_count):
        rest = max(2, bars(4, 16))
        build = max(1, rest // 2)
        parts += [("break", rest - build), ("build", build)]
        parts += [("drop", bars(10, 24)), ("groove", bars(6, 16))]
    return _sections([*parts, ("outro", bars(3, 8))])


def _sections(parts: list[tuple[str, int]]) -> tuple[Section, ...]:
    ends = np.cumsum([length for _, length in parts]).tolist()
    kinds = [kind for kind, _ in parts]
    return tuple(map(Section, kinds, [0, *ends[:-1]], ends))


def _mono(style: Style, plan: tuple[Section, ...], rng: np.random.Generator) -> Wave:
    length = plan[-1].end_bar * style.bar_samples
    sound = arranged(style, plan, rng, length=length)
    return np.asarray(sound.mean(axis=1), dtype=np.float32)


def _rise(sound: Wave, part: Section, style: Style, rng: np.random.Generator) -> None:
    """Add noise that grows until the drop, in place; at its end it is -20 to 0 dB of the track."""
    start, end = part.start_bar * style.bar_samples, part.end_bar * style.bar_samples
    noise = instruments.riser(end - start, rng)
    loudest = float(np.sqrt(np.mean(np.square(noise[-RATE_HZ // 4 :]))))
    level = float(np.sqrt(np.mean(np.square(sound)))) * 10.0 ** (rng.uniform(-20.0, 0.0) / 20.0)
    sound[start:end] += np.float32(level / loudest) * noise


def _squeezed(sound: Wave, share: float) -> Wave:
    """Return `sound` compressed: of a difference of level in dB, 1 - `share` is left."""
    width = round(0.2 * RATE_HZ)
    power = ndimage.uniform_filter1d(np.square(sound, dtype=np.float64), width)
    level = np.sqrt(np.maximum(power, 1e-3 * power.max()))
    out = sound * (level / level.max()) ** -share
    return np.asarray(np.abs(sound).max() / np.abs(out).max() * out, dtype=np.float32)


def _bar_s(style: Style) -> float:
    """Return the length of a bar as it sounds, whole samples."""
    return style.bar_samples / RATE_HZ


def _one_part(kind: str, arousal: float, rng: np.random.Generator) -> Wave:
    style = style_of(arousal, rng.uniform(3.0, 8.0), rng)
    return _mono(style, _sections([(kind, round(60.0 / style.bar_s))]), rng)


def _steady(rng: np.random.Generator) -> Wave:
    """Return a beat that goes on unchanged."""
    return _one_part("groove", rng.uniform(5.5, 8.5), rng)


def _late(rng: np.random.Generator) -> Wave:
    """Return a steady beat after a second or two of silence, as encoders and editors leave it."""
    silence = np.zeros(round(rng.uniform(0.5, 2.0) * RATE_HZ), dtype=np.float32)
    return np.concatenate([silence, _steady(rng)])


def _ambient(rng: np.random.Generator) -> Wave:
    """Return pads and a slow arpeggio."""
    return _one_part("intro", rng.uniform(1.0, 3.0), rng)


def _fading(rng: np.random.Generator) -> Wave:
    """Return a beat that fades in or out over its whole length."""
    sound = _steady(rng)
    ramp = np.linspace(0.02, 1.0, sound.size, dtype=np.float32)
    return np.asarray(sound * (ramp if rng.random() < 0.5 else ramp[::-1]), dtype=np.float32)


def _speech(rng: np.random.Generator) -> Wave:
    """Return noise in the band of speech: four syllables a second, pauses between phrases."""
    count = 60 * RATE_HZ
    band = signal.butter(2, [200.0, 3000.0], "bandpass", fs=RATE_HZ, output="sos")
    noise = signal.sosfilt(band, rng.standard_normal(count))
    at_s = np.arange(count) / RATE_HZ
    gain = 0.2 + 0.8 * np.square(np.sin(np.pi * rng.uniform(3.5, 5.0) * at_s))
    start_s = 0.0
    while start_s < 60.0:
        end_s = start_s + rng.uniform(2.0, 5.0)
        pause_s = rng.uniform(0.3, 0.8)
        gain[round(end_s * RATE_HZ) : round((end_s + pause_s) * RATE_HZ)] = 0.02
        start_s = end_s + pause_s
    return np.asarray(0.3 * gain * noise, dtype=np.float32)


CALM: Final[dict[str, Callable[[np.random.Generator], Wave]]] = {
    "steady": _steady,
    "late": _late,
    "ambient": _ambient,
    "fading": _fading,
    "speech": _speech,
}
