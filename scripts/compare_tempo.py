"""Compare our tempo with librosa's two estimates on real music, as a markdown table.

Usage: python scripts/compare_tempo.py

Reads every audio file in the folders music/ and deam/clips of the folder that ZONECLF_REAL_DATA
names (default ../shared/data).  librosa hears the same file as mono at 22.05 kHz; both of its
estimates rest on one onset envelope.  The tempo that beat_track returns is feature.tempo's, so
what is taken from it is the median interval between the beats that it set.
No tempo is known here: what is counted is agreement.
Agreement is within 4 %: of the same tempo, of half, double, a third, triple, or by 2/3 and 3/2.
"""

import argparse
import os
import sys
import warnings
from collections import Counter
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import librosa
import numpy as np
from librosa.beat import beat_track
from librosa.onset import onset_strength

from zoneclf.audio.files import audio_files
from zoneclf.pipeline.planning import sound_reader
from zoneclf.settings import Settings

ROOT = Path(os.environ.get("ZONECLF_REAL_DATA", "../shared/data"))
FOLDERS = ("music", "deam/clips")
TOLERANCE = 0.04
RATIOS = {
    "same": (1.0,),
    "half": (0.5,),
    "double": (2.0,),
    "third or triplet": (1 / 3, 2 / 3, 1.5, 3.0),
}
KINDS = (*RATIOS, "other", "none")


@dataclass(frozen=True)
class Tempi:
    """Three estimates of one track in beats per minute; NaN where there is none."""

    name: str
    ours: float
    beat_track: float
    tempo: float

    @property
    def is_settled(self) -> bool:
        """Whether librosa's two estimates are the same."""
        return kind_of(self.beat_track, self.tempo) == "same"


def kind_of(ours: float, theirs: float) -> str:
    """Return how our tempo relates to another: half means that ours is half of it."""
    if not ours > 0 or not theirs > 0:
        return "none"
    for kind, ratios in RATIOS.items():
        if any(abs(ours / (theirs * ratio) - 1) <= TOLERANCE for ratio in ratios):
            return kind
    return "other"


def measured(path: Path) -> Tempi:
    """Return the three estimates of one file."""
    take = sound_reader(Settings(), "frames").read(path, "track")
    ours = float(take.facts.measures.get("tempo", np.nan))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # librosa's own, on files that need another decoder
        sound, rate_hz = librosa.load(path, sr=22_050, mono=True)
    onset = onset_strength(y=sound, sr=rate_hz)
    _, beats_s = beat_track(onset_envelope=onset, sr=rate_hz, units="time")
    beats = 60 / float(np.median(np.diff(beats_s))) if len(beats_s) > 1 else float("nan")
    tempo = librosa.feature.tempo(onset_envelope=onset, sr=rate_hz)
    return Tempi(path.stem, ours, beats, float(np.ravel(tempo)[0]))


def totals(found: list[Tempi]) -> list[str]:
    """Return the table of how often each kind of agreement occurs."""
    pairs = {
        "ours against beat_track": [kind_of(one.ours, one.beat_track) for one in found],
        "ours against feature.tempo": [kind_of(one.ours, one.tempo) for one in found],
        "beat_track against feature.tempo": [kind_of(one.beat_track, one.tempo) for one in found],
        "ours where librosa's two are the same": [
            kind_of(one.ours, one.beat_track) for one in found if one.is_settled
        ],
    }
    lines = [f"| compared | tracks | {' | '.join(KINDS)} |", "|---" * (len(KINDS) + 2) + "|"]
    for name, kinds in pairs.items():
        counts = Counter(kinds)
        cells = " | ".join(str(counts[kind]) for kind in KINDS)
        lines.append(f"| {name} | {len(kinds)} | {cells} |")
    return lines


def main() -> int:
    """Print one line per track, then totals and versions."""
    argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0]).parse_args()
    paths = [path for folder in FOLDERS for path in audio_files(ROOT / folder)]
    if not paths:
        print(f"{ROOT}: no audio in music/ or deam/clips; set ZONECLF_REAL_DATA", file=sys.stderr)
        return 2
    print("| track | ours | beat_track | feature.tempo | ours against beat_track |")
    print("|---|---|---|---|---|")
    found = []
    for path in paths:
        one = measured(path)
        found.append(one)
        kind = kind_of(one.ours, one.beat_track)
        print(f"| {one.name} | {one.ours:.1f} | {one.beat_track:.1f} | {one.tempo:.1f} | {kind} |")
    print("", *totals(found), sep="\n")
    named = ", ".join(f"{name} {version(name)}" for name in ("zoneclf", "librosa", "numpy"))
    print(f"\nPython {sys.version.split()[0]}, {named}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
