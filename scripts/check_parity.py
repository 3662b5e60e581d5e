"""Compare the extractor `frames` with the openSMILE package, column by column, on real music.

Usage: python scripts/check_parity.py [FILE ...]

Without files: the clips and three tracks of the folder that ZONECLF_REAL_DATA names (default
../shared/data).  openSMILE hears a 16-bit wav of each file with its own channels and mixes them
itself.  Exit code 1 if a column misses r >= 0.99999 or a median relative error <= 1e-4, or if row
counts differ.  Needs the extra `opensmile`.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from zoneclf.audio.decode import decoders
from zoneclf.audio.sound import RATE_HZ, Sound
from zoneclf.frames.columns import FRAME_COLUMNS
from zoneclf.frames.extractor import extract
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor
from zoneclf.frames.opensmile import run_opensmile
from zoneclf.settings import AudioSettings

LEAST_R = 0.99999
MOST_ERROR = 1e-4
TRACKS = (
    "Komiku_TheGirlWithTheBaseballBat_02BadGuysHq.mp3",
    "Lee_Rosevere_Music_For_Podcasts_6_05_Makin.mp3",
    "Kevin_MacLeod_01_A_Mission.mp3",
)
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


def compare(ours: Rows, theirs: Rows) -> tuple[Rows, Rows]:
    """Return correlation and median relative error of each column."""
    ours_c, theirs_c = ours - ours.mean(axis=0), theirs - theirs.mean(axis=0)
    scale = np.sqrt((ours_c**2).sum(axis=0) * (theirs_c**2).sum(axis=0))
    r = np.where(scale > 0, (ours_c * theirs_c).sum(axis=0) / np.where(scale > 0, scale, 1), 1.0)
    floor = np.maximum(np.abs(theirs), 1e-12)
    return r, np.median(np.abs(ours - theirs) / floor, axis=0)


def main() -> int:
    """Print one line per file, then one per group of columns."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--columns", action="store_true", help="print all 236 columns")
    options = parser.parse_args()
    root = Path(os.environ.get("ZONECLF_REAL_DATA", "../shared/data"))
    files = options.files or [
        *sorted((root / "deam" / "clips").glob("*.mp3")),
        *(root / "music" / name for name in TRACKS),
    ]
    if not files or not all(path.is_file() for path in files):
        sys.exit(f"{root}: not there; name files, or set ZONECLF_REAL_DATA")
    pairs = []
    print(f"{'file':50} {'rows':>5} {'openSMILE':>9} {'lowest r':>13} {'highest median error':>21}")
    for path in files:
        ours, theirs = native_rows(path), opensmile_rows(path)
        if len(ours) != len(theirs):
            print(f"{path.name:50} {len(ours):5} {len(theirs):9}  ROW COUNTS DIFFER")
            return 1
        r, error = compare(ours, theirs)
        counts = f"{len(ours):5} {len(theirs):9}"
        print(f"{path.name[:50]:50} {counts} {r.min():13.10f} {error.max():21.2e}")
        pairs.append((ours, theirs, r, error))
    lowest = np.min([pair[2] for pair in pairs], axis=0)
    highest = np.max([pair[3] for pair in pairs], axis=0)
    shown = range(len(FRAME_COLUMNS)) if options.columns else np.argsort(lowest)[:10]
    print(f"\n{'column (worst first)':58} {'lowest r':>13} {'highest median error':>21}")
    for place in shown:
        print(f"{FRAME_COLUMNS[place]:58} {lowest[place]:13.10f} {highest[place]:21.2e}")
    missed = int(((lowest < LEAST_R) | (highest > MOST_ERROR)).sum())
    met = len(FRAME_COLUMNS) - missed
    print(f"\n{met} of {len(FRAME_COLUMNS)} columns: r >= {LEAST_R}, median error <= {MOST_ERROR}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
