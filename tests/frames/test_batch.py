"""Many files: one bad file costs itself only, and no work is done twice."""

import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing import forkserver
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zoneclf.errors import LockedError, TableError
from zoneclf.frames.batch import Batch, Found, identify
from zoneclf.frames.frame_store import FrameStore
from zoneclf.frames.sound_reader import SoundReader
from zoneclf.frames.takes import FrameReader, TrackFacts
from zoneclf.store import TableNote, read_note

# Workers import it by name; what a file holds says what reading it does.
ACTING_READER = '''
"""A reader that does what a file says."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoneclf.errors import AudioError
from zoneclf.frames.extractor import frames_of
from zoneclf.frames.takes import Take, TrackFacts
from zoneclf.store import Origin, TableSpec


@dataclass(frozen=True)
class ActingReader:
    log: Path
    hop_s: float = 0.5

    @property
    def spec(self):
        return TableSpec(
            level="frames", descriptors="acting/1", window_s=1.0, hop_s=self.hop_s,
            rate_hz=44100, features=("length",),
        )

    @property
    def origin(self):
        return Origin(extractor="acting", extractor_version=1)

    def read(self, path, track_id):
        with self.log.open("a") as log:
            log.write(path.name + "\\n")
        text = path.read_text()
        if text.startswith("abort"):
            os.abort()
        if text.startswith("sleep"):
            time.sleep(600)
        if text.startswith("ask"):
            with self.log.open("a") as log:
                log.write(f"{os.environ.get('ASKED')} {os.environ.get('GONE')} {Path.cwd()}\\n")
        if text.startswith("refuse"):
            raise AudioError("refused", "as the file says")
        if text.startswith("lack"):
            raise AudioError("needs_ffmpeg", "as the file says")
        rows = np.full((2, 1), len(text), np.float32)
        facts = TrackFacts(track_id=track_id, status="ok", duration_s=1.5, frame_count=2)
        return Take(facts, frames_of(np.array([0.0, 0.5]), rows))
'''


@pytest.fixture(scope="module")
def acting(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., FrameReader]:
    """The class of a reader that worker processes can import."""
    folder = tmp_path_factory.mktemp("module")
    (folder / "acting_reader.py").write_text(ACTING_READER)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield importlib.import_module("acting_reader").ActingReader


@dataclass
class Run:
    """One run of a batch over a folder of files."""

    folder: Path
    reader: FrameReader
    time_limit_s: float = 300.0
    told: list[str] = field(default_factory=list)

    @property
    def log(self) -> Path:
        return self.folder / "reads.log"

    @property
    def store(self) -> FrameStore:
        note = TableNote(spec=self.reader.spec, origins=(self.reader.origin,))
        return FrameStore(self.folder / "frames", note)

    @property
    def batch(self) -> Batch:
        return Batch(self.reader, self.store, jobs=2, time_limit_s=self.time_limit_s)

    def found(self) -> list[Found]:
        return identify(sorted(self.folder.glob("*.mp3")), {})

    def __call__(self) -> dict[str, TrackFacts]:
        """Run and return the facts by file name."""
        found = self.found()
        facts = self.batch.run(found, lambda file, _: self.told.append(file.path.name))
        return {file.path.name: file.facts or facts[file.track_id] for file in found}

    def reads(self) -> list[str]:
        return self.log.read_text().split() if self.log.exists() else []


@pytest.fixture
def make_run(tmp_path: Path, acting: Callable) -> Callable[..., Run]:
    """Return a run over files with these contents."""

    def make(time_limit_s: float = 300.0, **contents: str) -> Run:
        for name, content in contents.items():
            (tmp_path / f"{name}.mp3").write_text(content)
        return Run(tmp_path, acting(tmp_path / "reads.log"), time_limit_s)

    return make


@pytest.mark.slow
def test_a_file_that_crashes_or_hangs_costs_itself_only(make_run: Callable) -> None:
    contents = {f"good{number}": f"fine {number}" for number in range(4)}
    run = make_run(time_limit_s=3.0, a_crash="abort", b_hang="sleep", refused="refuse", **contents)
    facts = run()
    statuses = {name.removesuffix(".mp3"): fact.status for name, fact in facts.items()}
    bad = {"a_crash": "crashed", "b_hang": "timeout", "refused": "refused"}
    assert statuses == bad | dict.fromkeys(contents, "ok")
    assert "longer than 3 s" in facts["b_hang.mp3"].reason
    kept = {track.track_id for track, _ in run.store.tracks()}
    assert kept == {facts[f"{name}.mp3"].track_id for name in contents}
    # What another try may cure is tried again; what was refused is known.
    assert {file.path.name for file in run.batch.pending(run.found())} == {
        "a_crash.mp3",
        "b_hang.mp3",
    }


