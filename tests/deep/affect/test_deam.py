"""DEAM through the core's table: a full song, cut to what was rated, is the clip of it."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from zoneclf.cli import app
from zoneclf.deep.affect.affect_set import AffectSet, load_affect

NOTES = ("annotations", "metadata")


def prepared(root: Path, folder: Path) -> AffectSet:
    """The songs below a root, through both commands."""
    table, made = folder / "targets.parquet", folder / "set"
    for command in (
        ["targets", "--root", root, "--output", table],
        ["deep", "affect", "prepare", table, "--output", made, "--mels", 32, "--jobs", 1],
    ):
        done = CliRunner().invoke(app, [str(word) for word in command])
        assert done.exit_code == 0, done.stderr
    return load_affect(made)


@pytest.mark.slow
def test_a_full_song_is_cut_to_its_clip(real_data: Path, tmp_path: Path) -> None:
    found = []
    for name in ("clips", "full_songs"):
        root = tmp_path / name
        for part in NOTES:
            shutil.copytree(real_data / "deam" / part, root / part)
        (root / "songs").mkdir()
        shutil.copy(real_data / "deam" / name / "3.mp3", root / "songs")
        found.append(prepared(root, root))
    clip, song = found
    assert clip.card["notes"]["label_repair"] == "repaired"
    assert (clip.card["licence"], clip.card["courses"]) == ("non-commercial", 1)
    np.testing.assert_array_equal(clip.targets, song.targets)
    assert clip.targets.tolist() == [[3.5, pytest.approx(3.3)]]
    start_s, end_s = song.stretch(0)
    assert end_s - start_s == 45
    assert start_s > 0
    ours, theirs = clip.spectrogram(0), song.spectrogram(0)
    assert ours.shape == theirs.shape
    heard = slice(20, -20)
    # MP3 delays sound by some 25 ms, a frame is 23 ms.
    apart = [
        np.abs(ours[heard] - np.roll(theirs, shift, axis=0)[heard]).mean() for shift in range(-3, 4)
    ]
    other = np.abs(ours[heard] - np.roll(theirs, 400, axis=0)[heard]).mean()
    assert min(apart) < 2.5 < other / 2
    times, values = song.course(0) or (np.empty(0), np.empty(0))
    assert times[[0, -1]].tolist() == [15, 44.5]
    np.testing.assert_array_equal(values, (clip.course(0) or (0, np.empty(0)))[1])
