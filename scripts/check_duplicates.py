"""Measure how near-duplicates are told from other tracks, on real music, as a markdown report.

Usage: python scripts/check_duplicates.py [--shorter-than SECONDS] [--loops TRACKS] [--every N]

Reads every audio file in music/, deam/clips and deam/full_songs of the folder that
ZONECLF_REAL_DATA names (default ../shared/data), makes variants of them with ffmpeg, and prints
how alike a variant and its original are, how alike it and the nearest other track are, and what
`zoneclf label` would join.  The same for a synthesised library, whose tracks are made of loops and
enter and leave alike.  Then the same for means: DEAM's 1802 songs.  Last, what 5000 tracks cost.
"""

import argparse
import functools
import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
from eval_deam import ROOT, song_table

from zoneclf.audio.files import audio_files
from zoneclf.demo.library import write_library
from zoneclf.frames.sound_reader import SoundReader
from zoneclf.labels.deam_tables import read_csv
from zoneclf.labels.duplicates import joined_groups
from zoneclf.labels.recordings import SAME_RECORDING, alike, best_fit, recordings
from zoneclf.pipeline.planning import sound_reader
from zoneclf.settings import DropSettings, Settings
from zoneclf.tracks.fingerprints import COLUMNS, Fingerprint, fingerprint
from zoneclf.tracks.pooling import track_features

FOLDERS = ("music", "deam/clips", "deam/full_songs")
# One recording under two names: DEAM's song 3, as clip and in full, is DD Groove.
ALIASES = {"3": "DD_Groove_Kevin_MacLeod"}
# Suffix, options of ffmpeg, and the shortest original in seconds.  Cuts fall between frames.
VARIANTS: dict[str, tuple[str, str, float]] = {
    "mp3, 128 kbit/s": (".mp3", "-b:a 128k", 0),
    "mp3, 48 kbit/s, mono, 22 kHz": (".mp3", "-b:a 48k -ar 22050 -ac 1", 0),
    "ogg, quality 2": (".ogg", "-c:a libvorbis -q:a 2", 0),
    "6 dB softer": (".flac", "-af volume=-6dB", 0),
    "6 dB louder, clipping, mp3": (".mp3", "-af volume=6dB -b:a 192k", 0),
    "without its first 10.23 s": (".wav", "-af atrim=start=10.23", 21),
    "without its last 10 s": (".wav", "-af areverse,atrim=start=10,areverse", 21),
    "45 s from 61.37 s on, mp3": (".mp3", "-ss 61.37 -t 45 -b:a 128k", 110),
    "20 s from 17.61 s on, mp3": (".mp3", "-ss 17.61 -t 20 -b:a 128k", 38),
}
LARGE = 5000


@dataclass(frozen=True)
class Heard:
    """A track or variant: what it is of, its fingerprint and its features."""

    recording: str
    variant: str
    print_: Fingerprint | None
    features: np.ndarray


@functools.cache
def reader() -> SoundReader:
    """Return the reader, once per process."""
    return sound_reader(Settings(), "frames")


def hear(job: tuple[Path, str]) -> Heard:
    """Return a file, or a variant of it."""
    path, variant = job
    with tempfile.TemporaryDirectory() as folder:
        source = path
        if variant:
            suffix, options, _ = VARIANTS[variant]
            source = Path(folder) / f"variant{suffix}"
            command = ["ffmpeg", "-v", "quiet", "-nostdin", "-i", str(path), *options.split()]
            subprocess.run([*command, str(source)], check=True)
        frames = reader().read(source, "").frames
    assert frames is not None, f"{path} {variant}"
    spec = reader().spec
    rows = np.concatenate([rows.copy() for rows in frames.source.chunks()])
    places = [spec.features.index(name) for name in COLUMNS]
    features = track_features(frames, spec, DropSettings())[: 2 * len(spec.features)]
    name = ALIASES.get(path.stem, path.stem)
    return Heard(name, variant, fingerprint(rows[:, places], spec.hop_s), features)


