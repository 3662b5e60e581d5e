"""What users may count on when sound, names, disks and processes misbehave, promise by promise.

Numbers are those of the list of promises; each is kept by the tests named beside it, `here` being
this file.  Where none is named here, the promise is about code below the command line.

1   truncated sound          here; frames/test_sound_reader (cut), audio/test_headers
2   damaged or no sound      frames/test_mutants, test_sound_reader; cli/test_faults (damaged)
3   a wrong suffix           here; frames/test_sound_reader; audio/test_formats
4   absurd headers           here; frames/test_sound_reader
5   samples that are no numbers                 frames/test_sound_reader, audio/test_sound
6   silence, offsets, too short                 frames/test_sound_reader, audio/test_sound
7   hours of sound in bounded memory            here; audio/test_decode
8   a decoder that crashes or hangs             frames/test_batch
9   pipes, sockets, devices, folders, dangling links   here; audio/test_files; frames/test_batch
10  loops of links           audio/test_files
11  copies and hard links    here; frames/test_batch
13  moved files              here; frames/test_batch
14  files with new tags      here; audio/test_sound_ids
15  changed while it is read                    frames/test_sound_reader
16  names that trip up shells and terminals     here; audio/test_files; frames/test_sound_reader
17  names with a leading dash                   here
18  names that are not UTF-8                    here; audio/test_files
19  a full disk              test_store; frames/test_frame_store
20  kill -9                  here; frames/test_batch; frames/test_frame_store
21  Ctrl-C and SIGTERM       here; audio/test_decode
22  two at once              here; frames/test_batch; frames/test_frame_store
23  a lock left behind       here; frames/test_frame_store
24  outputs that cannot be written              here; cli/test_faults
25  two runs in one second   here; report/test_folder

Promise 12 (duplicates that were encoded anew) is about grouping: see labels/test_table.
"""

import datetime
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutagen.id3 import ID3, TIT2

from zoneclf.audio.files import expand, path_text, require_regular, text_path
from zoneclf.errors import AudioError
from zoneclf.frames.frame_store import FrameStore
from zoneclf.frames.sound_reader import SoundReader
from zoneclf.report import folder as results
from zoneclf.store import read_note
from zoneclf.tracks.track_table import SEPARATOR

pytestmark = pytest.mark.slow

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]
RATE_HZ = 44_100
KILLS, PATIENCE_S = 20, 60.0


def table_of(workspace: Path) -> pd.DataFrame:
    return pd.read_parquet(workspace / "dataset" / "tracks" / "user.parquet")


def paths_of(table: pd.DataFrame) -> set[bytes]:
    """Return every path of a track table, those of copies too, byte by byte."""
    copies = (copy for cell in table["copies"] for copy in cell.split(SEPARATOR) if copy)
    return {os.fsencode(text_path(text)) for text in [*table["path"], *copies]}


def rows_of(workspace: Path) -> dict[str, np.ndarray]:
    """Return the frames by track id; no track may be there twice."""
    folder = workspace / "dataset" / "frames" / "user"
    store = FrameStore(folder, read_note(next(folder.glob("part-*.parquet"))))
    tracks = list(store.tracks())
    rows = {facts.track_id: frames.rows for facts, frames in tracks}
    assert len(rows) == len(tracks)
    return rows


