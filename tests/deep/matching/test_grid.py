"""Which settings are tried."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from zoneclf.deep.matching.commands import grid_of, options_of
from zoneclf.deep.matching.grid import Grid, by_transform
from zoneclf.deep.sets.spectrogram_options import spectrogram_changes
from zoneclf.deep.spectrograms import SpectrogramSettings, Wave, log_mel
from zoneclf.errors import SettingsError, UsageError


def test_the_grid_holds_what_librosa_users_take() -> None:
    found = Grid().candidates(128)
    assert len(found) == len(set(found)) == 3072
    usual = SpectrogramSettings(
        n_fft=2048, hop=512, window_length=2048, mels=128, reference="max", excerpt_s=0.0
    )
    assert usual in found
    assert replace(usual, n_fft=1024, hop=256, window_length=1024, reference=1.0) in found
    assert replace(usual, power=1.0, normalise="standard", range_db=0.0) in found


def test_no_two_levels_are_the_same_numbers(wave: Wave) -> None:
    grid = Grid(rate_hz=(16_000,), n_fft=(512,), hop=(256,), window=("hann",))
    quiet = np.concatenate([wave[:16_000], 1e-6 * wave[:16_000]])  # more than 80 dB
    found = [log_mel(quiet, one).tobytes() for one in grid.candidates(40)]
    assert len(found) == len(set(found))


def test_candidates_of_one_transform_stand_together() -> None:
    grid = Grid(rate_hz=(16_000,), n_fft=(512, 1024))
    groups = list(by_transform(grid.candidates(64)))
    assert len(groups) == 2 * 2 * 2 * 4
    assert all(len({(one.n_fft, one.hop, one.window) for one in group}) == 1 for _, group in groups)
    assert sum(len(group) for _, group in groups) == len(grid.candidates(64))


def test_values_to_try_are_said_as_options() -> None:
    grid = grid_of(["hop=160,320", "rate_hz=16000", "reference=max"])
    assert (grid.hop, grid.rate_hz, grid.reference) == ((160, 320), (16_000,), ("max",))
    assert {one.hop for one in grid.candidates(80)} == {160, 320}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("hops=160", "it must be one of rate_hz"),
        ("hop=1.5", "is no whole number"),
        ("window=kaiser", "it must be hann"),
        ("rate_hz=100", "it must be 4000"),
    ],
)
def test_values_that_cannot_be_are_refused(said: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        grid_of([said])


def test_what_is_said_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="said twice"):
        grid_of(["hop=160", "hop=320"])


def test_a_grid_without_a_possible_combination_is_refused() -> None:
    with pytest.raises(SettingsError, match="no combination"):
        Grid(n_fft=(512,), hop=(1024,)).candidates(64)


def test_the_options_of_a_winner_make_its_settings() -> None:
    settings = SpectrogramSettings(
        rate_hz=16_000, n_fft=2048, hop=320, window="hamming", mels=80, power=1.0, reference=1.0
    )
    words = " ".join(options_of(settings)).split()
    said = [value for option, value in itertools.pairwise(words) if "spectr" in option]
    found = spectrogram_changes(said, int(words[words.index("--mels") + 1]), None)
    assert SpectrogramSettings(**found) == settings
