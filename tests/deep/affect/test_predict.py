"""``zoneclf deep affect predict``: what it prints, and the tables that the core learns from."""

import contextlib
import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.deep.affect.conftest import SETTINGS, embed
from tests.deep.affect.test_train import LEARNS, SHORT, mood, train, zoneclf
from zoneclf.deep.affect.affect_set import load_affect
from zoneclf.deep.affect.feature_tables import write_tables
from zoneclf.deep.affect.judging import rescale_of
from zoneclf.deep.affect.predict_commands import asking_of
from zoneclf.deep.affect.predicting import Asking
from zoneclf.deep.affect.windows import timed_windows
from zoneclf.deep.checkpoint import load_checkpoint
from zoneclf.deep.hearing import Ears, HeardClips, HeardFile
from zoneclf.deep.inference import logits_of
from zoneclf.deep.source_tracks import files_wanted
from zoneclf.store import read_table
from zoneclf.tracks.embeddings import KINDS, embedded_part, read_embeddings

RUN = Path("models/affect/run")


@pytest.fixture(scope="session")
def trained(tmp_path_factory, affect_folder):
    """The folder of a run that has learnt something."""
    folder = tmp_path_factory.mktemp("trained")
    shutil.copytree(affect_folder, folder / "set")
    with contextlib.chdir(folder):
        train(*LEARNS, "--name", "run", "--epochs", "5", "--batch-size", "4")
    return folder / RUN


@pytest.fixture
def music(affect_workspace, trained):
    """A run and two tracks: one gets louder after two of its five seconds, one is broken."""
    shutil.copytree(trained, RUN)
    folder = Path("music")
    folder.mkdir()
    random = np.random.default_rng(0)
    sound = random.normal(0, 0.05, 5 * 8000) * np.repeat([0.05, 1.0], [2 * 8000, 3 * 8000])
    soundfile.write(folder / "loud later.wav", sound, 8000)
    (folder / "broken.wav").write_bytes(b"RIFF....WAVE" + b"no sound" * 9)
    return folder


def test_values_are_printed_and_broken_files_told(music):
    done = zoneclf("predict", "run", "music", code=4)
    lines = done.stdout.splitlines()
    assert lines[0].startswith("broken.wav: ")
    assert lines[1].startswith("loud later.wav: arousal ")
    assert " to " in lines[1]
    told = json.loads(zoneclf("predict", "run", "music", "--json", code=4).stdout)
    assert (told["schema_version"], told["task"], told["rescaled"]) == (1, "affect", False)
    broken, loud = told["tracks"]
    assert (broken["times_s"], "arousal_mean" in broken) == ([], False)
    assert loud["times_s"] == [number / 2 for number in range(10)]
    assert len(loud["arousal"]) == len(loud["valence"]) == 10
    assert loud["arousal_mean"] == pytest.approx(np.mean(loud["arousal"]), abs=1e-3)
    assert loud["valence_sd"] == pytest.approx(np.std(loud["valence"]), abs=1e-3)
    assert loud["arousal_low"] == pytest.approx(np.quantile(loud["arousal"], 0.1), abs=1e-3)


@dataclasses.dataclass(frozen=True)
class _Played(Ears):
    """Hears spectrograms that are there."""

    def hear(self, file):
        prepared = load_affect(Path("set"))
        calm, wild = (np.argmin(prepared.targets[:, 0]), np.argmax(prepared.targets[:, 0]))
        both = np.concatenate([prepared.spectrogram(place) for place in (calm, wild)])
        return HeardFile(file.path, "id", spectrogram=both)


def test_a_track_is_followed_in_time(music):
    asking = asking_of(RUN / "best", "", offline=True, device="cpu")
    asking = dataclasses.replace(asking, ears=_Played(asking.ears.settings, sees=True, embed=None))
    (heard,) = asking.predict(files_wanted([music / "loud later.wav"]), _Quiet())
    assert heard.times_s.tolist() == [number / 2 for number in range(16)]
    calm, wild = heard.course[:7, 0], heard.course[9:, 0]
    assert wild.min() > calm.max()
    # A single window is what the network says of that second alone.
    frames = _Played(asking.ears.settings, sees=True, embed=None).hear(files_wanted([music])[0])
    alone = dataclasses.replace(frames, spectrogram=frames.spectrogram[35:55])
    clips = HeardClips([alone], asking.ears.settings)
    logits = logits_of(asking.checkpoint, clips, [0], "cpu")
    np.testing.assert_allclose(heard.course[4], logits[0], atol=1e-4)


class _Quiet:
    def say(self, text):
        pass

    def warn(self, text):
        pass

    def progress(self, what, done, total, detail=""):
        pass


