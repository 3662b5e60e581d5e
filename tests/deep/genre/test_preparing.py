"""From a listing to a set: what fails is listed, filters, resume, one setting."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from zoneclf.console import Console
from zoneclf.deep.genre import preparing
from zoneclf.deep.genre.prepared import load_prepared
from zoneclf.deep.genre.preparing import PrepareOptions, prepare
from zoneclf.deep.readers.arrays import read_arrays
from zoneclf.deep.readers.listing import GenreTrack, Listing, Problem
from zoneclf.deep.shards import SpectrogramCache
from zoneclf.deep.spectrograms import SpectrogramSettings
from zoneclf.errors import LockedError, TableError, UsageError

Write = Callable[..., Path]
OPTIONS = PrepareOptions(spectrogram=SpectrogramSettings(mels=16), jobs=1)


@pytest.fixture
def listing(tmp_path: Path, write_wav: Write, noise: Callable[..., np.ndarray]) -> Listing:
    """Twelve tracks of six artists: rock 8, pop 5, dub 2 (one with rock), and what is broken."""
    folder = tmp_path / "music"
    folder.mkdir()
    genres = [("rock",)] * 5 + [("rock", "pop")] * 2 + [("pop",)] * 3 + [("rock", "dub"), ("dub",)]
    tracks = []
    for number, names in enumerate(genres):
        path = write_wav(folder / f"{number}.wav", 0.2 * noise(44_100, number))
        tracks.append(GenreTrack(path, names, f"artist {number // 2}"))
    broken = folder / "=broken.wav"
    broken.write_bytes(b"no sound")
    missing = GenreTrack(folder / "gone.wav", ("rock",))
    return Listing(
        (*tracks, GenreTrack(broken, ("pop",)), missing), (Problem("table:7", "was odd"),)
    )


def made(listing: Listing, folder: Path, voice: Console, **changes: object) -> preparing.Prepared:
    options = replace(OPTIONS, **changes)
    return prepare(listing, folder, options, source="made up", voice=voice)


def test_what_fails_is_listed_and_the_rest_is_done(
    listing: Listing, tmp_path: Path, quiet: Console
) -> None:
    done = made(listing, tmp_path / "set", quiet)
    assert [problem.what.partition(":")[0] for problem in done.failed] == ["undecodable", "missing"]
    assert len(done.problems) == 3
    with (tmp_path / "set" / "problems.csv").open(newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ["where", "what"]
    assert len(rows) == 4
    found = load_prepared(tmp_path / "set")
    assert len(found) == 14
    assert found.statuses.tolist()[-2:] == ["undecodable", "missing"]
    assert found.splits.tolist()[-2:] == ["unused", "unused"]
    assert (found.frame_counts[:-2] == 44).all()


def test_the_filter_is_told_before_and_after(
    listing: Listing, tmp_path: Path, quiet: Console
) -> None:
    done = made(listing, tmp_path / "set", quiet, min_samples=3)
    assert done.before.counts == {"rock": 8, "pop": 6, "dub": 2}  # of files that are there
    assert done.before.imbalance == 4.0
    assert done.after.counts == {"rock": 8, "pop": 5}  # of files that can be used
    assert done.after.imbalance == 1.6
    found = load_prepared(tmp_path / "set")
    assert found.genres == ("rock", "pop")
    assert found.statuses[11] == "skipped"
    assert found.splits[11] == "unused"
    assert found.targets[10].tolist() == [True, False]
    assert found.card["filter"]["after"]["imbalance"] == 1.6
    with pytest.raises(UsageError, match="no genre has 50 tracks"):
        made(listing, tmp_path / "other", quiet, min_samples=50)


def test_a_second_run_computes_only_what_is_missing(
    listing: Listing, tmp_path: Path, quiet: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "set"
    made(listing, folder, quiet)
    before = (folder / "set.json").read_bytes(), (folder / "tracks.parquet").read_bytes()
    written: list[str] = []
    original = SpectrogramCache.write

    def write(self: SpectrogramCache, track_id: str, *rest: object, **more: object) -> None:
        written.append(track_id)
        original(self, track_id, *rest, **more)

    monkeypatch.setattr(SpectrogramCache, "write", write)
    made(listing, folder, quiet)
    assert written == []
    assert before == ((folder / "set.json").read_bytes(), (folder / "tracks.parquet").read_bytes())
    made(listing, folder, quiet, min_samples=3, seed=4)  # filters and splits are drawn anew
    assert written == []
    gone = listing.tracks[-1].path
    gone.write_bytes(listing.tracks[0].path.read_bytes()[:60_000])
    done = made(listing, folder, quiet)
    assert len(written) == 1
    assert len(done.failed) == 1


def test_seeds_decide_over_splits(listing: Listing, tmp_path: Path, quiet: Console) -> None:
    digests = []
    for number, seed in enumerate((1, 1, 2)):
        made(listing, tmp_path / str(number), quiet, seed=seed)
        digests.append(load_prepared(tmp_path / str(number)).sha256)
    assert digests[0] == digests[1]
    assert digests[0] != digests[2]


def test_a_set_that_becomes_another_is_told(
    listing: Listing, tmp_path: Path, quiet: Console, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "set"
    made(listing, folder, quiet)
    made(listing, folder, quiet)
    assert capsys.readouterr().err == ""
    made(listing, folder, quiet, seed=9)
    assert "are others than before" in capsys.readouterr().err


def test_two_settings_never_share_a_folder(
    listing: Listing, tmp_path: Path, quiet: Console
) -> None:
    folder = tmp_path / "set"
    made(listing, folder, quiet)
    other = SpectrogramSettings(mels=16, hop=256)
    with pytest.raises(TableError, match="made with other spectrogram settings"):
        made(listing, folder, quiet, spectrogram=other)
    with pytest.raises(TableError, match="holds a set of made up, not of another"):
        prepare(listing, folder, OPTIONS, source="another", voice=quiet)


def test_a_cache_under_a_wrong_name_is_refused(
    listing: Listing, tmp_path: Path, quiet: Console
) -> None:
    folder = tmp_path / "set"
    made(listing, folder, quiet)
    other = SpectrogramSettings(mels=16, power=1.0)
    (cache,) = folder.glob("spectrograms-*")
    cache.rename(folder / f"spectrograms-{other.digest}")
    with pytest.raises(TableError, match=r"power 2\.0 not 1\.0"):
        made(listing, folder, quiet, spectrogram=other)


def test_a_set_without_any_sound_is_refused_and_says_why(tmp_path: Path, quiet: Console) -> None:
    tracks = tuple(GenreTrack(tmp_path / f"{n}.wav", ("rock",)) for n in range(3))
    with pytest.raises(TableError, match=r"none of its 3 tracks can be used; see .*problems\.csv"):
        made(Listing(tracks, ()), tmp_path / "set", quiet)
    assert (tmp_path / "set" / "problems.csv").read_text().count("missing") == 3
    with pytest.raises(TableError, match="none of its 0 tracks"):
        made(Listing((), ()), tmp_path / "none", quiet)


def test_given_splits_are_kept(listing: Listing, tmp_path: Path, quiet: Console) -> None:
    names = ["train"] * 8 + ["valid"] * 2 + ["test"] * 2
    tracks = [replace(one, split=name) for one, name in zip(listing.tracks, names, strict=False)]
    made(Listing(tuple(tracks), ()), tmp_path / "set", quiet, splits="given")
    found = load_prepared(tmp_path / "set")
    assert found.splits[8:].tolist() == ["valid", "valid", "test", "test"]
    assert set(found.splits[:8]) == {"train", "calib"}


def test_problems_are_no_formulas(listing: Listing, tmp_path: Path, quiet: Console) -> None:
    odd = Listing(listing.tracks, (Problem('=cmd|"/C calc"!A0', "\x1b[2J"),))
    made(odd, tmp_path / "set", quiet)
    with (tmp_path / "set" / "problems.csv").open(newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows[1] == ['\'=cmd|"/C calc"!A0', r"\x1b[2J"]


def test_another_process_is_waited_for(listing: Listing, tmp_path: Path, quiet: Console) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    with FileLock(folder / ".lock"), pytest.raises(LockedError, match="locked by another"):
        made(listing, folder, quiet)


def test_arrays_become_a_set(tmp_path: Path, quiet: Console) -> None:
    arrays = tmp_path / "arrays"
    arrays.mkdir()
    rng = np.random.default_rng(0)
    clips = rng.normal(size=(20, 16, 30)).astype(np.float32)
    np.save(arrays / "X.npy", clips)
    np.save(arrays / "y.npy", rng.random((20, 3)) < 0.5)
    settings = SpectrogramSettings(mels=16, excerpt_s=0.0, foreign=True)
    listing = read_arrays(arrays)
    made(listing, tmp_path / "set", quiet, spectrogram=settings)
    found = load_prepared(tmp_path / "set")
    assert found.spectrogram_settings.foreign
    for place in found.places("train"):
        row = listing.tracks[place].row
        np.testing.assert_array_equal(found.spectrogram(place), clips[row].T)


def test_names_that_are_not_utf_8(
    tmp_path: Path, write_wav: Write, noise: Callable[..., np.ndarray], quiet: Console
) -> None:
    odd = Path(f"{tmp_path}/caf\udce9.wav")
    odd.write_bytes(write_wav(tmp_path / "a.wav", 0.2 * noise(44_100)).read_bytes())
    made(Listing((GenreTrack(odd, ("rock",)),), ()), tmp_path / "set", quiet)
    assert load_prepared(tmp_path / "set").path(0) == odd
    json.loads((tmp_path / "set" / "set.json").read_text())
