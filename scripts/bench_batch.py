"""Whole batches: two processes against one, and memory over long files and many.

Usage: python scripts/bench_batch.py [--rounds N] [--hours N] [--tracks N]

Speed: 48 tracks of the folder that ZONECLF_REAL_DATA names (default ../shared/data), read into a
new store with one process and with two, alternating; wall-clock time from start to the compacted
store.  Memory: the highest resident memory of one process that extracts a minute (the start),
then a wav of many hours, then many short tracks; and that joins and pools them after each.
"""

import argparse
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # as the command line sets it

import platform
import resource
import sys
import tempfile
import time
import wave
from pathlib import Path

import numpy as np
import soundfile

from zoneclf.frames.batch import Batch, identify
from zoneclf.frames.frame_store import FrameStore
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor
from zoneclf.frames.sound_reader import SoundReader
from zoneclf.settings import AudioSettings, DropSettings
from zoneclf.store import TableNote
from zoneclf.tracks.tempo import TempoMeter

ROOT = Path(os.environ.get("ZONECLF_REAL_DATA", "../shared/data"))
TRACKS = 48
RATE_HZ = 44_100
LIMIT_S = 3600.0
READER = SoundReader(
    NativeExtractor(FrameGrid()), AudioSettings(time_limit_s=LIMIT_S), {"tempo": TempoMeter}
)
NOTE = TableNote(spec=READER.spec, origins=(READER.origin,))


def real_tracks(folder: Path) -> list[Path]:
    """Return 48 tracks, the last of them written anew as flac."""
    found = [*sorted((ROOT / "music").glob("*.mp3")), *sorted((ROOT / "deam").glob("*/*.mp3"))]
    if not found:
        sys.exit(f"{ROOT}: no music there; set ZONECLF_REAL_DATA")
    for path in found[: max(0, TRACKS - len(found))]:
        samples, rate_hz = soundfile.read(path, dtype="int16")
        soundfile.write(folder / f"{path.stem}.flac", samples, rate_hz, subtype="PCM_16")
    return [*found, *sorted(folder.glob("*.flac"))][:TRACKS]


def batch_s(paths: list[Path], jobs: int) -> float:
    """Return the seconds that a whole batch takes."""
    with tempfile.TemporaryDirectory() as folder:
        store = FrameStore(Path(folder), NOTE)
        start = time.perf_counter()
        Batch(READER, store, jobs, LIMIT_S).run(identify(paths, {}), lambda *_: None)
        return time.perf_counter() - start


def compare_jobs(rounds: int) -> None:
    """Print the speed of two processes against one."""
    seconds: dict[int, list[float]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory() as folder:
        paths = real_tracks(Path(folder))
        minutes = sum(soundfile.info(path).duration for path in paths) / 60
        for _ in range(rounds):
            for jobs, values in seconds.items():
                values.append(batch_s(paths, jobs))
    print(f"\n{len(paths)} tracks, {minutes:.0f} min of sound, {rounds} rounds\n")
    print("| processes | seconds, median (quartiles) | x real time |\n|---|---|---|")
    for jobs, values in seconds.items():
        low, middle, high = np.percentile(values, [25, 50, 75])
        rate = 60 * minutes / middle
        print(f"| {jobs} | {middle:.1f} ({low:.1f} to {high:.1f}) | {rate:.0f} |")
    print(f"\nratio of medians: {np.median(seconds[1]) / np.median(seconds[2]):.2f}")


def write_long(path: Path, hours: float) -> None:
    """Write a mono wav of many hours: five seconds of noise and tones again and again."""
    time_s = np.arange(5 * RATE_HZ) / RATE_HZ
    noise = np.random.default_rng(0).normal(0, 0.05, time_s.size)
    sound = 0.3 * np.sin(2 * np.pi * 220 * time_s) * (time_s % 0.5 < 0.1) + noise
    piece = (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()
    with wave.open(str(path), "wb") as stream:
        stream.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        for _ in range(round(hours * 720)):
            stream.writeframesraw(piece)


def peak_mb() -> float:
    """Return the highest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def extract_here(paths: list[Path], folder: Path) -> None:
    """Read files into a store in this process, join and pool them, write the track table."""
    store = FrameStore(folder, NOTE)
    found = identify(paths, {})
    for file in found:
        take = READER.read(file.path, file.track_id)
        if take.facts.status != "ok":
            sys.exit(f"{file.path}: {take.facts.status} ({take.facts.reason})")
        store.stage(take)
    store.compact()
    # Imported here, since worker processes import this script, which they do not need.
    from zoneclf.tracks.track_table import Pooled, about, note_of, save_pooled

    pooled = Pooled(store.tracks(), READER.spec, DropSettings())
    made = note_of(READER.spec, READER.origin, DropSettings())
    save_pooled(about(found, store.facts()), pooled, made, folder / "tracks.parquet")


def measure_memory(hours: float, tracks: int) -> None:
    """Print the highest resident memory after each step."""
    print("\n| step | highest resident memory | over the start |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_long(folder / "minute.wav", 1 / 60)
        extract_here([folder / "minute.wav"], folder / "start")
        start = peak_mb()
        print(f"| one minute (start) | {start:.0f} MB | |")
        write_long(folder / "long.wav", hours)
        extract_here([folder / "long.wav"], folder / "long")
        print(f"| {hours:g} hours | {peak_mb():.0f} MB | {peak_mb() - start:.0f} MB |", flush=True)
        (folder / "long.wav").unlink()
        before = peak_mb()
        short = []
        for number in range(tracks):
            short.append(folder / f"{number}.wav")
            noise = np.random.default_rng(number).normal(0, 0.1, 3 * RATE_HZ)
            soundfile.write(short[-1], noise, RATE_HZ, subtype="PCM_16")
        extract_here(short, folder / "short")
        more = peak_mb() - before
        print(f"| {tracks} tracks of 3 s after that | {peak_mb():.0f} MB | {more:.0f} MB more |")


def main() -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="runs of each number of processes")
    parser.add_argument("--hours", type=float, default=10.0, help="length of the long file")
    parser.add_argument("--tracks", type=int, default=5000, help="number of short files")
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    measure_memory(options.hours, options.tracks)
    compare_jobs(options.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
