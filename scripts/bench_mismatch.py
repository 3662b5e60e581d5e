"""A network hears spectrograms of other settings than it learnt from, and what helps.

Usage: python scripts/bench_mismatch.py [--clips N] [--epochs N] [--seeds N] [--output FILE]

The case of a classifier that took hard rock for pop: its training set holds ready-made spectrograms
only, nobody knows how they were made, and at prediction they are computed with a guess.  Here the
classes are made-up genres, one for each clip.  Training arrays are made by librosa with settings
that the rest of the script does not know.  Test clips are then heard as sound: with zoneclf's
defaults, with a guess that has the right range of values, and with the settings that `spectrograms
match` finds by distribution alone, from made-up music of other artists.
"""

import argparse
import csv
import dataclasses
import os
import platform
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import librosa
import numpy as np
from report_section import write_section

from zoneclf.console import Console
from zoneclf.deep.asking import ask
from zoneclf.deep.checkpoint import Checkpoint, load_checkpoint
from zoneclf.deep.genre.learning import GENRE
from zoneclf.deep.genre.prepared import PreparedSet, load_prepared
from zoneclf.deep.genre.preparing import PrepareOptions, prepare
from zoneclf.deep.genre.synthesis import make_set
from zoneclf.deep.genre.training_recipe import Recipe
from zoneclf.deep.hearing import ears_for
from zoneclf.deep.inference import logits_of
from zoneclf.deep.matching.foreign import read_clips
from zoneclf.deep.matching.grid import LEVEL, TRANSFORM, Grid
from zoneclf.deep.matching.matching import match_by_distribution
from zoneclf.deep.readers.plain import read_plain
from zoneclf.deep.runs import RunOptions, train
from zoneclf.deep.sets.splitting import shares_from
from zoneclf.deep.source_tracks import files_wanted
from zoneclf.deep.spectrograms import SpectrogramSettings

GENRES, MELS, SECONDS = 8, 64, 6.0
HIDDEN = {"rate_hz": 22_050, "n_fft": 2048, "hop": 512, "window_length": 2048, "mels": MELS}
DEFAULTS = SpectrogramSettings(mels=MELS, excerpt_s=0.0)
# The right range, 0 to 1, and a usual transform: what one arrives at by looking at values.
GUESS = dataclasses.replace(DEFAULTS, hop=256, normalise="unit")
QUIET = Console()
QUIET.quiet = True


class Ears(Console):
    """Counts warnings of spectrograms that are not like those learnt from."""

    def __init__(self) -> None:
        super().__init__()
        self.quiet = True
        self.heard: list[str] = []

    def warn(self, text: str) -> None:
        """Keep a warning."""
        self.heard.append(text)


@dataclass(frozen=True)
class Said:
    """How a network answers for the test clips' sound: right answers, warned files, the words."""

    right: int
    clips: int
    warned: int
    together: bool
    words: str


