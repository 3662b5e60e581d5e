"""CPU seconds per minute of audio: this extractor, openSMILE, a naive librosa script, decoding.

Usage: python scripts/bench_extract.py [--rounds N] [--files N]

Reads tracks of 3 to 5 minutes from the folder that ZONECLF_REAL_DATA names (default
../shared/data), as mp3 and, written anew, as flac and wav.  One process, one thread, alternating
within each round; compilation and imports are warmed up before.  Prints medians over rounds with
their spread (interquartile range), and ratios of medians.  Essentia's MusicExtractor is one more
column where that package is installed.
"""

import argparse
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import importlib.util
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import soundfile
from naive_librosa import naive_features

from zoneclf.audio.decode import decoders
from zoneclf.audio.sound import Sound
from zoneclf.frames.extractor import extract
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor
from zoneclf.frames.opensmile import run_opensmile
from zoneclf.settings import AudioSettings
from zoneclf.tracks.tempo import TempoMeter

ROOT = Path(os.environ.get("ZONECLF_REAL_DATA", "../shared/data"))
PACKAGES = ("numpy", "scipy", "numba", "soundfile", "librosa", "opensmile")
TRACKS = ("deam/full_songs/3.mp3", "deam/full_songs/577.mp3", "deam/full_songs/598.mp3")


def sound_of(path: Path) -> Sound:
    """Return the sound of a file through the first decoder."""
    return Sound(next(decoders(path, AudioSettings())))


def decode(path: Path) -> None:
    """Decode and mix, nothing else."""
    for _ in sound_of(path).blocks():
        pass


def frames(path: Path) -> None:
    """Compute 236 columns and tempo."""
    extract(NativeExtractor(FrameGrid()), sound_of(path).blocks(), {"tempo": TempoMeter()})


def opensmile(path: Path) -> None:
    """Decode, write a 16-bit wav, and run openSMILE on it with DEAM's configuration."""
    samples, rate_hz = soundfile.read(path, dtype="int16")
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "sound.wav"
        soundfile.write(wav, samples, rate_hz, subtype="PCM_16")
        run_opensmile(wav, FrameGrid())


def naive(path: Path) -> None:
    """Run the naive script."""
    naive_features(path)


def essentia(path: Path) -> None:
    """Run MusicExtractor; its licence (AGPL) keeps it out of the dependencies."""
    standard = importlib.import_module("essentia.standard")
    standard.MusicExtractor()(str(path))


WAYS: dict[str, Callable[[Path], None]] = {
    "decode and mix": decode,
    "zoneclf frames": frames,
    "naive librosa": naive,
    "openSMILE": opensmile,
}
if importlib.util.find_spec("essentia") is not None:
    WAYS["Essentia"] = essentia


def variants(folder: Path, count: int) -> dict[str, list[Path]]:
    """Return the tracks by format; flac and wav are written from the mp3's sound."""
    mp3 = [ROOT / name for name in TRACKS][:count]
    found = {"mp3": mp3}
    for suffix in ("flac", "wav"):
        found[suffix] = []
        for path in mp3:
            samples, rate_hz = soundfile.read(path, dtype="int16")
            soundfile.write(folder / f"{path.stem}.{suffix}", samples, rate_hz, subtype="PCM_16")
            found[suffix].append(folder / f"{path.stem}.{suffix}")
    return found


def measure(paths: list[Path], rounds: int) -> dict[str, np.ndarray]:
    """Return CPU seconds per minute of audio, shape (rounds,), by way."""
    minutes = sum(soundfile.info(path).duration for path in paths) / 60
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(rounds):
        for name, way in WAYS.items():
            start = time.process_time()
            for path in paths:
                way(path)
            seconds[name].append((time.process_time() - start) / minutes)
    return {name: np.array(values) for name, values in seconds.items()}


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="runs of each way")
    parser.add_argument("--files", type=int, default=3, help="songs of each format")
    options = parser.parse_args()
    if not (ROOT / TRACKS[0]).is_file():
        sys.exit(f"{ROOT}: not there; set ZONECLF_REAL_DATA")
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{versions}; {options.rounds} rounds, {options.files} tracks\n")
    with tempfile.TemporaryDirectory() as name:
        found = variants(Path(name), options.files)
        for warm_up in WAYS.values():
            warm_up(found["wav"][0])
        print("| format | " + " | ".join(WAYS) + " | to decoding | to naive | to openSMILE |")
        print("|---" * (len(WAYS) + 4) + "|")
        for suffix, paths in found.items():
            seconds = measure(paths, options.rounds)
            middle = {way: float(np.median(values)) for way, values in seconds.items()}
            cells = []
            for way, values in seconds.items():
                spread = np.subtract(*np.percentile(values, [75, 25]))
                cells.append(f"{middle[way]:.3f} ({spread:.3f})")
            ours = middle["zoneclf frames"]
            ratios = [ours / middle[w] for w in ("decode and mix", "naive librosa", "openSMILE")]
            cells += [f"{ratios[0]:.2f}", f"1/{1 / ratios[1]:.1f}", f"1/{1 / ratios[2]:.1f}"]
            print(f"| {suffix} | " + " | ".join(cells) + " |")
    print("\nmedian CPU seconds per minute of audio (interquartile range over rounds)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
