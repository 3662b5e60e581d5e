"""Frames on disk: what is staged survives, nothing is there twice, nothing foreign is joined."""

import dataclasses
import errno
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from zoneclf.errors import LockedError, OutputError, TableError
from zoneclf.frames.extractor import Frames, frames_of
from zoneclf.frames.frame_store import TRACKS_PER_SHARD, FrameStore
from zoneclf.frames.shards import GROUP_ROWS
from zoneclf.frames.takes import Take, TrackFacts
from zoneclf.store import Origin, TableNote, TableSpec

SPEC = TableSpec(
    level="frames",
    descriptors="test/1",
    window_s=1.0,
    hop_s=0.5,
    rate_hz=44_100,
    features=("loudness", "pitch(1)"),
)
NOTE = TableNote(spec=SPEC, origins=(Origin(extractor="test", extractor_version=1),))


@pytest.fixture
def store(tmp_path: Path) -> FrameStore:
    return FrameStore(tmp_path / "frames", NOTE)


def take(track_id: str, frame_count: int = 3, tempo: float = 120.0) -> Take:
    """Return a take whose numbers tell the track apart."""
    seed = int.from_bytes(track_id.encode(), "little") % 2**32
    rows = np.random.default_rng(seed).random((frame_count, 2), dtype=np.float32)
    status = "ok" if frame_count else "silent"
    facts = TrackFacts(
        track_id=track_id,
        status=status,
        duration_s=frame_count / 2,
        frame_count=frame_count,
        measures={"tempo": tempo} if frame_count else {},
    )
    frames = frames_of(np.arange(frame_count) * 0.5, rows, facts.measures)
    return Take(facts, frames if frame_count else None)


def stage(store: FrameStore, *takes: Take) -> None:
    for one in takes:
        store.stage(one)


def stored(store: FrameStore) -> dict[str, tuple[TrackFacts, Frames]]:
    tracks = list(store.tracks())
    by_id = {facts.track_id: (facts, frames) for facts, frames in tracks}
    assert len(by_id) == len(tracks), "a track is there twice"
    return by_id


def files(store: FrameStore) -> list[str]:
    found = (path for path in store.folder.rglob("*") if path.is_file() and path.name != ".lock")
    return sorted(str(path.relative_to(store.folder)) for path in found)


def require_kept(store: FrameStore, *takes: Take) -> None:
    found = stored(store)
    assert found.keys() == {one.facts.track_id for one in takes if one.frames is not None}
    for one in takes:
        if one.frames is None:
            continue
        facts, frames = found[one.facts.track_id]
        assert facts == one.facts
        np.testing.assert_array_equal(frames.rows, one.frames.rows)
        np.testing.assert_array_equal(frames.start_s, one.frames.start_s)
        assert frames.measures == one.frames.measures


def test_what_is_staged_and_compacted_comes_back(store: FrameStore) -> None:
    takes = [take("b", 3), take("a", 1), take("c", 7, tempo=97.5)]
    stage(store, *takes)
    store.compact()
    require_kept(store, *takes)
    assert [name for name in files(store) if "staging" in name] == []


def test_facts_are_known_before_and_after_compaction(store: FrameStore) -> None:
    takes = [take("a"), take("b", 0)]
    stage(store, *takes)
    expected = {one.facts.track_id: one.facts for one in takes}
    assert store.facts() == expected
    store.compact()
    assert store.facts() == expected


def test_a_track_without_frames_is_remembered_and_yields_none(store: FrameStore) -> None:
    stage(store, take("a"), take("b", 0), take("c"))
    store.compact()
    require_kept(store, take("a"), take("b", 0), take("c"))
    assert store.facts()["b"].status == "silent"


def test_a_missing_tempo_stays_missing(store: FrameStore) -> None:
    stage(store, take("a", tempo=float("nan")))
    store.compact()
    assert np.isnan(stored(store)["a"][1].measures["tempo"])


def test_many_tracks_fill_several_shards(store: FrameStore) -> None:
    takes = [take(f"{number:04}", 1) for number in range(TRACKS_PER_SHARD + 3)]
    stage(store, *takes)
    store.compact()
    assert len(files(store)) == 2
    require_kept(store, *takes)


