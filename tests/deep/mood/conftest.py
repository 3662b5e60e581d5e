"""A small set with one mood per track, and a network that learnt it a little."""

import shutil

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from zoneclf.cli import app
from zoneclf.console import Console
from zoneclf.deep.genre.prepared import load_prepared
from zoneclf.deep.genre.preparing import PrepareOptions, prepare
from zoneclf.deep.readers.listing import GenreTrack, Listing
from zoneclf.deep.spectrograms import SpectrogramSettings

RATE_HZ = 22_050
# Tracks of each mood.
COUNTS = {"driving": 30, "calm": 18, "bright": 12}
TINY = ["--base-channels", "4", "--blocks", "1", "--features", "8", "--threads", "1"]


def sound_of(mood, random):
    """Return a second of noise in bursts, of a low swell, or of a high tone; in more noise."""
    at = np.arange(RATE_HZ) / RATE_HZ
    if mood == "driving":
        wave = random.normal(0, 0.3, at.size) * (at * random.uniform(4, 8) % 1 < 0.3)
    elif mood == "calm":
        wave = 0.4 * np.sin(2 * np.pi * random.uniform(80, 200) * at) * np.sin(np.pi * at)
    else:
        wave = 0.3 * np.sin(2 * np.pi * random.uniform(2000, 5000) * at)
    return wave + random.normal(0, 0.01, at.size)


@pytest.fixture(scope="session")
def mood_set(tmp_path_factory):
    """Sixty made-up clips prepared, with 32 mels.  Do not write to its folder."""
    folder = tmp_path_factory.mktemp("moods")
    random = np.random.default_rng(0)
    tracks = []
    for number, mood in enumerate(mood for mood, count in COUNTS.items() for _ in range(count)):
        path = folder / f"{number}.wav"
        soundfile.write(path, sound_of(mood, random), RATE_HZ)
        tracks.append(GenreTrack(path=path, genres=(mood,), artist=f"artist {number}"))
    console = Console()
    console.quiet = True
    options = PrepareOptions(spectrogram=SpectrogramSettings(mels=32), jobs=1)
    listing = Listing(tuple(tracks), ())
    prepare(listing, folder / "set", options, source="moods", voice=console)
    return load_prepared(folder / "set")


@pytest.fixture(autouse=True)
def no_curves(request, monkeypatch):
    """Pictures take longer than these runs."""
    if "leaves_all" not in request.node.name:
        monkeypatch.setattr("zoneclf.deep.training.draw_history", lambda *_: None)


@pytest.fixture
def workspace(tmp_path, monkeypatch, mood_set):
    """A folder with the small set in it, named by a short path."""
    shutil.copytree(mood_set.folder, tmp_path / "set")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def run_folder(mood_set, tmp_path_factory):
    """A folder with models/mood/small in it, which learnt twelve epochs.  Do not write to it."""
    folder = tmp_path_factory.mktemp("learnt")
    shutil.copytree(mood_set.folder, folder / "set")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("zoneclf.deep.training.draw_history", lambda *_: None)
        command = ["deep", "mood", "train", "set", *TINY, "--name", "small", "--no-report"]
        done = CliRunner().invoke(
            app, [*command, "--epochs", "12", "--lr", "0.01", "--batch-size", "8"]
        )
        assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def learnt(run_folder, tmp_path, monkeypatch):
    """A folder of one's own with that run and its set."""
    shutil.copytree(run_folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def zoneclf():
    """Runs a command of `zoneclf deep` and returns what it did."""

    def run(*words, code=0):
        done = CliRunner().invoke(app, ["deep", *map(str, words)])
        assert done.exit_code == code, done.output
        return done

    return run
