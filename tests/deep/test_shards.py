"""The cache of spectrograms: what was written comes back, one setting, damage, resume."""

from pathlib import Path

import numpy as np
import pytest

from zoneclf.deep import shards
from zoneclf.deep.shards import SpectrogramCache
from zoneclf.deep.spectrograms import SpectrogramSettings
from zoneclf.errors import TableError

SETTINGS = SpectrogramSettings(mels=8)


def clip(seed: int, frames: int = 10) -> np.ndarray:
    return np.random.default_rng(seed).normal(-40, 20, (frames, 8)).astype(np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cache = SpectrogramCache(tmp_path / "cache", SETTINGS)
    for number in range(4):
        cache.write(f"t{number}", clip(number, 5 + number))
    cache.flush()
    return cache.folder


def test_what_was_written_comes_back(folder: Path) -> None:
    cache = SpectrogramCache(folder, SETTINGS)
    for number in range(4):
        found = cache.read(f"t{number}")
        assert found.dtype == np.float16
        assert isinstance(found, np.memmap)
        np.testing.assert_array_equal(found, clip(number, 5 + number).astype(np.float16))
        assert cache.about(f"t{number}") == (5 + number, "ok", "")


def test_foreign_ones_keep_their_precision(tmp_path: Path) -> None:
    settings = SpectrogramSettings(mels=8, foreign=True)
    cache = SpectrogramCache(tmp_path, settings)
    cache.write("t", clip(0) * 1e5)
    cache.flush()
    np.testing.assert_array_equal(cache.read("t"), clip(0) * np.float32(1e5))


def test_more_shards_are_added(folder: Path) -> None:
    cache = SpectrogramCache(folder, SETTINGS)
    cache.write("more", clip(9), status="truncated", reason="half of it")
    assert "more" in cache
    cache.flush()
    again = SpectrogramCache(folder, SETTINGS)
    assert again.about("more") == (10, "truncated", "half of it")
    np.testing.assert_array_equal(again.read("t0"), clip(0, 5).astype(np.float16))
    assert len(list(folder.glob("part-*.npy"))) == 2


def test_a_full_shard_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "SHARD_BYTES", 400)
    cache = SpectrogramCache(tmp_path, SETTINGS)
    for number in range(10):
        cache.write(f"t{number}", clip(number))
    assert len(list(tmp_path.glob("part-*.npy"))) == 3
    assert "t8" in SpectrogramCache(tmp_path, SETTINGS)
    assert "t9" not in SpectrogramCache(tmp_path, SETTINGS)  # not on the disk yet


def test_an_old_shard_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "SHARD_S", 0.0)
    cache = SpectrogramCache(tmp_path, SETTINGS)
    cache.write("t", clip(0))
    assert "t" in SpectrogramCache(tmp_path, SETTINGS)


def test_a_shard_of_a_run_that_was_killed_is_no_loss(folder: Path) -> None:
    np.save(folder / "part-00001.npy", np.zeros((3, 8), np.float16))  # no index names it
    cache = SpectrogramCache(folder, SETTINGS)
    cache.write("more", clip(9))
    cache.flush()
    found = SpectrogramCache(folder, SETTINGS).read("more")
    np.testing.assert_array_equal(found, clip(9).astype(np.float16))


def test_other_settings_are_refused(folder: Path) -> None:
    with pytest.raises(TableError, match="other settings \\(hop 512 not 256\\)"):
        SpectrogramCache(folder, SpectrogramSettings(mels=8, hop=256))


def test_another_number_of_mels_is_refused(folder: Path) -> None:
    with pytest.raises(TableError, match="10x9 does not fit 8 mels"):
        SpectrogramCache(folder, SETTINGS).write("t", np.zeros((10, 9), np.float32))


def test_what_is_not_there_is_refused(folder: Path) -> None:
    with pytest.raises(TableError, match="no spectrogram of other"):
        SpectrogramCache(folder, SETTINGS).read("other")


@pytest.mark.parametrize("name", ["settings.json", "index.parquet", "part-00000.npy"])
@pytest.mark.parametrize("damage", ["empty", "garbage", "cut"])
def test_damage_is_told_by_name(folder: Path, name: str, damage: str) -> None:
    path = folder / name
    whole = path.read_bytes()
    damaged = {"empty": b"", "garbage": b"\x80\x04garbage", "cut": whole[: len(whole) - 40]}
    path.write_bytes(damaged[damage])
    with pytest.raises(TableError, match=name):
        SpectrogramCache(folder, SETTINGS).read("t3")


def test_settings_that_are_gone_are_told(folder: Path) -> None:
    (folder / "settings.json").unlink()
    with pytest.raises(TableError, match="is missing"):
        SpectrogramCache(folder, SETTINGS)


def test_an_index_that_points_past_a_shard_is_told(folder: Path) -> None:
    np.save(folder / "part-00000.npy", np.zeros((12, 8), np.float16))
    with pytest.raises(TableError, match="shorter than its index"):
        SpectrogramCache(folder, SETTINGS).read("t3")
