"""Hold what is said of contexts against DEAM's dynamic annotations, where the sound is here.

Usage: python scripts/eval_timeline.py [--contexts 10 15 20]

Reads the folder that ZONECLF_REAL_DATA names (default ../shared/data).  Frames are made of the
clips and full songs below deam/; a full song is cut to the 45 s that were annotated.  Arousal and
valence of each context are predicted by regressors that learnt from the means of DEAM's 1802 songs
(as `scripts/eval_deam.py` has them), less every song of an artist whose sound is judged.  Truth is
the mean of the dynamic annotations over the context, on the scale 1 to 9; only contexts that are
annotated throughout count.
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from eval_deam import labelled, song_table

from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor
from zoneclf.frames.segments import read_segments
from zoneclf.frames.sound_reader import SoundReader
from zoneclf.frames.takes import Take
from zoneclf.labels.contexts import Courses, read_courses
from zoneclf.labels.table import LabelledTable
from zoneclf.model.affect import predicted_values
from zoneclf.settings import AudioSettings, TrainSettings
from zoneclf.tracks.contexts import Contexts, context_spec, contexts

ROOT = Path(os.environ.get("ZONECLF_REAL_DATA", "../shared/data")) / "deam"
NAMES = ("arousal", "valence")
LENGTHS_S = (5.0, 10.0, 15.0, 20.0)
_SAMPLE_S = 0.5
Values = npt.NDArray[np.float64]


def reader() -> SoundReader:
    """Return what reads the annotated part of a song."""
    segments = {str(song): segment for song, segment in read_segments(ROOT).items()}
    return SoundReader(NativeExtractor(FrameGrid()), AudioSettings(), {}, segments)


def takes(reads: SoundReader) -> dict[int, Take]:
    """Return the frames by song id; where a song is there as clip and whole, of the clip."""
    paths = [*(ROOT / "clips").glob("*.mp3"), *(ROOT / "full_songs").glob("*.mp3")]
    found: dict[int, Take] = {}
    for path in paths:
        if int(path.stem) not in found:
            found[int(path.stem)] = reads.read(path, path.stem)
    return dict(sorted(found.items()))


def truth(courses: Courses, song: int, start_s: Values, context_s: float) -> Values:
    """Return mean annotated arousal and valence of contexts, scale 1 to 9, shape (contexts, 2).

    NaN where a context is not annotated throughout.
    """
    columns = []
    for course in (courses.arousal, courses.valence):
        values, at_s = course.loc[song].to_numpy(float), course.columns.to_numpy(float)
        inside = (at_s >= start_s[:, None]) & (at_s < start_s[:, None] + context_s)
        counted = (inside & np.isfinite(values)).sum(axis=1) * _SAMPLE_S >= context_s - 1e-6
        means = np.where(inside, np.nan_to_num(values), 0).sum(axis=1)
        means = means / np.maximum(inside.sum(axis=1), 1)
        columns.append(np.where(counted, 5 + 4 * means, np.nan))
    return np.stack(columns, axis=1)


def cut(take: Take, reads: SoundReader, context_s: float) -> Contexts:
    """Return the contexts of a song, counted in seconds from the start of its annotated part."""
    assert take.frames is not None, take.facts.reason
    parts = list(contexts(take.frames, reads.spec, context_s))
    starts = np.concatenate([part.start_s for part in parts]) - take.frames.start_s[0]
    return Contexts(starts, np.concatenate([part.features for part in parts]))


def unheard(songs: LabelledTable, judged: list[int]) -> LabelledTable:
    """Return the songs without those judged and without every other song of their artists."""
    held = songs.about["name"].astype(int).isin(judged).to_numpy()
    return songs.take(~np.isin(songs.group, np.unique(songs.group[held])))


def correlation(first: Values, second: Values) -> float:
    """Return the correlation, NaN where one side does not vary."""
    if len(first) < 3 or first.std() == 0 or second.std() == 0:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])


def judge(songs: LabelledTable, context_s: float) -> pd.DataFrame:
    """Return a row per song: means, correlation and error of arousal and valence over contexts."""
    reads, courses = reader(), read_courses(ROOT)
    assert courses is not None
    heard = takes(reads)
    train = unheard(songs, list(heard))
    names = context_spec(reads.spec, context_s).features
    shared = [name for name in train.spec.features if name in names]
    train = train.with_features(shared)
    print(f"  {context_s:g} s: {len(train)} songs, {len(shared)} features", file=sys.stderr)
    rows = []
    for song, take in heard.items():
        parts = cut(take, reads, context_s)
        wanted = truth(courses, song, parts.start_s, context_s)
        known = np.isfinite(wanted).all(axis=1)
        features = pd.DataFrame(parts.features[known], columns=list(names))[shared]
        said = predicted_values(train, features, TrainSettings())
        rows.append(_row(song, wanted[known], said))
    return pd.DataFrame(rows)


def _row(song: int, wanted: Values, said: Values) -> dict[str, float]:
    row: dict[str, float] = {"song": song, "contexts": len(wanted)}
    for place, name in enumerate(NAMES):
        truth_, guess = wanted[:, place], said[:, place]
        row[f"{name} r"] = correlation(truth_, guess)
        row[f"{name} truth"] = float(truth_.mean())
        row[f"{name} said"] = float(guess.mean())
        row[f"{name} truth sd"] = float(truth_.std())
        row[f"{name} RMSE"] = float(np.sqrt(((truth_ - guess) ** 2).mean()))
    return row


def interval(values: Values) -> tuple[float, float]:
    """Return the 95 % interval of a mean over songs, from 10 000 bootstrap draws of songs."""
    generator = np.random.default_rng(0)
    draws = generator.choice(values, (10_000, len(values))).mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def _summary(table: pd.DataFrame, name: str) -> str:
    each = table[f"{name} r"].dropna().to_numpy()
    low, high = interval(each)
    means = [table[f"{name} {side}"].to_numpy() for side in ("truth", "said")]
    error = float(np.sqrt((table[f"{name} RMSE"] ** 2).mean()))
    within = f"{each.mean():.2f} | {low:.2f} to {high:.2f} | {(each > 0).sum()} of {len(each)}"
    return f"{within} | {correlation(*means):.2f} | {error:.2f}"


def main() -> int:
    """Print a table per length of context, and one of songs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--contexts", type=float, nargs="+", default=list(LENGTHS_S))
    options = parser.parse_args()
    if not ROOT.is_dir():
        sys.exit(f"{ROOT}: not there; set ZONECLF_REAL_DATA")
    songs = labelled(song_table(), "repaired")
    found = {length: judge(songs, length) for length in options.contexts}
    print("\n| context | axis | r within songs, mean | 95 % | r > 0 | r between songs | RMSE |")
    print("|---|---|---|---|---|---|---|")
    for length, table in found.items():
        for name in NAMES:
            print(f"| {length:g} s | {name} | {_summary(table, name)} |")
    for length, table in found.items():
        print(f"\ncontexts of {length:g} s, song by song:\n")
        print("| " + " | ".join(table.columns) + " |\n" + "|---" * len(table.columns) + "|")
        for row in table.itertuples(index=False):
            print("| " + " | ".join(f"{value:.4g}" for value in row) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
