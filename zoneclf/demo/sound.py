"""The sound of a `Style`: float32, shape (samples, channels=2), 44 100 Hz, full scale 1.

A stem is a loop of four bars (bass, pads, arpeggio) or a grid of 16 steps per bar (drums); the
sections of the arrangement set its gain over time.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from zoneclf.demo import instruments
from zoneclf.demo.instruments import RATE_HZ, Wave
from zoneclf.demo.style import LEVELS, Section, Style, sections, style_of

__all__ = ["PEAK", "RATE_HZ", "Section", "Style", "arranged", "render", "sections", "style_of"]

PEAK: Final = 0.98
STEPS: Final = 16

# Semitones above the root, shape (bars=4, notes of a chord=3).
_MAJOR: Final = ((0, 4, 7), (7, 11, 14), (9, 12, 16), (5, 9, 12))
_MINOR: Final = ((0, 3, 7), (8, 12, 15), (5, 8, 12), (-2, 2, 5))


def render(style: Style, duration_s: float, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return the sound of a track in `style`, shape (samples, channels=2), within +-0.98."""
    length = round(duration_s * RATE_HZ)
    return arranged(style, sections(style, duration_s), rng, length=length)


def arranged(
    style: Style, plan: tuple[Section, ...], rng: np.random.Generator, *, length: int
) -> npt.NDArray[np.float32]:
    """Return the first `length` samples of sections one after another, as `render` does."""
    center = _drums(style, plan, rng)[:length]
    center += _looped(_bass_loop(style), plan, "bass")[:length] * np.float32(0.55 * style.bass)
    pads, arpeggio = _chord_loops(style)
    mix = np.empty((2, length), dtype=np.float32)
    for side in range(2):
        wide = _looped(pads[side], plan, "pads") * np.float32(style.pads)
        wide += _looped(arpeggio[side], plan, "arpeggio")
        mix[side] = center + wide[:length]
    return _mastered(mix, style)