def test_copies_are_read_once_and_a_second_run_reads_nothing(make_run: Callable) -> None:
    run = make_run(a="same", b="same", c="other")
    os.link(run.folder / "c.mp3", run.folder / "d.mp3")
    facts = run()
    assert facts["a.mp3"] == facts["b.mp3"]
    assert facts["c.mp3"] == facts["d.mp3"]
    assert sorted(run.reads()) == ["a.mp3", "c.mp3"]
    assert sorted(run.told) == ["a.mp3", "c.mp3"]
    (run.folder / "c.mp3").rename(run.folder / "moved.mp3")
    assert {fact.status for fact in run().values()} == {"ok"}
    assert len(run.reads()) == 2


def test_a_new_file_is_read_and_the_old_ones_are_not(make_run: Callable) -> None:
    run = make_run(a="first", lacking="lack")
    assert run()["lacking.mp3"].status == "needs_ffmpeg"
    (run.folder / "b.mp3").write_text("second")
    run()
    assert sorted(run.reads()) == ["a.mp3", "b.mp3", "lacking.mp3", "lacking.mp3"]


def test_what_is_no_file_is_never_given_to_a_reader(make_run: Callable) -> None:
    run = make_run(a="first")
    os.mkfifo(run.folder / "pipe.mp3")
    (run.folder / "folder.mp3").mkdir()
    (run.folder / "dangling.mp3").symlink_to("nowhere")
    statuses = {name: fact.status for name, fact in run().items()}
    assert statuses == {
        "a.mp3": "ok",
        "pipe.mp3": "not_a_file",
        "folder.mp3": "not_a_file",
        "dangling.mp3": "missing",
    }
    assert run.reads() == ["a.mp3"]


def test_nothing_to_do_is_done_without_workers(make_run: Callable) -> None:
    assert make_run()() == {}


def test_frames_of_another_spec_stop_the_run_before_anything_is_read(make_run: Callable) -> None:
    run = make_run(a="first")
    run()
    other = Run(run.folder, type(run.reader)(run.log, hop_s=0.25))
    (run.folder / "b.mp3").write_text("second")
    with pytest.raises(TableError, match="add --force"):
        other()
    assert run.reads() == ["a.mp3"]


def test_a_second_run_at_the_same_time_is_locked_out(make_run: Callable) -> None:
    run = make_run(a="first")
    with run.store.lock(), pytest.raises(LockedError, match="locked by another zoneclf"):
        run()
    assert run.reads() == []


