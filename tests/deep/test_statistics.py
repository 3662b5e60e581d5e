"""Statistics of spectrograms against numpy on all of them."""

import numpy as np
import pytest

from zoneclf.deep import statistics
from zoneclf.deep.statistics import QUANTILES, statistics_of

RNG = np.random.default_rng(0)
CLIPS = [RNG.normal(-30, 10, (frames, 4)).astype(np.float32) for frames in (50, 80, 1, 120)]


def test_they_equal_numpy() -> None:
    found = statistics_of(CLIPS, 251)
    frames = np.concatenate(CLIPS)
    assert found["range"] == [frames.min(), frames.max()]
    assert found["mean"] == pytest.approx(frames.mean(), abs=1e-4)
    assert found["sd"] == pytest.approx(frames.std(), abs=1e-4)
    np.testing.assert_allclose(found["bands"]["mean"], frames.mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(found["bands"]["sd"], frames.std(axis=0), atol=1e-4)
    wanted = np.quantile(frames, QUANTILES, axis=0)
    np.testing.assert_allclose(found["bands"]["quantiles"], wanted, atol=1e-4)
    means = np.quantile([clip.mean() for clip in CLIPS], QUANTILES)
    np.testing.assert_allclose(found["clips"]["mean"], means, atol=1e-4)
    assert (found["frames"], found["frames_used"]) == (251, 251)


def test_of_a_large_set_every_so_many_frames_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "MOST_FRAMES", 100)
    found = statistics_of(CLIPS, 251)
    assert found["frames"] == 251
    assert found["frames_used"] == sum(-(-len(clip) // 3) for clip in CLIPS)
    assert found["mean"] == pytest.approx(-30, abs=2)


def test_nothing_has_none() -> None:
    assert statistics_of([], 0) == {}
