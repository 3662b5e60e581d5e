"""The store at the size of a library: space, reading a column, reading a track.

Usage: python scripts/bench_store.py [--tracks N] [--rounds N]

Makes up tracks of 500 frames, 236 columns: stretches of 10 to 60 rows of real music (the folder
that ZONECLF_REAL_DATA names, default ../shared/data), every column of a track scaled a little, so
that they compress as real rows do and no two tracks share a row.  Stages, compacts and reads them
back; beside them one file per track, which is what a library without compaction would be.
"""

import argparse
import itertools
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zoneclf.audio.decode import decoders
from zoneclf.audio.sound import Sound
from zoneclf.frames.extractor import extract, frames_of, origin_of, spec_of
from zoneclf.frames.frame_store import FrameStore
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor
from zoneclf.frames.takes import Take, TrackFacts
from zoneclf.settings import AudioSettings
from zoneclf.store import TableNote

ROOT = Path(os.environ.get("ZONECLF_REAL_DATA", "../shared/data"))
FRAMES = 500
COLUMN = "pcm_RMSenergy_sma_amean"
# The file-per-track time is measured on one track in so many, and multiplied.
EVERY = 10
EXTRACTOR = NativeExtractor(FrameGrid())
NOTE = TableNote(spec=spec_of(EXTRACTOR), origins=(origin_of(EXTRACTOR),))


def real_rows() -> np.ndarray:
    """Return the frames of the real music, shape (frames, 236)."""
    tracks = sorted((ROOT / "music").glob("*.mp3"))
    if not tracks:
        sys.exit(f"{ROOT}: no music there; set ZONECLF_REAL_DATA")
    sounds = [Sound(next(decoders(track, AudioSettings()))) for track in tracks]
    return np.concatenate([extract(EXTRACTOR, sound.blocks(), {}).rows for sound in sounds])


def made_up(rows: np.ndarray, seed: int) -> Take:
    """Return a track of stretches of real rows."""
    random = np.random.default_rng(seed)
    lengths = random.integers(10, 60, FRAMES // 10)
    firsts = random.integers(0, len(rows) - 60, FRAMES // 10)
    pieces = [rows[first : first + length] for first, length in zip(firsts, lengths, strict=True)]
    scale = np.exp(random.normal(0, 0.05, rows.shape[1]))
    joined = (np.concatenate(pieces)[:FRAMES] * scale).astype(np.float32)
    facts = TrackFacts(track_id=f"{random.bytes(10).hex()}", status="ok", frame_count=FRAMES)
    return Take(facts, frames_of(EXTRACTOR.grid.starts(FRAMES), joined))


def build(folder: Path, tracks: int) -> tuple[FrameStore, list[Path], list[str]]:
    """Fill a store; return it, some of its tracks as files of their own, and the track ids."""
    rows = real_rows()
    store, single = FrameStore(folder / "frames", NOTE), folder / "single"
    single.mkdir()
    start = time.perf_counter()
    ids = []
    for seed in range(tracks):
        take = made_up(rows, seed)
        store.stage(take)
        ids.append(take.facts.track_id)
    staged_s = time.perf_counter() - start
    staged = sorted((store.folder / "staging").glob("*.parquet"))
    copies = [Path(shutil.copy(path, single)) for path in staged[::EVERY]]
    start = time.perf_counter()
    store.compact()
    compacted_s = time.perf_counter() - start
    print(f"staged in {staged_s:.0f} s, compacted in {compacted_s:.0f} s", file=sys.stderr)
    return store, copies, ids


def column_of(paths: list[Path]) -> None:
    """Read one column of every file, one after the other."""
    for path in paths:
        pq.ParquetFile(path).read(columns=[COLUMN])


def seconds_of(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, np.ndarray]:
    """Return the seconds that each work takes, shape (rounds,), alternating."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - start)
    return {name: np.array(values) for name, values in seconds.items()}


def line(what: str, values: np.ndarray, factor: float = 1e3) -> str:
    """Return a line of the table: median and quartiles, in milliseconds."""
    low, middle, high = np.percentile(values * factor, [25, 50, 75])
    return f"| {what} | {middle:.1f} ms | {low:.1f} to {high:.1f} ms |"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", type=int, default=5000, help="tracks to make up")
    parser.add_argument("--rounds", type=int, default=20, help="reads of each kind")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        store, copies, ids = build(Path(name), options.tracks)
        shards = sorted(store.folder.glob("*.parquet"))
        raw = options.tracks * FRAMES * len(NOTE.spec.features) * 4
        packed = sum(path.stat().st_size for path in shards)
        single = sum(path.stat().st_size for path in copies) / len(copies) * len(ids)
        chosen = itertools.cycle(ids[:: max(1, len(ids) // 50)])
        works: dict[str, Callable[[], object]] = {
            "column": lambda: column_of(shards),
            "single": lambda: column_of(copies),
            "track": lambda: store.track(next(chosen))[1].rows,
        }
        seconds = seconds_of(works, options.rounds)
    versions = f"Python {platform.python_version()}, pyarrow {pa.__version__}"
    print(f"{platform.machine()}, {os.cpu_count()} cores, {versions}; {options.rounds} rounds")
    print(f"{len(ids)} tracks of {FRAMES} frames, {len(NOTE.spec.features)} columns\n")
    scaled = seconds["single"] * len(ids) / len(copies)
    ratio = np.median(seconds["column"]) / np.median(scaled)
    print("| what | median | quartiles |\n|---|---|---|")
    print(f"| raw float32 | {raw / 1e6:.0f} MB | |")
    print(f"| {len(shards)} shards | {packed / 1e6:.0f} MB, {packed / raw:.3f} of raw | |")
    print(f"| one file per track | {single / 1e6:.0f} MB, {single / raw:.3f} of raw | |")
    print(line("one column of all tracks", seconds["column"]))
    print(line(f"the same from one file per track (one in {EVERY} measured)", scaled))
    print(f"| ratio of the two | 1/{1 / ratio:.0f} | |")
    print(line("all columns of one track", seconds["track"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