def jobs(folders: Sequence[Path], shorter_than_s: float, every: int) -> list[tuple[Path, str]]:
    """Return what to hear: every file; of every so many files excerpts and, if short, variants."""
    paths = [path for folder in folders for path in audio_files(folder)]
    lengths_s = {path: soundfile.info(str(path)).duration for path in paths[::every]}
    found = [(path, "") for path in paths]
    for variant, (_, options, shortest_s) in VARIANTS.items():
        longest_s = np.inf if "-ss" in options else shorter_than_s
        found += [(p, variant) for p, s in lengths_s.items() if shortest_s <= s < longest_s]
    return found


def table(tracks: Sequence[Heard]) -> list[str]:
    """Return the report on variants, line by line."""
    prints = [track.print_ for track in tracks]
    pairs = recordings(prints)
    names = np.array([str(place) for place in range(len(tracks))])
    group = joined_groups(names, pairs)
    wrong = [(a, b) for a, b in pairs if not same(tracks, a, b)]
    originals = [place for place, track in enumerate(tracks) if not track.variant]
    apart = distances(np.array([track.features for track in tracks]), originals)
    likeness_of = ("likeness to its original, lowest, median", "to another, highest")
    distance_of = ("distance by features to its original, highest, median", "to another, lowest")
    heads = ("variant", "files", *likeness_of, "found", *distance_of)
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for variant in VARIANTS:
        rows = [place for place, track in enumerate(tracks) if track.variant == variant]
        if not rows:
            continue
        measured = [_row(tracks, place, originals, apart) for place in rows]
        own, other, own_apart, other_apart = np.array(measured).T
        found = sum(
            any(group[r] == group[o] for o in originals if same(tracks, r, o)) for r in rows
        )
        lines.append(
            f"| {variant} | {len(rows)} | {own.min():.2f}, {np.median(own):.2f} | "
            f"{other.max():.2f} | {found} of {len(rows)} | {own_apart.max():.2f}, "
            f"{np.median(own_apart):.2f} | {other_apart.min():.2f} |"
        )
    near = sum(
        not same(tracks, a, b) and _likeness(tracks[a], tracks[b]) >= SAME_RECORDING
        for a, b in itertools.combinations(originals, 2)
    )
    alike_only = f"{near} pairs of different originals are as alike as {SAME_RECORDING}"
    joined = f"{len(wrong)} pairs of different recordings joined"
    lines += [
        "",
        f"{len(tracks)} files, {len(originals)} of them originals; {alike_only}; {joined}.",
    ]
    return lines


def same(tracks: Sequence[Heard], one: int, other: int) -> bool:
    """Return whether two places hold one recording."""
    return tracks[one].recording == tracks[other].recording


def distances(features: np.ndarray, originals: list[int]) -> np.ndarray:
    """Return root mean square distances to the originals, in their interquartile ranges."""
    low, high = np.quantile(features[originals], [0.25, 0.75], axis=0)
    scaled = features / np.where(high > low, high - low, 1)
    return np.array(
        [np.sqrt(((row - scaled[originals]) ** 2).clip(max=25).mean(axis=1)) for row in scaled]
    )


def _row(
    tracks: Sequence[Heard], place: int, originals: list[int], apart: np.ndarray
) -> tuple[float, float, float, float]:
    likenesses = np.array([_likeness(tracks[place], tracks[other]) for other in originals])
    own = np.array([same(tracks, place, other) for other in originals])
    return (
        likenesses[own].max(),
        likenesses[~own].max(),
        apart[place, own].min(),
        apart[place, ~own].min(),
    )


def _likeness(one: Heard, other: Heard) -> float:
    if one.print_ is None or other.print_ is None:
        return 0.0
    fit = best_fit(one.print_, other.print_)
    return 0.0 if fit is None else fit.correlation


def songs() -> list[str]:
    """Return the report on DEAM's tables of means."""
    rows = song_table()
    features = rows.rows[list(rows.spec.features)].to_numpy(float)
    names = rows.rows["name"].astype(int).to_numpy()
    said = titles()
    pairs = alike(features)
    size = f"{len(rows.rows)} songs, {features.shape[1]} columns"
    said_of = f"{len(pairs)} pairs are the same in every column"
    lines = [f"DEAM's tables of means, {size}; {said_of}:", ""]
    lines += [f"- {' / '.join(_song(names[place], said) for place in pair)}" for pair in pairs]
    lines += ["", "The nearest pairs after them, and their distance:", ""]
    apart = distances(features, list(range(len(features))))
    first, second = np.nonzero(np.triu(np.ones_like(apart, dtype=bool), 1))
    order = np.argsort(apart[first, second])[len(pairs) : len(pairs) + 5]
    for place in order:
        pair = (first[place], second[place])
        songs_of = " / ".join(_song(names[end], said) for end in pair)
        lines.append(f"- {apart[pair]:.2f}: {songs_of}")
    return lines