def test_a_later_run_adds_to_what_is_there(store: FrameStore) -> None:
    stage(store, take("a"), take("b"))
    store.compact()
    stage(store, take("c"))
    store.compact()
    require_kept(store, take("a"), take("b"), take("c"))


@pytest.mark.parametrize("left", [["a", "b"], ["b"]])
@pytest.mark.parametrize("fresh", [[], ["0"], ["z"]])
def test_a_kill_between_shard_and_clean_up_leaves_no_track_twice(
    store: FrameStore, tmp_path: Path, left: list[str], fresh: list[str]
) -> None:
    stage(store, take("a"), take("b"))
    shutil.copytree(store.folder / "staging", tmp_path / "kept")
    store.compact()
    for name in left:
        shutil.copy(tmp_path / "kept" / f"{name}.parquet", store.folder / "staging")
    stage(store, *(take(name) for name in fresh))
    store.compact()
    require_kept(store, *(take(name) for name in ["a", "b", *fresh]))


def test_compacting_twice_changes_nothing(store: FrameStore) -> None:
    stage(store, take("a"), take("b"))
    store.compact()
    before = {name: (store.folder / name).read_bytes() for name in files(store)}
    store.compact()
    assert {name: (store.folder / name).read_bytes() for name in files(store)} == before


def test_the_files_do_not_depend_on_the_order_of_extraction(tmp_path: Path) -> None:
    contents = []
    for name, order in (("x", "abc"), ("y", "cba")):
        store = FrameStore(tmp_path / name, NOTE)
        stage(store, *(take(track_id) for track_id in order))
        store.compact()
        contents.append({file: (store.folder / file).read_bytes() for file in files(store)})
    assert contents[0] == contents[1]


def test_clearing_leaves_nothing(store: FrameStore) -> None:
    stage(store, take("a"))
    store.compact()
    stage(store, take("b"))
    store.clear()
    assert (files(store), store.facts()) == ([], {})


OTHER_SPECS = {
    "hop_s": dataclasses.replace(SPEC, hop_s=0.25),
    "descriptors": dataclasses.replace(SPEC, descriptors="test/2"),
    "1 columns": dataclasses.replace(SPEC, features=("loudness",)),
}


@pytest.mark.parametrize("joined", [True, False])
@pytest.mark.parametrize(("word", "spec"), OTHER_SPECS.items(), ids=OTHER_SPECS.keys())
def test_frames_of_another_spec_are_refused(
    store: FrameStore, word: str, spec: TableSpec, joined: bool
) -> None:
    stage(store, take("a"))
    if joined:
        store.compact()
    other = FrameStore(store.folder, dataclasses.replace(NOTE, spec=spec))
    with pytest.raises(TableError, match=rf"was made otherwise \({word}.*--force"):
        other.require_same_spec()


@pytest.mark.parametrize("origin", [("test", 2), ("other", 1)])
def test_frames_of_another_extractor_or_version_are_refused(
    store: FrameStore, origin: tuple[str, int]
) -> None:
    stage(store, take("a"))
    made = Origin(extractor=origin[0], extractor_version=origin[1])
    other = FrameStore(store.folder, dataclasses.replace(NOTE, origins=(made,)))
    with pytest.raises(TableError, match=f"test 1 against {origin[0]} {origin[1]}.*--force"):
        other.require_same_spec()


def test_the_same_spec_is_accepted_and_so_is_an_empty_store(store: FrameStore) -> None:
    store.require_same_spec()
    stage(store, take("a"))
    FrameStore(store.folder, NOTE).require_same_spec()


def test_a_damaged_file_is_named_with_what_to_do(store: FrameStore) -> None:
    stage(store, take("a"))
    (path,) = (store.folder / "staging").glob("*.parquet")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(TableError, match=r"a\.parquet: cannot be read as Parquet.*extract again"):
        store.facts()