def _mastered(mix: Wave, style: Style) -> Wave:
    rms = float(np.sqrt(np.mean(np.square(mix)))) + 1e-9
    mix *= np.float32(10.0 ** (style.loudness_db / 20.0) / rms / PEAK)
    np.tanh(mix, out=mix)
    edge = min(round(1.2 * RATE_HZ), mix.shape[1] // 2)
    ramp = np.linspace(0.0, 1.0, edge, dtype=np.float32)
    mix[:, :edge] *= ramp
    mix[:, mix.shape[1] - edge :] *= ramp[::-1]
    mix *= np.float32(PEAK)
    return np.ascontiguousarray(mix.T)


def _looped(loop: Wave, plan: tuple[Section, ...], stem: str) -> Wave:
    """Repeat a loop of four bars under the gains that `plan` gives its stem."""
    bar_samples = loop.size // 4
    out = np.resize(loop, plan[-1].end_bar * bar_samples)
    edge = min(round(0.03 * RATE_HZ), bar_samples)
    before = np.float32(0.0)
    for section in plan:
        gain = np.float32(getattr(LEVELS[section.kind], stem))
        part = out[section.start_bar * bar_samples : section.end_bar * bar_samples]
        part[edge:] *= gain
        part[:edge] *= np.linspace(before, gain, edge, dtype=np.float32)
        before = gain
    return out


def _bass_loop(style: Style) -> Wave:
    """Return four bars of bass: one note per hit of an eight-step pattern."""
    bar, eighth = style.bar_samples, style.bar_samples // 8
    table = instruments.wavetable(0.25 + 0.5 * style.brightness)
    hits = _bass_steps(style)
    loop = np.zeros(4 * bar, dtype=np.float32)
    for index, root in enumerate(_chords(style)[:, 0]):
        note = instruments.tone(table, instruments.hertz_of(root - 12), eighth)
        note = instruments.faded(note, fade_s=0.01)
        starts = index * bar + hits * eighth
        instruments.place(loop, note, (starts, np.ones(hits.size, dtype=np.float32)))
    return _distorted(loop, style.grit)


def _distorted(loop: Wave, grit: float) -> Wave:
    """Return `loop` driven into a soft limit; its loudness stays about the same."""
    drive = np.float32(0.01 + 9.0 * grit)
    return np.asarray(np.tanh(loop * drive) / np.sqrt(drive * np.tanh(drive)), dtype=np.float32)


def _bass_steps(style: Style) -> npt.NDArray[np.int64]:
    if style.density < 0.4:
        return np.array([0, 1, 4])
    if style.syncopation > 0.6:
        return np.array([0, 1, 3, 4, 6, 7])
    return np.array([1, 3, 5, 7]) if style.density < 0.7 else np.arange(8)


def _chord_loops(style: Style) -> tuple[Wave, Wave]:
    """Return pads and arpeggio, each of shape (channels=2, samples of four bars)."""
    bar = style.bar_samples
    table = instruments.wavetable(0.75 * style.brightness)
    pads = np.zeros((2, 4 * bar), dtype=np.float32)
    arpeggio = np.zeros_like(pads)
    swell = _swell(style)
    for index, chord in enumerate(_chords(style)):
        part = slice(index * bar, (index + 1) * bar)
        for side, detune in enumerate((-0.06, 0.06)):
            for note in chord:
                hertz = instruments.hertz_of(note + detune)
                pads[side, part] += instruments.tone(table, hertz, bar) * swell
            _arpeggiate(arpeggio[side, part], chord + 12 + side * 7, style)
    pads = _distorted(pads * np.float32(0.14), style.grit)
    return pads, arpeggio * np.float32(0.1 + 0.16 * style.brightness)


def _swell(style: Style) -> Wave:
    """Return a pad's gain over one bar: a slow attack, and a dip at each beat under drums."""
    at = np.arange(style.bar_samples, dtype=np.float32) / np.float32(style.bar_samples)
    attack = 0.03 + 0.3 * (1.0 - style.density)
    slow = np.minimum(1.0, np.minimum(at, 1.0 - at) / np.float32(attack))
    dip = np.float32(0.7 * style.drums) * np.exp(-np.float32(6.0) * (4 * at % 1))
    return np.asarray(slow * (1 - dip), dtype=np.float32)


def _arpeggiate(bar: Wave, chord: npt.NDArray[np.int64], style: Style) -> None:
    """Add plucked chord notes to one bar in place; more of them where the style is denser."""
    table = instruments.wavetable(style.brightness)
    count = 4 if style.density < 0.35 else 8 if style.density < 0.65 else 16
    step = bar.size // count
    gain = np.ones(1, dtype=np.float32)
    for number in range(count):
        hertz = instruments.hertz_of(chord[number % chord.size])
        note = instruments.pluck(table, hertz, min(bar.size, max(step, round(0.4 * RATE_HZ))))
        instruments.place(bar, note, (np.array([number * step]), gain))


def _drums(style: Style, plan: tuple[Section, ...], rng: np.random.Generator) -> Wave:
    """Return kick, snare, hat, cymbals and build-ups as one stem of whole bars."""
    stem = np.zeros(plan[-1].end_bar * style.bar_samples, dtype=np.float32)
    hits = (
        instruments.kick(style.brightness),
        instruments.snare(style.brightness, rng),
        instruments.hat(style.brightness, rng),
    )
    bar_gains = np.concatenate(
        [np.full(part.end_bar - part.start_bar, LEVELS[part.kind].drums) for part in plan]
    )
    for hit, pattern in zip(hits, _patterns(style, bar_gains.size, rng), strict=True):
        gains = (pattern * bar_gains[:, np.newaxis] * style.drums).ravel().astype(np.float32)
        steps = np.flatnonzero(gains > 0.01)
        instruments.place(stem, hit, (steps * style.bar_samples // STEPS, gains[steps]))
    for part in plan:
        if part.kind == "build":
            _build_up(stem, part, style, rng=rng)
    return stem


def _patterns(
    style: Style, bar_count: int, rng: np.random.Generator
) -> list[npt.NDArray[np.float64]]:
    """Return gains of kick, snare and hat, each of shape (bars, steps=16)."""
    kick, snare, hat = np.zeros((3, STEPS))
    kick[[0, 8]] = 1.0
    if style.density > 0.5:
        kick[[4, 12]] = 1.0
    if style.syncopation > 0.55:
        kick[10] = 0.8
    snare[[4, 12]] = 0.8 if style.density > 0.3 else 0.0
    hat[:: 1 if style.density > 0.72 else 2 if style.density > 0.4 else 4] = 0.5
    hat[2::4] = max(0.8 if style.density > 0.5 else 0.0, hat[2])
    ghosts = rng.random((3, bar_count, STEPS)) < 0.12 * style.density
    return [
        np.maximum(base, 0.35 * ghost)
        for base, ghost in zip((kick, snare, hat), ghosts, strict=True)
    ]


def _build_up(stem: Wave, part: Section, style: Style, *, rng: np.random.Generator) -> None:
    """Add a riser, a snare roll that thickens, half a bar of rest and a crash, in place."""
    bar = style.bar_samples
    start, end = part.start_bar * bar, part.end_bar * bar
    rest = end - bar // 2
    stem[start:rest] += np.float32(0.35) * instruments.riser(rest - start, rng)
    steps = np.arange(start, rest, bar // STEPS)
    progress = (steps - start) / (rest - start)
    played = np.arange(steps.size) % np.where(progress < 0.4, 4, np.where(progress < 0.7, 2, 1))
    chosen = played == 0
    gains = (0.08 + 0.22 * progress[chosen]).astype(np.float32) * np.float32(style.drums)
    roll = instruments.snare(style.brightness, rng)
    instruments.place(stem, roll, (steps[chosen], gains))
    crash = np.array([0.8 * style.drums], dtype=np.float32)
    instruments.place(stem, instruments.crash(rng), (np.array([end]), crash))


def _chords(style: Style) -> npt.NDArray[np.int64]:
    """Return MIDI notes, shape (bars=4, notes)."""
    chords = np.array(_MINOR if style.minor else _MAJOR) + style.root
    if style.dissonance > 0.35:
        chords = np.column_stack([chords, chords[:, 0] + 1])
    return chords