def test_windows_are_centred_and_stay_inside():
    clip = HeardFile(Path("a"), spectrogram=np.arange(100.0)[:, None] * np.ones(16))
    clips = HeardClips([clip], SETTINGS)  # frames of 50 ms
    windows, (times,) = timed_windows(clips, [100], frames=20, step_s=0.5)
    assert times.tolist() == [number / 2 for number in range(10)]
    # The step from 2 to 2.5 s has its middle at frame 45, its window is 35 to 55.
    assert windows.spectrogram(4)[[0, -1], 0].tolist() == [35, 54]
    assert windows.starts.tolist()[:2] == [0, 5]
    assert windows.starts.tolist()[-1] == 80
    short, (times,) = timed_windows(clips, [4], frames=20, step_s=0.5)
    assert (short.starts.tolist(), times.tolist()) == ([0], [0])


def test_the_tables_are_what_the_core_reads(music):
    zoneclf("predict", "run", "music", "--source", "mine", code=4)
    path = Path("dataset/affect/mine.parquet")
    values, note = read_embeddings(path, KINDS["affect"])
    assert note.spec.features == tuple(
        f"affect_{name}_{one}"
        for one in ("mean", "sd", "low", "high")
        for name in ("arousal", "valence")
    )
    assert embedded_part(note.spec) == note.spec
    assert note.spec.window_s == pytest.approx(1.0)
    assert load_checkpoint(RUN).card.sha256[:16] in note.spec.descriptors
    assert np.isfinite(values).all(axis=1).sum() == 1
    frames, framed = read_table(path.parent / "frames/mine.parquet")
    assert (framed.spec.level, framed.spec.hop_s) == ("frames", 0.5)
    assert frames.num_rows == 10
    told = json.loads(zoneclf("predict", "run", "music", "--json", code=4).stdout)["tracks"][1]
    np.testing.assert_allclose(frames["affect_arousal"].to_numpy(), told["arousal"], atol=1e-3)
    assert frames["start_s"].to_pylist() == told["times_s"]
    assert values["affect_arousal_mean"].max() == pytest.approx(told["arousal_mean"], abs=1e-3)


def test_tracks_stay_in_a_table_and_are_replaced(music):
    first = ["--table", "t/one.parquet"]
    zoneclf("predict", "run", "music", *first, code=4)
    random = np.random.default_rng(1)
    soundfile.write("music/new.wav", random.normal(0, 0.1, 24000), 8000)
    zoneclf("predict", "run", "music/new.wav", *first)
    zoneclf("predict", "run", "music/new.wav", *first)
    rows, _ = read_table(Path("t/one.parquet"))
    names = [Path(path).name for path in rows["path"].to_pylist()]
    assert sorted(names) == sorted({*names})
    assert {"new.wav", "loud later.wav"} <= set(names)
    frames, _ = read_table(Path("t/frames/one.parquet"))
    assert frames.num_rows == 10 + 6
    train(*SHORT, "--name", "other", "--seed", "5")
    done = zoneclf("predict", "other", "music/new.wav", *first, code=3)
    assert "is a table of something else" in done.stderr


def test_rescaling_is_asked_for_and_told(music):
    plain, wide = (
        json.loads(zoneclf("predict", "run", "music/loud later.wav", "--json", *more).stdout)
        for more in ([], ["--rescale"])
    )
    assert wide["rescaled"]
    rescale = rescale_of(load_checkpoint(RUN))
    course = np.stack([plain["tracks"][0][name] for name in ("arousal", "valence")], axis=1)
    wanted = rescale(course)
    np.testing.assert_allclose(wide["tracks"][0]["arousal"], wanted[:, 0], atol=0.02)
    np.testing.assert_allclose(wide["tracks"][0]["valence"], wanted[:, 1], atol=0.02)


def test_what_cannot_be_asked_is_refused(music):
    assert "name files" in zoneclf("predict", "run", code=2).stderr
    assert "is no run" in zoneclf("predict", "nobody", "music", code=3).stderr
    folder = mood()
    done = zoneclf("predict", str(folder), "music", code=3)
    assert "is of task 'mood'; here 'affect' is needed" in done.stderr


def test_a_network_on_embeddings_says_one_value_per_track(music):
    embed(Path("set"))
    train("--backbone", "wav2vec2", "--epochs", "2", "--threads", "1", "--name", "w")
    folder = Path("models/affect/w/best")
    vector = np.zeros(6, np.float32)
    ears = Ears(SETTINGS, sees=False, embed=lambda _: (vector, "ok", ""))
    asking = Asking(
        checkpoint=load_checkpoint(folder),
        ears=ears,
        rescale=rescale_of(load_checkpoint(folder)),
        device="cpu",
    )
    found = asking.predict(files_wanted([music / "loud later.wav"]), _Quiet())
    assert found[0].summary.keys() == {"arousal_mean", "valence_mean"}
    assert not len(found[0].times_s)
    path = Path("dataset/affect/mine.parquet")
    assert write_tables(found, asking, path) == 1
    values, note = read_embeddings(path, KINDS["affect"])
    assert list(values) == ["affect_arousal_mean", "affect_valence_mean"]
    assert (note.spec.window_s, note.spec.rate_hz) == (5, 16000)
    assert note.spec.descriptors.endswith("/variance-matching")
    assert note.licence == "non-commercial"
    assert not (path.parent / "frames").exists()
