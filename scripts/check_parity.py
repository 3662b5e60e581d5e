"""Compare the extractor `frames` with the openSMILE package, column by column, on real music.

Usage: python scripts/check_parity.py [--columns] [FILE ...]

Without files: DEAM's clips and full songs and ten tracks of music of the folder that
ZONECLF_REAL_DATA names (default ../shared/data), then three of them resampled to 48 and 96 kHz,
compared with our own rows at 44.1 kHz.  openSMILE hears a 16-bit wav of each file with its own
channels and mixes them itself.  Exit code 1 if a column misses r >= 0.999999 or a median relative
error <= 1e-5 on any file, if row counts differ, or if another rate is off by more than 0.1 % in
the median of any column.  Needs the extra `opensmile`.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from zoneclf.audio.decode import decoders
from zoneclf.audio.sound import RATE_HZ, Sound
from zoneclf.frames.columns import FRAME_COLUMNS
from zoneclf.frames.extractor import extract
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor
from zoneclf.frames.opensmile import run_opensmile
from zoneclf.settings import AudioSettings

LEAST_R = 0.999999
MOST_ERROR = 1e-5
MOST_RATE_ERROR = 1e-3
RATES_HZ = (48_000, 96_000)
MUSIC_COUNT = 10
RESAMPLED = ("clips/2.mp3", "clips/8.mp3", "full_songs/577.mp3")
Rows = npt.NDArray[np.float64]


def native_rows(path: Path) -> Rows:
    """Return our rows, shape (frames, 236)."""
    sound = Sound(next(decoders(path, AudioSettings())))
    return extract(NativeExtractor(FrameGrid()), sound.blocks(), {}).rows.astype(np.float64)


def opensmile_rows(path: Path) -> Rows:
    """Return openSMILE's rows of the file's own channels, shape (frames, 236)."""
    samples, rate_hz = soundfile.read(path, always_2d=True)
    if rate_hz != RATE_HZ:
        sys.exit(f"{path}: {rate_hz} Hz; this comparison needs {RATE_HZ} Hz")
    steps = np.clip(np.rint(samples * 32768), -32768, 32767).astype(np.int16)
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "sound.wav"
        soundfile.write(wav, steps, rate_hz, subtype="PCM_16")
        rows = run_opensmile(wav, FrameGrid())
    return rows[:, : len(FRAME_COLUMNS)].astype(np.float64)


def compare(ours: Rows, theirs: Rows) -> tuple[Rows, Rows, Rows]:
    """Return of each column the correlation, and the median and highest relative error of a row.

    The highest error is relative to the column's mean magnitude: a single row may be close to 0.
    """
    ours_c, theirs_c = ours - ours.mean(axis=0), theirs - theirs.mean(axis=0)
    scale = np.sqrt((ours_c**2).sum(axis=0) * (theirs_c**2).sum(axis=0))
    r = np.where(scale > 0, (ours_c * theirs_c).sum(axis=0) / np.where(scale > 0, scale, 1), 1.0)
    apart = np.abs(ours - theirs)
    median = np.median(apart / np.maximum(np.abs(theirs), 1e-12), axis=0)
    magnitude = np.maximum(np.abs(theirs).mean(axis=0), 1e-12)
    return r, median, (apart / magnitude).max(axis=0)


def resampled_rows(path: Path, rate_hz: int) -> Rows:
    """Return our rows of a file that was resampled with soxr's best quality before."""
    samples, source_hz = soundfile.read(path, always_2d=True)
    sound = soxr.resample(samples, source_hz, rate_hz, quality="VHQ")
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "sound.wav"
        soundfile.write(wav, sound, rate_hz, subtype="FLOAT")
        return native_rows(wav)


def real_files(root: Path) -> list[Path]:
    """Return DEAM's clips and songs, and ten tracks of music, evenly chosen."""
    music = sorted((root / "music").glob("*.mp3"))
    chosen = music[:: max(1, len(music) // MUSIC_COUNT)][:MUSIC_COUNT]
    return [*sorted((root / "deam").glob("*/*.mp3")), *chosen]


def check_rates(root: Path) -> bool:
    """Print how far other rates are off; return whether all are close enough."""
    print(f"\n| {'file, rate':40} | rows | of them at 44.1 kHz | highest median error |")
    print("|---|---|---|---|")
    close = True
    for name in RESAMPLED:
        path = root / "deam" / name
        expected = native_rows(path)
        for rate_hz in RATES_HZ:
            rows = resampled_rows(path, rate_hz)
            if len(rows) != len(expected):
                print(f"{name}, {rate_hz} Hz: {len(rows)} rows, not {len(expected)}")
                return False
            error = compare(rows, expected)[1]
            close = close and error.max() <= MOST_RATE_ERROR
            what = f"{name}, {rate_hz} Hz"
            print(f"| {what:40} | {len(rows)} | {len(expected)} | {error.max():.2e} |")
    return close


def check_files(files: list[Path], all_columns: bool) -> bool:
    """Print one line per file, then the worst columns; return whether all are close enough."""
    found = []
    print(f"| {'file':46} | rows | openSMILE's | lowest r | highest median error |")
    print("|---|---|---|---|---|")
    for path in files:
        ours, theirs = native_rows(path), opensmile_rows(path)
        if len(ours) != len(theirs):
            print(f"{path.name}: {len(ours)} rows, openSMILE {len(theirs)}: ROW COUNTS DIFFER")
            return False
        found.append(compare(ours, theirs))
        r, median, _ = found[-1]
        name = f"{path.parent.name}/{path.name}"[:46]
        print(
            f"| {name:46} | {len(ours)} | {len(theirs)} | {r.min():.10f} | {median.max():.2e} |",
            flush=True,
        )
    lowest = np.min([r for r, _, _ in found], axis=0)
    medians = np.max([median for _, median, _ in found], axis=0)
    worst = np.max([row for _, _, row in found], axis=0)
    shown = range(len(FRAME_COLUMNS)) if all_columns else np.argsort(lowest)[:10]
    print("\n| column, lowest r first | lowest r | highest median error | worst single row |")
    print("|---|---|---|---|")
    for place in shown:
        numbers = f"{lowest[place]:.10f} | {medians[place]:.2e} | {worst[place]:.2e}"
        print(f"| {FRAME_COLUMNS[place]} | {numbers} |")
    met = int(((lowest >= LEAST_R) & (medians <= MOST_ERROR)).sum())
    print(f"\n{met} of {len(lowest)} columns: r >= {LEAST_R}, median error <= {MOST_ERROR}")
    print(f"worst single row of all: {worst.max():.2e} of its column's mean magnitude")
    return met == len(lowest)


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="files instead of the usual ones")
    parser.add_argument("--columns", action="store_true", help="print all 236 columns")
    options = parser.parse_args()
    root = Path(os.environ.get("ZONECLF_REAL_DATA", "../shared/data"))
    files = options.files or real_files(root)
    if not files:
        sys.exit(f"{root}: no music there; name files, or set ZONECLF_REAL_DATA")
    gone = [str(path) for path in files if not path.is_file()]
    if gone:
        sys.exit(f"{gone[0]}: not there")
    close = check_files(files, options.columns)
    if not options.files:
        close = check_rates(root) and close
    return 0 if close else 1


if __name__ == "__main__":
    sys.exit(main())