def titles() -> pd.DataFrame:
    """Return artist and title by song id."""
    files = sorted((ROOT / "metadata").glob("metadata_201[345].csv"))
    found = [read_csv(path).set_index("song_id")[["artist", "title"]] for path in files]
    return pd.concat(found).map(lambda text: str(text).strip())


def _song(name: int, said: pd.DataFrame) -> str:
    return f"{name} {', '.join(said.to_dict('index')[name].values())}"


def cost(tracks: Sequence[Heard]) -> str:
    """Return what many tracks cost: marks drawn with the covariance of real ones."""
    real = [t.print_ for t in tracks if t.print_ is not None and not t.variant]
    spread = np.cov(np.concatenate([one.marks for one in real]).T)
    rng = np.random.default_rng(0)
    made = []
    for _ in range(LARGE):
        marks = rng.multivariate_normal(np.zeros(len(spread)), spread, size=35).astype(np.float32)
        marks /= np.linalg.norm(marks, axis=1, keepdims=True)
        curves = np.cumsum(rng.normal(size=(600, len(COLUMNS))), axis=0).astype(np.float32)
        made.append(Fingerprint(curves, marks, 0.5))
    whole_s = _cpu_s(lambda: recordings(made))
    one_ms = 1000 * _cpu_s(lambda: [best_fit(made[0], other) for other in made[1:101]]) / 100
    return (
        f"{LARGE} tracks of five minutes with 35 marks each, made up: {whole_s:.0f} s of one core "
        f"to find pairs; laying two tracks over each other takes {one_ms:.1f} ms of it."
    )


def _cpu_s(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def heard(todo: list[tuple[Path, str]]) -> list[Heard]:
    """Return files and variants, telling how far it is."""
    with ProcessPoolExecutor() as pool:
        tracks = []
        for place, track in enumerate(pool.map(hear, todo), 1):
            tracks.append(track)
            print(f"\r{place} of {len(todo)}", end="", file=sys.stderr)
    return tracks


def main() -> int:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shorter-than", type=float, default=100.0, metavar="SECONDS")
    parser.add_argument("--loops", type=int, default=48, metavar="TRACKS")
    parser.add_argument("--every", type=int, default=1, metavar="N")
    options = parser.parse_args()
    if not ROOT.is_dir():
        sys.exit(f"{ROOT}: not there; set ZONECLF_REAL_DATA")
    folders = [ROOT.parent / folder for folder in FOLDERS]
    tracks = heard(jobs(folders, options.shorter_than, options.every))
    with tempfile.TemporaryDirectory() as folder:
        write_library(Path(folder), seed=0, count=options.loops)
        loops = heard(jobs([Path(folder)], options.shorter_than, 4 * options.every))
    wrong = sum(
        not same([*tracks, *loops], *pair)
        for pair in recordings([one.print_ for one in [*tracks, *loops]])
    )
    print("# Near-duplicates\n")
    print(
        f"By `python scripts/check_duplicates.py {' '.join(sys.argv[1:])}`. Likeness is the "
        "correlation of two tracks' cepstral curves where they fit best; one recording has "
        f"{SAME_RECORDING} or more, and curves that lie at one height and fit nowhere else as "
        "well, or move alike in every coefficient (`zoneclf/labels/recordings.py`). "
        "Distance by features is the root mean square over the "
        f"{len(tracks[0].features)} means and spreads in interquartile ranges of the originals: "
        "what tables without frames could offer. Excerpts are of one file in "
        f"{options.every}, other variants of those below {options.shorter_than:g} s.\n"
    )
    print("\n".join(table(tracks)))
    print(f"\nThe demo's synthesised music, loops; variants of one track in {4 * options.every}:\n")
    print("\n".join(table(loops)))
    print(f"\nAll together: {wrong} pairs of different recordings joined.\n")
    print("\n".join([*songs(), "", cost(tracks)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