def main() -> None:
    """Make clips, learn from arrays, hear sound in three ways, write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=700)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/affect.md"))
    asked = parser.parse_args()
    output = asked.output.resolve()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        write_section(output, "bench_mismatch.py", measured(asked))


def measured(asked: argparse.Namespace) -> str:
    """Return the section."""
    table = arrays_of(make_set(Path("clips"), **made(asked.clips, seed=0)))
    options = PrepareOptions(
        spectrogram=dataclasses.replace(DEFAULTS, foreign=True),
        jobs=1,
        shares=shares_from("50/15/0/35"),
    )
    prepare(read_plain(table), Path("set"), options, source="arrays", voice=QUIET)
    found = matched()
    prepared = load_prepared(Path("set"))
    ways = {"defaults": DEFAULTS, "right range": GUESS, "matched": found}
    rows: dict[str, list[Said]] = {name: [] for name in ways}
    arrays = []
    for seed in range(asked.seeds):
        checkpoint = trained(seed, asked.epochs)
        arrays.append(of_arrays(checkpoint, prepared))
        for name, settings in ways.items():
            rows[name].append(of_sound(checkpoint, prepared, settings))
            print(seed, name, rows[name][-1], flush=True)
    return text_of(arrays, rows, found, asked)


def made(clips: int, seed: int) -> dict[str, Any]:
    """Return how clips are made up."""
    return {"clips": clips, "genres": GENRES, "imbalance": 1.0, "seconds": SECONDS, "seed": seed}


def arrays_of(table: Path) -> Path:
    """Make an array of each clip of one genre, and their table; return its path."""
    with table.open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if "|" not in row["label"]]
    Path("arrays").mkdir()
    for row in rows:
        wave, _ = librosa.load(table.parent / row["path"], sr=HIDDEN["rate_hz"])
        row["path"] = f"arrays/{Path(row['path']).stem}.npy"
        np.save(row["path"], foreign(wave))
    with Path("arrays.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ["path", "label", "artist"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return Path("arrays.csv")


def foreign(wave: Any) -> Any:
    """Return a spectrogram as the unknown data set has it, 0 to 1, shape (mels, frames)."""
    magnitudes = librosa.feature.melspectrogram(
        y=wave, sr=HIDDEN["rate_hz"], n_fft=HIDDEN["n_fft"], hop_length=512, n_mels=MELS, power=1.0
    )
    decibels = librosa.amplitude_to_db(magnitudes, ref=np.max, top_db=80)
    return ((decibels + 80) / 80).astype(np.float32)


def matched() -> SpectrogramSettings:
    """Return the settings that are named for the arrays, by other made-up music."""
    other = make_set(Path("other"), **made(48, seed=1000) | {"seconds": 12.0})
    sounds = sorted(other.parent.rglob("*.flac"))
    clips = read_clips(Path("arrays"), mels=MELS)
    match = match_by_distribution(clips, sounds, Grid().candidates(MELS), voice=QUIET)
    print(match.ranking[:3], flush=True)
    return match.ranking[0][0]


def trained(seed: int, epochs: int) -> Checkpoint:
    """Return a network that learnt from the arrays."""
    recipe = Recipe(base_channels=16, cnn_features=64, epochs=epochs, patience=epochs, seed=seed)
    options = RunOptions(device="cpu", threads=1, has_bar=False)
    run = train(GENRE, Path("set"), recipe, name=f"run{seed}", options=options)
    return load_checkpoint(run.folder)


def of_arrays(checkpoint: Checkpoint, prepared: PreparedSet) -> float:
    """Return the share of test arrays whose likeliest genre is the true one."""
    places = prepared.places("test")
    logits = logits_of(checkpoint, prepared, places, "cpu")
    return float((logits.argmax(axis=1) == prepared.targets[places].argmax(axis=1)).mean())


def of_sound(checkpoint: Checkpoint, prepared: PreparedSet, settings: SpectrogramSettings) -> Said:
    """Return what is said of the test clips' sound, heard with these settings."""
    card = dataclasses.replace(checkpoint.card, spectrogram=settings.as_json())
    told = dataclasses.replace(checkpoint, card=card)
    sounds = {path.stem: path for path in Path("clips").rglob("*.flac")}
    places = prepared.places("test")
    files = files_wanted([sounds[Path(str(prepared.paths[place])).stem] for place in places])
    ears, voice = ears_for(told, mert="", offline=True, device="cpu"), Ears()
    answers = list(ask(told, files, ears=ears, device="cpu", voice=voice))
    labels = prepared.targets[places].argmax(axis=1)
    right = sum(
        int(logits is not None and logits.argmax() == label)
        for (_, logits), label in zip(answers, labels, strict=True)
    )
    unlike = [file.unlike for file, _ in answers if file.unlike]
    return Said(
        right=right,
        clips=len(answers),
        warned=len(unlike),
        together=any("the middle of" in text for text in voice.heard),
        words="; ".join(unlike[0]) if unlike else "",
    )


def text_of(
    arrays: Sequence[float],
    rows: dict[str, list[Said]],
    found: SpectrogramSettings,
    asked: argparse.Namespace,
) -> str:
    """Return the section."""
    names = (*TRANSFORM, *LEVEL)
    named = ", ".join(f"{name} {getattr(found, name)}" for name in names)
    count = rows["matched"][0].clips
    lines = [f"| the ready-made arrays themselves | {spread(arrays)} | - | - |"]
    for name, told in rows.items():
        right = [one.right / one.clips for one in told]
        warned = np.mean([one.warned / one.clips for one in told])
        together = "yes" if all(one.together for one in told) else "no"
        lines.append(f"| sound, {name} | {spread(right)} | {warned:.0%} | {together} |")
    rows_text = "\n".join(lines)
    return f"""## Ready-made spectrograms, and a network that hears others

`python scripts/bench_mismatch.py --clips {asked.clips} --epochs {asked.epochs} --seeds \
{asked.seeds}`; {platform.machine()}, {os.cpu_count()} cores.  Everything is synthesised: clips of \
{SECONDS:g} s with one of {GENRES} made-up genres each, artists kept apart in the splits, \
{count} test clips, chance {1 / GENRES:.2f}; a small CNN, seeds 0 to {asked.seeds - 1} of its \
weights (the clips and splits are the same).  Accuracy: mean over seeds, least to most; the \
95 % interval of one seed's accuracy is about +-{1.96 * np.sqrt(0.25 / count):.2f} at \
most, from {count} clips.

| test clips | accuracy | files warned of | warned of all together |
|---|---|---|---|
{rows_text}

The hidden settings: librosa, 22050 Hz, n_fft 2048, hop 512, {MELS} mels, magnitude, 80 dB below \
the greatest, 0 to 1.  By distribution alone `spectrograms match` named: {named}.

The check on sound with the defaults: "{rows["defaults"][0].words}".  On the right range with \
another transform: "{rows["right range"][0].words or "nothing of one file"}".
"""


def spread(values: Sequence[float]) -> str:
    """Return a mean and its extremes."""
    return f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


if __name__ == "__main__":
    main()
