"""What the synthesised music must do: obey the arousal it was made for, and keep its limits."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from zoneclf.demo.sound import PEAK, RATE_HZ, Style, render, sections, style_of

Sound = npt.NDArray[np.float32]
BLOCK = 1024


def rendered(arousal: float, valence: float, seed: int, duration_s: float = 12.0) -> Sound:
    rng = np.random.default_rng(seed)
    return render(style_of(arousal, valence, rng), duration_s, rng)


def blocks(sound: Sound) -> Sound:
    """Return the mono sound in shape (blocks, samples)."""
    mono = sound.mean(axis=1)
    return mono[: mono.size // BLOCK * BLOCK].reshape(-1, BLOCK)


def spectra(sound: Sound) -> Sound:
    return np.abs(np.fft.rfft(blocks(sound) * np.hanning(BLOCK)))


def rms(sound: Sound) -> float:
    return float(np.sqrt(np.mean(np.square(sound))))


def centroid_hz(sound: Sound) -> float:
    power = spectra(sound).mean(axis=0)
    return float((power * np.fft.rfftfreq(BLOCK, 1 / RATE_HZ)).sum() / power.sum())


def onset_density(sound: Sound) -> float:
    """Return rises of level (by 40 % between blocks of 23 ms) per block."""
    level = np.sqrt(np.square(blocks(sound)).mean(axis=1)) + 1e-3
    return float(np.mean(level[1:] / level[:-1] > 1.4))


def loud_track() -> tuple[Style, Sound]:
    rng = np.random.default_rng(3)
    style = style_of(8.0, 6.0, rng)
    return style, render(style, 60.0, rng)


def test_the_same_seed_gives_the_same_sound() -> None:
    np.testing.assert_array_equal(rendered(6.0, 5.0, 1), rendered(6.0, 5.0, 1))


def test_another_seed_gives_another_sound() -> None:
    assert not np.array_equal(rendered(6.0, 5.0, 1), rendered(6.0, 5.0, 2))


@pytest.mark.parametrize("arousal", [1.0, 3.0, 5.0, 7.0, 9.0])
@pytest.mark.parametrize("valence", [1.0, 9.0])
@pytest.mark.parametrize("duration_s", [5.0, 41.3])
def test_sound_is_finite_bounded_and_as_long_as_asked(
    arousal: float, valence: float, duration_s: float
) -> None:
    sound = rendered(arousal, valence, 0, duration_s)
    assert sound.shape == (round(duration_s * RATE_HZ), 2)
    assert sound.dtype == np.float32
    assert np.isfinite(sound).all()
    assert 0.02 < np.abs(sound).max() <= PEAK


@pytest.mark.parametrize("measure", [rms, centroid_hz, onset_density])
def test_energy_grows_with_arousal_on_average(measure: Callable[[Sound], float]) -> None:
    means = [
        np.mean([measure(rendered(arousal, 5.0, seed)) for seed in range(6)])
        for arousal in (2.0, 5.0, 8.0)
    ]
    assert means[0] < means[1] < means[2]


def test_style_is_monotone_in_arousal() -> None:
    styles = [style_of(arousal, 5.0, np.random.default_rng(7)) for arousal in np.arange(1.0, 9.5)]
    for name in ("bpm", "drums", "density", "brightness", "loudness_db", "drop_count"):
        values = [getattr(style, name) for style in styles]
        assert values == sorted(values), name
        assert values[0] < values[-1], name


def test_low_valence_is_minor_and_rough_more_often() -> None:
    sad, happy = (
        [style_of(6.0, valence, np.random.default_rng(seed)) for seed in range(40)]
        for valence in (2.5, 7.5)
    )
    assert sum(style.minor for style in sad) > sum(style.minor for style in happy)
    assert sum(style.grit for style in sad) > sum(style.grit for style in happy)


def test_calm_music_has_neither_drums_nor_drops() -> None:
    style = style_of(1.5, 5.0, np.random.default_rng(0))
    assert style.drums == 0
    assert [part.kind for part in sections(style, 60.0)] == ["intro", "groove", "outro"]


@pytest.mark.parametrize("duration_s", [1.0, 5.0, 16.0, 45.0, 75.0])
@pytest.mark.parametrize("arousal", [1.0, 5.0, 9.0])
def test_sections_cover_the_track_without_gaps(arousal: float, duration_s: float) -> None:
    style = style_of(arousal, 5.0, np.random.default_rng(0))
    parts = sections(style, duration_s)
    assert parts[0].start_bar == 0
    assert all(a.end_bar == b.start_bar for a, b in pairwise(parts))
    assert all(part.end_bar > part.start_bar for part in parts)
    assert parts[-1].end_bar * style.bar_s >= duration_s


def test_a_drop_is_a_valley_followed_by_a_peak() -> None:
    style, sound = loud_track()
    parts = sections(style, 60.0)
    builds = [number for number, part in enumerate(parts) if part.kind == "build"]
    assert len(builds) >= 2
    level = {
        number: rms(sound[part.start_bar * style.bar_samples : part.end_bar * style.bar_samples])
        for number, part in enumerate(parts)
    }
    for number in builds:
        assert parts[number + 1].kind == "drop"
        assert level[number] < 0.5 * level[number - 1]
        assert level[number] < rms(sound) < level[number + 1]
        assert (parts[number].end_bar - parts[number].start_bar) * style.bar_s < 8.0
