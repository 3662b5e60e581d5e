"""What hearing clips changed while learning does for sound that differs; a section of affect.md.

Usage: python scripts/bench_augmentation.py [--clips N] [--seeds N] [--epochs N] [--work FOLDER]
                                            [--output FILE]

Makes up clips of eight kinds of music (of `zoneclf deep genre synthesise`, those of one kind), and
lets a mood-resnet tell them apart, with each augmentation and without.  It is judged on other
artists' clips as they are, and on the same with their sound (not their spectrogram) changed: white
noise, and played faster and higher as on a turntable.
"""

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr
from report_section import write_section
from scipy import stats

from zoneclf.console import console
from zoneclf.deep.checkpoint import load_checkpoint
from zoneclf.deep.excerpts import read_excerpt
from zoneclf.deep.genre.prepared import PreparedSet, load_prepared
from zoneclf.deep.genre.preparing import PrepareOptions, prepare
from zoneclf.deep.genre.synthesis import make_set
from zoneclf.deep.inference import logits_of
from zoneclf.deep.mood.learning import MOOD, balanced_accuracy, codes_of
from zoneclf.deep.mood.recipe import MoodRecipe
from zoneclf.deep.readers.listing import Listing
from zoneclf.deep.readers.plain import read_plain
from zoneclf.deep.runs import RunOptions, train
from zoneclf.deep.sets.splitting import Shares
from zoneclf.deep.spectrograms import SpectrogramSettings, log_mel

Wave = npt.NDArray[np.float32]
KINDS, IMBALANCE, SECONDS, MELS = 8, 3.0, 3.0, 64
SHAPE: dict[str, Any] = {
    "base_channels": 8,
    "blocks": 1,
    "features": 64,
    "batch_size": 16,
    "crop_s": 2.0,
    "lr": 2e-3,
}
SNR_DB, SEMITONES = 10.0, 2.0
AUGMENTATIONS: dict[str, dict[str, float]] = {
    "none": {},
    "noise": {"noise_db": 0.0},
    "tempo and pitch": {"stretch": 0.15, "pitch": 3.0},
    "masks": {"time_mask": 0.25, "frequency_mask": 0.25},
}
AUGMENTATIONS["all"] = {key: value for one in AUGMENTATIONS.values() for key, value in one.items()}


@dataclass(frozen=True)
class Changed:
    """Tracks of a set whose sound was changed."""

    spectrogram_settings: SpectrogramSettings
    spectrograms: list[npt.NDArray[np.float32]]

    def spectrogram(self, place: int) -> npt.NDArray[np.float32]:
        """Return shape (frames, mels)."""
        return self.spectrograms[place]

    def embeddings(self) -> npt.NDArray[np.float32]:
        """Never asked for."""
        raise NotImplementedError


def noisy(wave: Wave, random: np.random.Generator) -> Wave:
    """Return sound with white noise."""
    level = np.sqrt(np.mean(wave**2)) / 10 ** (SNR_DB / 20)
    return np.asarray(wave + random.normal(0, level, wave.size), dtype=np.float32)


def faster(wave: Wave, random: np.random.Generator) -> Wave:  # noqa: ARG001
    """Return sound played faster, and higher by that."""
    return np.asarray(soxr.resample(wave, 2 ** (SEMITONES / 12), 1.0), dtype=np.float32)


SOUNDS: dict[str, Callable[[Wave, np.random.Generator], Wave]] = {
    "as it is": lambda wave, _: wave,
    f"noise, {SNR_DB:g} dB below": noisy,
    f"{SEMITONES:g} semitones faster": faster,
}


