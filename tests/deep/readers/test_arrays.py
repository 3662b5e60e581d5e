"""Precomputed spectrograms: layouts of clips and labels, hostile arrays."""

from pathlib import Path

import numpy as np
import pytest

from zoneclf.deep.readers.arrays import load_array, read_arrays, read_row
from zoneclf.deep.readers.listing import GenreTrack
from zoneclf.deep.spectrograms import SpectrogramSettings
from zoneclf.errors import LabelError, TableError

CLIPS, MELS, FRAMES = 6, 16, 20
SETTINGS = SpectrogramSettings(mels=MELS, excerpt_s=0.0, foreign=True)


@pytest.fixture
def arrays(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    np.save(tmp_path / "X.npy", rng.normal(size=(CLIPS, MELS, FRAMES)).astype(np.float32))
    return tmp_path


def save(folder: Path, labels: object, names: str | None = None) -> Path:
    np.save(folder / "y.npy", np.asarray(labels))
    if names is not None:
        (folder / "genres.txt").write_text(names)
    return folder


def genres(folder: Path) -> list[tuple[str, ...]]:
    return [track.genres for track in read_arrays(folder).tracks]


def test_labels_as_text(arrays: Path) -> None:
    save(arrays, ["rock", "pop|rock", "jazz", "rock", "pop", "jazz"])
    assert genres(arrays)[:3] == [("rock",), ("pop", "rock"), ("jazz",)]
    assert [track.row for track in read_arrays(arrays).tracks] == list(range(CLIPS))


def test_labels_as_numbers_with_and_without_names(arrays: Path) -> None:
    save(arrays, [0, 1, 2, 0, 1, 2])
    assert genres(arrays)[2] == ("class 2",)
    save(arrays, [0, 1, 2, 0, 1, 2], "rock\npop\njazz\n")
    assert genres(arrays)[2] == ("jazz",)
    (arrays / "genres.txt").unlink()
    (arrays / "genres.json").write_text('["rock", "pop", "jazz"]')
    assert genres(arrays)[2] == ("jazz",)


def test_labels_as_rows_of_0_and_1(arrays: Path) -> None:
    rows = np.zeros((CLIPS, 3), dtype=np.uint8)
    rows[:, 0] = 1
    rows[1, 2] = 1
    rows[5] = 0
    found = read_arrays(save(arrays, rows, "rock\npop\njazz"))
    assert [track.genres for track in found.tracks][:2] == [("rock",), ("rock", "jazz")]
    assert len(found.tracks) == CLIPS - 1
    assert "no label" in found.problems[0].what


@pytest.mark.parametrize(
    ("labels", "names", "said"),
    [
        ([0, 1, 2], None, "3 labels for 6 clips"),
        ([0, 1, 2, 3, 0, 1], "rock\npop", "class 2 has no name"),
        ([0.5] * 6, None, "number of no class"),
        ([-1] * 6, None, "number of no class"),
        ([1j] * 6, None, "complex"),
    ],
)
def test_labels_that_do_not_fit_are_refused(
    arrays: Path, labels: object, names: str | None, said: str
) -> None:
    with pytest.raises(LabelError, match=said):
        read_arrays(save(arrays, labels, names))


def test_which_array_is_which_must_be_clear(arrays: Path) -> None:
    with pytest.raises(LabelError, match="--labels"):
        read_arrays(arrays)
    save(arrays, np.arange(CLIPS))
    np.save(arrays / "z.npy", np.arange(CLIPS))
    with pytest.raises(LabelError, match=r"y\.npy, z\.npy"):
        read_arrays(arrays)
    assert len(read_arrays(arrays, labels=arrays / "z.npy").tracks) == CLIPS
    np.save(arrays / "X2.npy", np.zeros((CLIPS, MELS, FRAMES)))
    with pytest.raises(LabelError, match="2 arrays of clips"):
        read_arrays(arrays)
    assert len(read_arrays(arrays / "X.npy", labels=arrays / "z.npy").tracks) == CLIPS


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (str(tmp_path / "sprung"),))

    path = tmp_path / "X.npy"
    np.save(path, np.array([Trap()], dtype=object), allow_pickle=True)
    with pytest.raises(TableError, match="is no array of numbers or text"):
        load_array(path)
    path.write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(TableError, match="is no array"):
        load_array(path)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("shape", [(MELS, FRAMES), (FRAMES, MELS), (1, MELS, FRAMES)])
def test_either_side_may_be_the_mels(tmp_path: Path, shape: tuple[int, ...]) -> None:
    values = np.arange(MELS * FRAMES, dtype=np.float64).reshape(shape)
    np.save(tmp_path / "x.npy", values)
    found, status, _ = read_row(GenreTrack(tmp_path / "x.npy", ("rock",)), SETTINGS)
    assert status == "ok"
    assert found is not None
    square = values.reshape(shape[-2:])
    wanted = square if square.shape[1] == MELS else square.T
    np.testing.assert_array_equal(found, wanted)
    assert found.dtype == np.float32


def test_the_middle_of_a_long_one(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.repeat(np.arange(1000)[:, None], MELS, axis=1))
    settings = SpectrogramSettings(mels=MELS, excerpt_s=2.0, foreign=True)
    found, _, _ = read_row(GenreTrack(tmp_path / "x.npy", ("rock",)), settings)
    assert found is not None
    most = round(2.0 / settings.frame_s)
    assert found[:, 0].tolist() == list(range((1000 - most) // 2, (1000 - most) // 2 + most))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.zeros((5, 7)), "no side of 5x7 is 16"),
        (np.zeros(MELS), "is no spectrogram"),
        (np.full((MELS, 9), np.nan), "not numbers"),
        (np.zeros((MELS, 9), dtype=complex), "is no spectrogram"),
    ],
)
def test_what_is_no_spectrogram_has_a_reason(tmp_path: Path, values: np.ndarray, said: str) -> None:
    np.save(tmp_path / "x.npy", values)
    found, status, reason = read_row(GenreTrack(tmp_path / "x.npy", ("rock",)), SETTINGS)
    assert found is None
    assert status != "ok"
    assert said in reason