@dataclass(frozen=True)
class Library:
    """Some tracks, and what extracting them without a disturbance gives."""

    music: Path
    rows: dict[str, np.ndarray]
    table: pd.DataFrame

    def start(self, workspace: Path, root: Path) -> subprocess.Popen[bytes]:
        """Start an extraction with one worker, in a group of processes of its own."""
        workspace.mkdir(exist_ok=True)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("ZONECLF_")}
        return subprocess.Popen(
            [sys.executable, "-m", "zoneclf", "extract", "-i", self.music, "--jobs", "1"],
            cwd=workspace,
            env={**environment, "PYTHONPATH": str(root)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def require_same(self, workspace: Path) -> None:
        """Check that a workspace holds what an undisturbed run gives."""
        rows = rows_of(workspace)
        assert rows.keys() == self.rows.keys()
        for track_id, expected in self.rows.items():
            np.testing.assert_array_equal(rows[track_id], expected)
        pd.testing.assert_frame_equal(table_of(workspace), self.table)


@pytest.fixture(scope="module")
def library(
    tmp_path_factory: pytest.TempPathFactory, noise: Callable, write_wav: Callable, zoneclf: Run
) -> Library:
    """Nine tracks of 6 s, extracted once."""
    folder = tmp_path_factory.mktemp("library")
    (folder / "music").mkdir()
    for number in range(9):
        write_wav(folder / "music" / f"{number}.wav", 0.3 * noise(6 * RATE_HZ, number))
    done = zoneclf(folder, "extract", "--input", "music", "--jobs", "2")
    assert done.returncode == 0, done.stderr
    return Library(folder / "music", rows_of(folder), table_of(folder))


def await_file(run: subprocess.Popen[bytes], folder: Path, pattern: str) -> None:
    """Wait until a running extraction has made something; fail if it ends before."""
    deadline = time.monotonic() + PATIENCE_S
    while not any(folder.glob(pattern)) and time.monotonic() < deadline:
        assert run.poll() is None
        time.sleep(0.005)


STAGED = "dataset/frames/user/staging/*.parquet"


def kill_often(library: Library, workspace: Path, root: Path, seed: int) -> int:
    """Kill half of `KILLS` extractions at random times; return how many were killed at work."""
    rng = np.random.default_rng(seed)
    killed = 0
    for _ in range(KILLS // 2):
        run = library.start(workspace, root)
        await_file(run, workspace, "dataset/frames/user/.lock")
        time.sleep(rng.uniform(0, 2))
        os.killpg(run.pid, signal.SIGKILL)
        killed += run.wait() == -signal.SIGKILL
        if (workspace / "dataset" / "tracks" / "user.parquet").exists():
            library.require_same(workspace)
            shutil.rmtree(workspace / "dataset")
    assert library.start(workspace, root).wait() == 0
    library.require_same(workspace)
    return killed


def test_runs_killed_at_any_time_end_in_the_same_tables(
    library: Library, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """Row 20."""
    root = pytestconfig.rootpath
    with ThreadPoolExecutor(2) as both:
        halves = [
            both.submit(kill_often, library, tmp_path / str(seed), root, seed) for seed in (1, 2)
        ]
    assert sum(half.result() for half in halves) >= KILLS // 2


def group_is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize(
    ("number", "to_group", "code"),
    [(signal.SIGINT, True, 130), (signal.SIGTERM, False, 143)],
    ids=["Ctrl-C in a terminal", "SIGTERM"],
)
def test_a_signal_ends_the_run_soon_and_the_next_one_goes_on(
    library: Library,
    tmp_path: Path,
    pytestconfig: pytest.Config,
    number: signal.Signals,
    to_group: bool,
    code: int,
) -> None:
    """Row 21."""
    root, workspace = pytestconfig.rootpath, tmp_path / "workspace"
    run = library.start(workspace, root)
    await_file(run, workspace, STAGED)
    began = time.monotonic()
    (os.killpg if to_group else os.kill)(run.pid, number)
    assert run.wait(PATIENCE_S) == code
    assert time.monotonic() - began < 5
    assert not (workspace / "dataset" / "tracks" / "user.parquet").exists()
    while not group_is_gone(run.pid) and time.monotonic() - began < 5:
        time.sleep(0.05)
    assert group_is_gone(run.pid)
    assert library.start(workspace, root).wait() == 0
    library.require_same(workspace)


def test_a_second_extraction_is_locked_out_until_the_first_is_killed(
    library: Library, tmp_path: Path, zoneclf: Run, pytestconfig: pytest.Config
) -> None:
    """Rows 22 and 23."""
    run = library.start(tmp_path, pytestconfig.rootpath)
    await_file(run, tmp_path, STAGED)
    os.killpg(run.pid, signal.SIGSTOP)
    second = zoneclf(tmp_path, "extract", "--input", library.music)
    assert second.returncode == 6
    assert "dataset/frames/user: locked by another zoneclf" in second.stderr
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert zoneclf(tmp_path, "extract", "--input", library.music).returncode == 0
    library.require_same(tmp_path)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3", ".aiff"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_cut_file_is_truncated_wherever_it_was_cut(
    tmp_path: Path,
    chirp: Callable,
    write_wav: Callable,
    ffmpeg: Callable,
    reader: SoundReader,
    suffix: str,
    kept: float,
) -> None:
    """Row 1."""
    path = write_wav(tmp_path / f"a{suffix}", chirp(25))
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    assert reader.read(path, "id").facts.status == "truncated"


@pytest.mark.parametrize(("rate_hz", "channels"), [(2_000_000_000, 1), (RATE_HZ, 1023)])
def test_an_absurd_header_takes_no_memory(
    tmp_path: Path, write_wav: Callable, reader: SoundReader, rate_hz: int, channels: int
) -> None:
    """Row 4."""
    path = write_wav(tmp_path / "a.wav", np.zeros(4000, np.float32), subtype="PCM_16")
    content = bytearray(path.read_bytes())
    content[22:24] = channels.to_bytes(2, "little")
    content[24:28] = rate_hz.to_bytes(4, "little")
    content[32:34] = (2 * channels).to_bytes(2, "little")
    content[40:44] = (2**31 - 1).to_bytes(4, "little")
    path.write_bytes(content)
    tracemalloc.start()
    facts = reader.read(path, "id").facts
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert facts.status == "refused"
    assert peak < 10e6


PEAK_MEMORY = """
import resource, sys
from pathlib import Path
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor
from zoneclf.frames.sound_reader import SoundReader
from zoneclf.settings import AudioSettings

take = SoundReader(NativeExtractor(FrameGrid()), AudioSettings()).read(Path(sys.argv[1]), "id")
assert take.facts.status == "ok", take.facts
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_ten_minutes_take_no_more_memory_than_one(
    tmp_path: Path, noise: Callable, write_wav: Callable
) -> None:
    """Row 7: decoded, ten minutes would be 106 MB; their rows are 1.1 MB."""
    minute = noise(60 * 8000)
    peaks = []
    for minutes in (1, 10):
        path = write_wav(tmp_path / f"{minutes}.flac", np.tile(minute, minutes), 8000)
        command = [sys.executable, "-c", PEAK_MEMORY, path]
        peaks.append(int(subprocess.run(command, capture_output=True, check=True).stdout))
    assert peaks[1] - peaks[0] < 50_000  # kB


def test_sockets_and_devices_are_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 9."""
    monkeypatch.chdir(tmp_path)  # a socket's path may hold only some hundred bytes
    (tmp_path / "device.mp3").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.mp3")
        for name in ("socket.mp3", "device.mp3"):
            with pytest.raises(AudioError, match="not a file"):
                require_regular(tmp_path / name)


AWKWARD = [
    b"-rf.wav",
    b"[x].wav",
    b"a\nb.wav",
    b"tab\there.wav",
    b"$(x);%03d `y`.wav",
    b"quote ' and \".wav",
    "e\u0301 and \u00e9 \U0001f3b5.wav".encode(),
    b"\xff\xfe caf\xe9.wav",
    b"=cmd().wav",
    b"x" * 251 + b".wav",
]


@pytest.fixture(scope="module")
def awkward(
    tmp_path_factory: pytest.TempPathFactory, noise: Callable, write_wav: Callable, zoneclf: Run
) -> tuple[Path, list[Path], Done]:
    """A workspace with awkward names, and a copy, a hard link and a wrong suffix among them."""
    root = tmp_path_factory.mktemp("awkward")
    music = root / "music"
    music.mkdir()
    files = [music / os.fsdecode(name) for name in AWKWARD]
    for number, path in enumerate(files):
        write_wav(path, 0.3 * noise(2 * RATE_HZ, number))
    shutil.copy(files[0], music / "copy.wav")
    os.link(files[1], music / "link.wav")
    write_wav(music / "inside.mp3", 0.3 * noise(2 * RATE_HZ, 99)).rename(music / "outside.wav")
    every = [*files, music / "copy.wav", music / "link.wav", music / "outside.wav"]
    return root, every, zoneclf(root, "extract", "--input", "music")


def test_awkward_names_are_extracted_and_kept_byte_by_byte(
    awkward: tuple[Path, list[Path], Done],
) -> None:
    """Rows 11, 16 and 18."""
    root, files, done = awkward
    assert done.returncode == 0, done.stderr
    table = table_of(root)
    assert set(table["status"]) == {"ok"}
    assert len(table) == len(files) - 2
    assert paths_of(table) == {os.fsencode(path) for path in files}


def test_a_wrong_suffix_is_noted_in_the_table(awkward: tuple[Path, list[Path], Done]) -> None:
    """Row 3."""
    table = table_of(awkward[0]).set_index("name")
    assert table.loc["outside", "reason"] == "mp3 in a file called .wav"
    assert (table.drop("outside")["reason"] == "").all()


def test_moved_and_retagged_files_are_not_read_again(
    awkward: tuple[Path, list[Path], Done], zoneclf: Run, tmp_path: Path
) -> None:
    """Rows 13 and 14."""
    root = shutil.copytree(awkward[0], tmp_path / "workspace", symlinks=True)
    (root / "music").rename(root / "moved")
    tags = ID3()
    tags.add(TIT2(text="a title"))
    tags.save(root / "moved" / "outside.wav")
    done = zoneclf(root, "extract", "--input", "moved")
    assert done.returncode == 0, done.stderr
    assert "nothing new to extract" in done.stderr
    assert all(
        Path(os.fsdecode(path)).parent == root / "moved" for path in paths_of(table_of(root))
    )


def test_a_leading_dash_is_no_option(awkward: tuple[Path, list[Path], Done], zoneclf: Run) -> None:
    """Row 17."""
    music = awkward[0] / "music"
    for arguments in (["--input", "-rf.wav"], ["-i", "list.m3u8"]):
        (music / "list.m3u8").write_text("-rf.wav\n", encoding="utf-8")
        done = zoneclf(music, "extract", *arguments, "--output", "out", "--dry-run")
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("user: 1 to extract;")
    assert expand([music / "list.m3u8"]) == [music / "-rf.wav"]


def is_listed(name: bytes) -> bool:
    return not name.startswith(b".") and b"/" not in name and b"\0" not in name


names = st.one_of(
    st.binary(min_size=1, max_size=40),
    st.text(min_size=1, max_size=40).map(lambda text: text.encode("utf-8", "surrogateescape")),
    st.text("\n\r\t\x1b\x7f\u2028\u202e%$`'\"\\{}[]*?!~#&;|<>", min_size=1).map(str.encode),
).filter(is_listed)


@hypothesis.settings(max_examples=2)
@given(st.lists(names, min_size=15, max_size=20, unique=True))
def test_whatever_a_file_is_called_it_is_told_unambiguously(
    tmp_path_factory: pytest.TempPathFactory, zoneclf: Run, write_wav: Callable, chosen: list[bytes]
) -> None:
    """Row 16."""
    root = tmp_path_factory.mktemp("names")
    (root / "music").mkdir()
    files = [root / "music" / os.fsdecode(name + b".wav") for name in chosen]
    for number, path in enumerate(files):
        content = bytearray(write_wav(path, np.full(100, number / 100)).read_bytes())
        content[24:28] = bytes(4)  # a rate of 0 Hz is refused before any decoder starts
        path.write_bytes(content)
    done = zoneclf(root, "extract", "--input", "music", "--json")
    assert done.returncode == 4, done.stderr
    failed = json.loads(done.stdout)["sources"][0]["failed"]
    assert sorted(part["path"] for part in failed) == sorted(map(path_text, files))
    assert paths_of(table_of(root)) == {os.fsencode(path) for path in files}
    assert len(done.stdout.splitlines()) == len(done.stdout.split("\n")) - 1
    assert all(character.isprintable() or character == "\n" for character in done.stderr)


@pytest.mark.parametrize("blocked", ["dataset", "dataset/frames", "dataset/frames/user"])
def test_a_file_in_place_of_a_folder_is_named_before_any_work(
    library: Library, tmp_path: Path, zoneclf: Run, blocked: str
) -> None:
    """Row 24."""
    (tmp_path / blocked).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / blocked).write_text("in the way", encoding="utf-8")
    done = zoneclf(tmp_path, "extract", "--input", library.music)
    assert done.returncode == 5
    assert f"error: {blocked}" in done.stderr
    assert not list(tmp_path.rglob("*.parquet"))


def test_an_output_that_cannot_be_made_is_named_before_any_work(
    library: Library, tmp_path: Path, zoneclf: Run
) -> None:
    """Row 24, where not even root may write."""
    done = zoneclf(tmp_path, "extract", "--input", library.music, "--output", "/proc/none")
    assert done.returncode == 5
    assert "error: /proc/none" in done.stderr
    assert "Traceback" not in done.stderr


def test_runs_in_one_second_have_names_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 25: with a clock that stands still."""

    class Frozen(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> "Frozen":
            return cls(2026, 1, 1, tzinfo=tz)

    monkeypatch.setattr(results.datetime, "datetime", Frozen)
    runs = [results.new_run(tmp_path, "holdout") for _ in range(4)]
    assert len(set(runs)) == len(runs)