def main() -> None:
    """Run everything and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=700)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/affect.md"))
    asked = parser.parse_args()
    console.quiet = True
    with tempfile.TemporaryDirectory() as folder:
        text = measured(asked, (asked.work or Path(folder)).resolve())
    write_section(asked.output, "augmentation", text)
    print(asked.output)


def measured(asked: argparse.Namespace, work: Path) -> str:
    """Return the section."""
    since = time.monotonic()
    prepared = made(work, asked.clips)
    heard = {name: heard_as(prepared, change) for name, change in SOUNDS.items()}
    found = {
        name: [
            scores(prepared, heard, how, seed=seed, epochs=asked.epochs, work=work)
            for seed in range(asked.seeds)
        ]
        for name, how in AUGMENTATIONS.items()
    }
    return text_of(asked, prepared, found, time.monotonic() - since)


def made(work: Path, clips: int) -> PreparedSet:
    """Return clips of one kind each, prepared."""
    if not (work / "set" / "set.json").exists():
        table = make_set(
            work / "clips", clips=clips, genres=KINDS, imbalance=IMBALANCE, seconds=SECONDS
        )
        listing = read_plain(table)
        alone = tuple(track for track in listing.tracks if len(track.genres) == 1)
        options = PrepareOptions(
            spectrogram=SpectrogramSettings(mels=MELS),
            shares=Shares(train=0.5, valid=0.15, calib=0.0, test=0.35),
        )
        prepare(Listing(alone, ()), work / "set", options, source="clips", voice=console)
    return load_prepared(work / "set")


def heard_as(prepared: PreparedSet, change: Callable[..., Wave]) -> Changed:
    """Return the test tracks with their sound changed."""
    settings, random = prepared.spectrogram_settings, np.random.default_rng(0)
    found = []
    for place in prepared.places("test"):
        wave = read_excerpt(prepared.path(int(place)), settings).wave
        found.append(log_mel(change(wave, random), settings))
    return Changed(settings, found)


def scores(
    prepared: PreparedSet,
    heard: dict[str, Changed],
    how: dict[str, float],
    *,
    seed: int,
    epochs: int,
    work: Path,
) -> dict[str, float]:
    """Return the balanced accuracy of one run on each kind of sound."""
    told: dict[str, Any] = {**SHAPE, **how, "epochs": epochs, "patience": epochs}
    recipe = MoodRecipe(seed=seed, **told)
    name = f"{'-'.join(how) or 'none'}-{seed}"
    options = RunOptions(device="cpu", threads=1, has_bar=False)
    run = train(MOOD, prepared.folder, recipe, name=name, options=options, root=work / "runs")
    checkpoint, truth = load_checkpoint(run.folder), codes_of(prepared)[prepared.places("test")]
    return {
        sound: balanced_accuracy(logits_of(checkpoint, clips, range(len(truth)), "cpu"), truth)
        for sound, clips in heard.items()
    }


def text_of(
    asked: argparse.Namespace,
    prepared: PreparedSet,
    found: dict[str, list[dict[str, float]]],
    seconds: float,
) -> str:
    """Return the section."""
    splits = ("train", "valid", "test")
    sizes = ", ".join(f"{prepared.places(split).size} {split}" for split in splits)
    command = f"python scripts/bench_augmentation.py --clips {asked.clips} --seeds {asked.seeds}"
    about = (
        f"`{command} --epochs {asked.epochs}` ({platform.machine()}, {os.cpu_count()} cores, "
        f"{seconds:.0f} s).  **Synthesised**: clips of {SECONDS:g} s of {len(prepared.genres)} "
        f"kinds of music, one each ({sizes}; artists apart).  A small mood-resnet (base channels "
        "8); balanced accuracy on test clips whose sound was changed, mean +- standard deviation "
        "over seeds; in brackets the change against none, paired by seed, with its 95 % interval "
        f"(t, {asked.seeds} seeds)."
    )
    lines = [
        "## Clips that are heard changed while learning (C3)",
        "",
        about,
        "",
        f"| learnt with | {' | '.join(SOUNDS)} |",
        f"|---|{'---|' * len(SOUNDS)}",
    ]
    for name, runs in found.items():
        cells = [cell(runs, found["none"], sound, plain=name == "none") for sound in SOUNDS]
        how = ", ".join(f"{key} {value:g}" for key, value in AUGMENTATIONS[name].items())
        lines.append(f"| {name}{f' ({how})' if how else ''} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", verdict(found)])


def cell(
    runs: list[dict[str, float]], none: list[dict[str, float]], sound: str, *, plain: bool
) -> str:
    """Return a score over seeds, and its change."""
    values = np.array([one[sound] for one in runs])
    told = f"{values.mean():.2f} +- {values.std(ddof=1):.2f}"
    if plain:
        return told
    low, high, middle = change(runs, none, sound)
    return f"{told} ({middle:+.2f}; {low:+.2f} to {high:+.2f})"


def change(
    runs: list[dict[str, float]], none: list[dict[str, float]], sound: str
) -> tuple[float, float, float]:
    """Return the interval of the mean change, and the change."""
    apart = np.array([one[sound] - other[sound] for one, other in zip(runs, none, strict=True)])
    reach = stats.t.ppf(0.975, len(apart) - 1) * apart.std(ddof=1) / np.sqrt(len(apart))
    return float(apart.mean() - reach), float(apart.mean() + reach), float(apart.mean())


def verdict(found: dict[str, list[dict[str, float]]]) -> str:
    """Return what the table shows, and what it does not."""
    better, worse = [], []
    for name, runs in found.items():
        for sound in SOUNDS if name != "none" else ():
            low, high, _ = change(runs, found["none"], sound)
            if low > 0:
                better.append(f"{name} ({sound})")
            elif high < 0:
                worse.append(f"{name} ({sound})")
    return (
        f"Better beyond the seeds' spread: {', '.join(better) or 'nothing'}.  "
        f"Worse: {', '.join(worse) or 'nothing'}.  What real music would gain is not shown here."
    )


if __name__ == "__main__":
    main()