def test_an_unchanged_file_keeps_its_known_id(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(b"content")
    (first,) = identify([path], {})
    key = (str(path), first.size_bytes, first.mtime_ns)
    assert identify([path], {key: "known"})[0].track_id == "known"
    os.utime(path, ns=(0, first.mtime_ns + 1))
    assert identify([path], {key: "known"})[0].track_id == first.track_id


def test_a_file_that_is_replaced_before_it_is_read_waits_for_the_next_run(
    make_run: Callable,
) -> None:
    run = make_run(a="first")
    (old,) = run.found()
    (run.folder / "a.mp3").write_text("another content")
    facts = run.batch.run([old], lambda *_: None)
    assert facts[old.track_id].status == "unreadable"
    assert "changed after it was found" in facts[old.track_id].reason
    (new,) = run.found()
    assert new.track_id != old.track_id
    assert run()["a.mp3"].status == "ok"
    assert {track.track_id for track, _ in run.store.tracks()} == {new.track_id}


def test_workers_know_where_their_batch_was_started(
    make_run: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GONE", "here")
    make_run(a="ask first")()
    monkeypatch.delenv("GONE")
    monkeypatch.setenv("ASKED", "told")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    run = make_run(b="ask second")
    run()
    assert run.reads()[-4:] == ["b.mp3", "told", "None", str(tmp_path / "elsewhere")]


@pytest.mark.skipif(sys.platform != "linux", reason="no server elsewhere")
def test_a_server_of_workers_that_was_killed_is_replaced(make_run: Callable) -> None:
    make_run(a="first")()
    server = forkserver._forkserver._forkserver_pid
    os.kill(server, signal.SIGKILL)
    os.waitid(os.P_PID, server, os.WEXITED | os.WNOWAIT)
    assert make_run(b="second")()["b.mp3"].status == "ok"
    assert forkserver._forkserver._forkserver_pid != server


KILLED = """
import sys
from pathlib import Path

from acting_reader import ActingReader
from zoneclf.frames.batch import Batch, identify
from zoneclf.frames.frame_store import FrameStore
from zoneclf.store import TableNote

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    reader = ActingReader(folder / "reads.log")
    store = FrameStore(folder / "frames", TableNote(spec=reader.spec, origins=(reader.origin,)))
    Batch(reader, store, 2, 300.0).run(identify(folder.glob("*.mp3"), {}), lambda *_: None)
"""


@pytest.mark.slow
def test_nothing_goes_on_once_the_parent_is_killed(make_run: Callable, tmp_path: Path) -> None:
    run = make_run(a="sleep", b="sleep longer")
    (tmp_path / "script.py").write_text(KILLED)
    searched = [str(Path(sys.modules["acting_reader"].__file__ or "").parent), *sys.path]
    parent = subprocess.Popen(
        [sys.executable, tmp_path / "script.py", tmp_path],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(searched)},
        start_new_session=True,
    )
    wait_until(lambda: len(run.reads()) == 2, 60)
    parent.kill()
    parent.wait()
    wait_until(lambda: group_is_gone(parent.pid), 5)


def wait_until(happened: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def group_is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.slow
def test_real_sound_goes_through_workers(
    tmp_path: Path, chirp: Callable, write_wav: Callable, reader: SoundReader
) -> None:
    write_wav(tmp_path / "b.wav", chirp(3)).rename(tmp_path / "b.mp3")
    (tmp_path / "bad.mp3").write_bytes(b"no sound")
    run = Run(tmp_path, reader)
    facts = run()
    assert (facts["b.mp3"].status, facts["b.mp3"].frame_count) == ("ok", 4)
    assert facts["bad.mp3"].status == "undecodable"
    ((_, frames),) = run.store.tracks()
    expected = reader.read(tmp_path / "b.mp3", "id").frames
    assert expected is not None
    np.testing.assert_array_equal(frames.rows, expected.rows)


def start_extract(workspace: Path, music: Path, root: Path) -> subprocess.Popen:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ZONECLF_")}
    environment["PYTHONPATH"] = str(root)
    return subprocess.Popen(
        [sys.executable, "-m", "zoneclf", "extract", "--input", str(music), "--jobs", "1"],
        cwd=workspace,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def extracted(workspace: Path) -> tuple[dict[str, np.ndarray], pd.DataFrame]:
    """Return rows by track id, and the track table without paths."""
    folder = workspace / "dataset" / "frames" / "user"
    store = FrameStore(folder, read_note(next(folder.glob("part-*.parquet"))))
    tracks = list(store.tracks())
    rows = {facts.track_id: frames.rows for facts, frames in tracks}
    assert len(rows) == len(tracks)
    table = pd.read_parquet(workspace / "dataset" / "tracks" / "user.parquet")
    return rows, table


@pytest.mark.slow
def test_a_run_killed_half_way_goes_on_to_the_same_result(
    tmp_path: Path, noise: Callable, write_wav: Callable, pytestconfig: pytest.Config
) -> None:
    music, whole, killed = (tmp_path / name for name in ("music", "whole", "killed"))
    for folder in (music, whole, killed):
        folder.mkdir()
    for number in range(8):
        write_wav(music / f"{number}.wav", 0.3 * noise(10 * 44_100, number))
    root = pytestconfig.rootpath
    assert start_extract(whole, music, root).wait() == 0

    staging = killed / "dataset" / "frames" / "user" / "staging"
    run = start_extract(killed, music, root)
    while run.poll() is None and len(list(staging.glob("*.parquet"))) < 3:
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL
    assert not (killed / "dataset" / "tracks" / "user.parquet").exists()
    assert 3 <= len(list(staging.glob("*.parquet"))) < 8

    assert start_extract(killed, music, root).wait() == 0
    rows, table = extracted(killed)
    expected_rows, expected_table = extracted(whole)
    assert rows.keys() == expected_rows.keys()
    for track_id, expected in expected_rows.items():
        np.testing.assert_array_equal(rows[track_id], expected)
    pd.testing.assert_frame_equal(table, expected_table)
