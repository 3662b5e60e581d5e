"""Music that is made up in a moment: chords, noise that comes and goes, a beat."""

import numpy as np
import pytest

from zoneclf.deep.spectrograms import Wave

RATE_HZ = 16_000


def music(seconds: float, seed: int) -> Wave:
    """Return made-up music, shape (samples,)."""
    rng = np.random.default_rng(seed)
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    wave = 0.02 * rng.standard_normal(at.size)
    for _ in range(round(8 * seconds)):
        start, hertz = rng.uniform(0, seconds), 80 * 2 ** rng.uniform(0, 6)
        envelope = np.where(at >= start, np.exp(-(at - start) * rng.uniform(2, 12)), 0)
        tone = np.sin(2 * np.pi * hertz * at) + rng.uniform(0, 1) * rng.standard_normal(at.size)
        wave += rng.uniform(0.1, 0.5) * envelope * tone
    return np.asarray(wave / np.abs(wave).max(), dtype=np.float32)


@pytest.fixture(scope="session")
def wave() -> Wave:
    """Nine seconds of music."""
    return music(9.0, 0)


@pytest.fixture(scope="session")
def others() -> list[Wave]:
    """Six other pieces."""
    return [music(6.0, seed) for seed in range(10, 16)]
