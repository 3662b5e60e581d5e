"""Many files: which are there, copies, worker processes, what fails."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from zoneclf.deep import listening
from zoneclf.deep.isolation import Isolated
from zoneclf.deep.listening import Found, Listener, identify, one_per_sound
from zoneclf.deep.readers.listing import GENRES_JOINED, GenreTrack, join_genres
from zoneclf.deep.shards import SpectrogramCache
from zoneclf.deep.spectrograms import SpectrogramSettings
from zoneclf.errors import AudioError

Write = Callable[..., Path]
SETTINGS = SpectrogramSettings(mels=16)


def tracks(*paths: Path) -> list[GenreTrack]:
    return [GenreTrack(path, (path.stem,)) for path in paths]


@pytest.fixture
def music(tmp_path: Path, write_wav: Write, noise: Callable[..., np.ndarray]) -> list[Path]:
    folder = tmp_path / "music"
    folder.mkdir()
    return [write_wav(folder / f"{seed}.wav", 0.2 * noise(44_100, seed)) for seed in range(6)]


def listen(folder: Path, found: list[Found], jobs: int) -> tuple[dict, SpectrogramCache, list]:
    cache = SpectrogramCache(folder, SETTINGS)
    seen: list[tuple[int, int]] = []
    heard = Listener(cache, jobs, time_limit_s=60).run(found, lambda *done: seen.append(done))
    return heard, cache, seen


def test_copies_are_one_sound_with_the_genres_of_all(music: list[Path]) -> None:
    copy = music[0].with_name("copy.wav")
    copy.write_bytes(music[0].read_bytes())
    kept, odd = one_per_sound(identify(tracks(*music, copy), {}), join_genres, GENRES_JOINED)
    assert len(kept) == 6
    assert kept[0].track.genres == ("0", "copy")
    assert "same sound" in odd[0].what
    assert odd[0].where == str(copy)


def test_missing_files_are_no_copies_of_each_other(tmp_path: Path) -> None:
    kept, odd = one_per_sound(
        identify(tracks(tmp_path / "a.wav", tmp_path / "b.wav"), {}), join_genres, GENRES_JOINED
    )
    assert [file.status for file in kept] == ["missing", "missing"]
    assert not odd


def test_known_files_are_not_read_again(music: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    first = identify(tracks(*music), {})
    known = {file.state: file.file_id for file in first}
    read: list[Path] = []
    monkeypatch.setattr(listening, "sound_id", lambda path, _: read.append(path) or "new")
    assert identify(tracks(*music), known) == first
    assert read == []
    os.utime(music[2], (1, 1))
    assert identify(tracks(*music), known)[2].track_id == "new"


def test_rows_of_one_array_are_different_tracks(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((3, 16, 5)))
    rows = [GenreTrack(tmp_path / "x.npy", ("rock",), row=row) for row in range(3)]
    found = identify(rows, {})
    assert len({file.track_id for file in found}) == 3
    assert len({file.file_id for file in found}) == 1


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_spectrograms_are_the_same_with_any_number_of_processes(
    tmp_path: Path, music: list[Path], jobs: int
) -> None:
    broken = music[0].with_name("broken.wav")
    broken.write_bytes(b"no sound")
    found = identify(tracks(*music, broken), {})
    heard, cache, seen = listen(tmp_path / "one", found, jobs)
    again, other, _ = listen(tmp_path / "two", found, 1)
    assert heard == again
    assert heard[found[-1].track_id][1] == "undecodable"
    assert seen[-1] == (7, 7)
    for file in found[:-1]:
        key = file.track_id
        assert heard[key] == (87 // 2 + 1, "ok", "")
        np.testing.assert_array_equal(cache.read(key), other.read(key))


def test_only_what_is_missing_is_computed(tmp_path: Path, music: list[Path]) -> None:
    found = identify(tracks(*music), {})
    listen(tmp_path / "cache", found[:4], 1)
    heard, _, seen = listen(tmp_path / "cache", found, 1)
    assert len(heard) == 6
    assert seen == [(1, 2), (2, 2)]


def test_what_was_done_before_an_interruption_is_kept(tmp_path: Path, music: list[Path]) -> None:
    found = identify(tracks(*music), {})

    def stop(done: int, _: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    cache = SpectrogramCache(tmp_path / "cache", SETTINGS)
    with pytest.raises(KeyboardInterrupt):
        Listener(cache, 1).run(found, stop)
    _, _, seen = listen(tmp_path / "cache", found, 1)
    assert seen[-1] == (3, 3)


def test_a_file_that_changes_meanwhile_is_not_taken(tmp_path: Path, music: list[Path]) -> None:
    found = identify(tracks(*music), {})
    music[0].write_bytes(music[1].read_bytes() + b"\0\0")
    heard, _, _ = listen(tmp_path / "cache", found, 1)
    assert heard[found[0].track_id][1] == "unreadable"


def test_a_worker_that_hangs_or_dies_costs_its_own_file_only(
    tmp_path: Path, music: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Fails(Isolated):
        def run(self, jobs: Iterable[Found]) -> Iterator[tuple[Found, object]]:
            for job in jobs:
                gone = job.track.path.stem == "0"
                yield job, AudioError("timeout", "late") if gone else self.work(job)

    monkeypatch.setattr(listening, "Isolated", Fails)
    found = identify(tracks(*music), {})
    heard, _, _ = listen(tmp_path / "cache", found, 2)
    assert heard[found[0].track_id] == (0, "timeout", "late")
    assert [heard[file.track_id][1] for file in found[1:]] == ["ok"] * 5


def test_each_stretch_of_a_file_is_a_track_of_its_own(music: list[Path]) -> None:
    parts = [
        GenreTrack(music[0], ("rock",), start_s=start_s, end_s=end_s)
        for start_s, end_s in ((0.0, 0.0), (0.0, 0.6), (0.2, 0.8), (0.2, 0.8))
    ]
    found = identify(parts, {})
    assert len({file.track_id for file in found}) == 3
    assert len({file.file_id for file in found}) == 1
