"""Crops that were changed sound as if the sound had been, and nothing but learning hears them."""

import numpy as np
import pytest
import torch

from zoneclf.deep.augmentation import Augmentation, Augmenter
from zoneclf.deep.batches import Inputs, answers
from zoneclf.deep.networks import build
from zoneclf.deep.recipe import LearningRecipe
from zoneclf.deep.spectrograms import SpectrogramSettings, log_mel
from zoneclf.deep.strict import MisfitError

SETTINGS = SpectrogramSettings(mels=64)
RATE = SETTINGS.rate_hz
AT = np.arange(2 * RATE) / RATE


class Most(np.random.Generator):
    """Draws the upper end where a number is drawn evenly."""

    def uniform(self, low=0.0, high=1.0, size=None):  # noqa: ARG002
        return high if size is None else np.full(size, high)


def most():
    return Most(np.random.PCG64(0))


def crop_of(wave, settings=SETTINGS):
    return np.ascontiguousarray(log_mel(wave.astype(np.float32), settings).T)


def tone(hertz):
    return 0.5 * np.sin(2 * np.pi * hertz * AT)


def changed(crop, random=None, settings=SETTINGS, frames=None, **how):
    augmenter = Augmenter(Augmentation(**how), settings)
    return augmenter.change(crop, frames or crop.shape[1], random or most())


@pytest.mark.parametrize("semitones", [3, 12])
def test_pitch_moves_a_tone_to_where_it_would_be(semitones):
    wanted = crop_of(tone(440 * 2 ** (semitones / 12)))[:, 20:-20].mean(axis=1)
    found = changed(crop_of(tone(440)), pitch=semitones)[:, 20:-20].mean(axis=1)
    assert abs(int(found.argmax()) - int(wanted.argmax())) <= 1
    assert found.max() == pytest.approx(wanted.max(), abs=4)


def test_a_pitch_that_does_not_move_changes_nothing():
    crop = crop_of(tone(440))
    augmenter = Augmenter(Augmentation(pitch=1e-9), SETTINGS)
    np.testing.assert_allclose(augmenter.change(crop, crop.shape[1], most()), crop, atol=1e-3)


def test_tempo_moves_beats_closer():
    clicks = np.full((64, 150), -80.0, dtype=np.float32)
    clicks[:, ::30] = 0
    augmenter = Augmenter(Augmentation(stretch=0.5), SETTINGS)
    (length,) = augmenter.lengths(1, 100, most())
    assert length == 150
    found = augmenter.change(clicks, 100, most())
    assert found.shape == (64, 100)
    peaks = np.flatnonzero(found[0] > -60)
    assert {int(gap) for gap in np.diff(peaks)} <= {1, 19, 20, 21}


def test_tempo_is_drawn_from_slower_to_faster():
    augmenter = Augmenter(Augmentation(stretch=0.25), SETTINGS)
    lengths = augmenter.lengths(2000, 100, np.random.default_rng(0))
    assert (min(lengths), max(lengths)) == (80, 125)
    assert np.median(lengths) == pytest.approx(100, abs=2)


@pytest.mark.parametrize("normalise", ["none", "unit"])
def test_noise_is_what_noise_in_the_sound_would_be(normalise):
    """At a ratio that is known, in every band of which the tone leaves something to hear."""
    settings = SpectrogramSettings(mels=64, normalise=normalise)
    random = np.random.default_rng(1)
    sound = tone(440) + 0.1 * tone(3000)
    noise = random.normal(0, 1, sound.size)
    noise *= np.sqrt(np.mean(sound**2) / np.mean(noise**2) / 10 ** (40 / 10))
    wanted = crop_of(sound + noise, settings)[:, 5:-5]
    found = changed(crop_of(sound, settings), settings=settings, noise_db=10)[:, 5:-5]
    unit = 1.0 if normalise == "none" else settings.range_db
    apart = unit * (found.mean(axis=1) - wanted.mean(axis=1))
    assert np.abs(apart).max() < 3
    assert abs(apart.mean()) < 0.7
    spread = unit * (found[40:].std(axis=1) - wanted[40:].std(axis=1))
    assert np.abs(spread).mean() < 1


def test_masks_are_neighbours_no_longer_than_they_may_be():
    random = np.random.default_rng(0)
    crop = random.normal(0, 1, (64, 100)).astype(np.float32)
    widths = []
    for _ in range(200):
        out = changed(crop, random, time_mask=0.3)
        columns = np.flatnonzero((out != crop).any(axis=0))
        assert not len(columns) or len(columns) == columns[-1] - columns[0] + 1
        assert np.allclose(out[:, columns], crop.mean(), atol=1e-6)
        widths.append(len(columns))
    assert max(widths) == 30
    assert min(widths) <= 1
    rows = np.flatnonzero((changed(crop, frequency_mask=0.25) != crop).any(axis=1))
    assert len(rows) == 16


class Made:
    """Three clips."""

    spectrogram_settings = SETTINGS

    def __init__(self):
        random = np.random.default_rng(0)
        lengths = (40, 60, 9)
        self.sounds = [random.normal(0, 1, (n, 64)).astype(np.float32) for n in lengths]

    def spectrogram(self, place):
        return self.sounds[place]

    def embeddings(self):
        raise AssertionError("not asked for")


ALL = Augmentation(noise_db=5, stretch=0.2, pitch=2, time_mask=0.3, frequency_mask=0.3)


def test_only_random_crops_are_changed():
    augmenter = Augmenter(ALL, SETTINGS)
    plain, other = Inputs(Made(), 20), Inputs(Made(), 20, augmenter=augmenter)
    shape = {"labels": 2, "mels": 64, "frames": 20, "base_channels": 4, "features": 4}
    network = build("mel-cnn", shape)
    told = [answers(network, inputs, [0, 1, 2]) for inputs in (plain, other)]
    assert (told[0] == told[1]).all()
    assert plain.batch([1], [3])["spectrogram"].equal(other.batch([1], [3])["spectrogram"])
    crops = [one.random_batch([0, 1, 2], np.random.default_rng(0)) for one in (plain, other)]
    assert not torch.allclose(crops[0]["spectrogram"], crops[1]["spectrogram"])
    assert crops[1]["spectrogram"].shape == (3, 64, 20)


def test_crops_follow_from_the_random_numbers_of_their_batch():
    inputs = Inputs(Made(), 20, augmenter=Augmenter(ALL, SETTINGS))
    one, same, other = (
        inputs.random_batch([0, 1, 2], np.random.default_rng(seed))["spectrogram"]
        for seed in (1, 1, 2)
    )
    assert one.equal(same)
    assert not one.equal(other)
    assert torch.isfinite(one).all()


def test_all_is_off_unless_it_is_asked_for():
    assert LearningRecipe().augmentation.given == ()
    recipe = LearningRecipe(noise_db=0.0, pitch=1)
    assert recipe.augmentation.given == ("noise_db", "pitch")
    with pytest.raises(MisfitError, match=r"time_mask is 1; it must be from 0 to 0.9"):
        LearningRecipe(time_mask=1)