HOLDER = """
import sys, time
from pathlib import Path
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_second_writer_is_locked_out_until_the_first_dies(store: FrameStore) -> None:
    with store.lock():
        pass
    command = [sys.executable, "-c", HOLDER, str(store.folder / ".lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        try:
            assert holder.stdout.readline() == b"held\n"
            locked = pytest.raises(LockedError, match="locked by another zoneclf")
            with locked, store.lock():
                pass
        finally:
            holder.kill()
    with store.lock():
        pass


def test_a_lock_is_exclusive_within_a_process_too(store: FrameStore) -> None:
    other = FrameStore(store.folder, NOTE)
    locked = pytest.raises(LockedError, match="locked by another zoneclf")
    with store.lock(), locked, other.lock():
        pass
    with other.lock():
        pass


def full_disk(self: pq.ParquetWriter, table: object, **options: object) -> None:
    """Fail half-way as a full disk does."""
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_no_partial_file_and_the_old_ones(
    store: FrameStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage(store, take("a"))
    store.compact()
    stage(store, take("b"))
    before = files(store)
    monkeypatch.setattr(pq.ParquetWriter, "write_table", full_disk)
    with pytest.raises(OutputError, match="No space left on device"):
        stage(store, take("c"))
    with pytest.raises(OutputError, match="No space left on device"):
        store.compact()
    assert files(store) == before
    monkeypatch.undo()
    store.compact()
    require_kept(store, take("a"), take("b"))


def test_a_file_in_place_of_the_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "frames").write_text("in the way")
    blocked = FrameStore(tmp_path / "frames", NOTE)
    with pytest.raises(OutputError, match="cannot be made"), blocked.lock():
        pass


def test_some_columns_of_every_track_are_what_its_rows_hold(store: FrameStore) -> None:
    for place, name in enumerate(("a", "b", "c")):
        store.stage(take(name, 3 + place))
    store.compact()
    features = store.note.spec.features
    names = [features[1], features[0]]
    found = dict(store.columns(names))
    assert list(found) == ["a", "b", "c"]
    for name, (_, frames) in stored(store).items():
        np.testing.assert_array_equal(found[name], frames.rows[:, [1, 0]])


def test_one_track_is_found_in_the_shard_that_holds_it(store: FrameStore) -> None:
    for names in ("adg", "bfx"):
        stage(store, *(take(name) for name in names))
        store.compact()
    for name in "adgbfx":
        facts, frames = store.track(name)
        assert facts == take(name).facts
        expected = take(name).frames
        assert expected is not None
        np.testing.assert_array_equal(frames.rows, expected.rows)
    for name in "cz":
        with pytest.raises(TableError, match=f"no frames of track {name}; extract it"):
            store.track(name)


def test_a_long_track_is_kept_in_pieces(store: FrameStore) -> None:
    takes = [take("a", 2 * GROUP_ROWS + 5), take("b", 3), take("c", GROUP_ROWS), take("d", 1)]
    stage(store, *takes)
    store.compact()
    require_kept(store, *takes)
    sizes = {len(chunk) for _, frames in store.tracks() for chunk in frames.source.chunks()}
    assert max(sizes) <= GROUP_ROWS


COMPACTOR = """
import sys
import time
from pathlib import Path
from zoneclf.frames.frame_store import FrameStore
from zoneclf.store import read_note
folder = Path(sys.argv[1])
store = FrameStore(folder, read_note(next(folder.rglob("*.parquet"))))
with store.lock():
    print("starts", flush=True)
    store.compact()
    print("done", flush=True)
"""


@pytest.mark.slow
def test_compaction_survives_being_killed_at_any_moment(store: FrameStore) -> None:
    takes = [take(f"{number:04}", 1 + number % 7) for number in range(200)]
    stage(store, *takes)
    unfinished = 0
    for number, delay_s in enumerate(np.linspace(0, 0.5, 20).tolist()):
        copy = FrameStore(store.folder.with_name(str(number)), NOTE)
        shutil.copytree(store.folder, copy.folder)
        command = [sys.executable, "-c", COMPACTOR, str(copy.folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as compactor:
            assert compactor.stdout is not None
            assert compactor.stdout.readline() == b"starts\n"
            time.sleep(delay_s)
            compactor.kill()
            unfinished += compactor.stdout.readline() != b"done\n"
        assert copy.facts() == {one.facts.track_id: one.facts for one in takes}
        with copy.lock():
            copy.compact()
        require_kept(copy, *takes)
        assert [name for name in files(copy) if "staging" in name or "part" in name[-5:]] == []
    assert unfinished >= 5, "the kills came too late: the test proves nothing"
