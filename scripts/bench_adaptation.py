"""Whether DANN and CORAL help with other sound; a section of results/benchmarks/affect.md.

Usage: python scripts/bench_adaptation.py [--seeds N] [--epochs N] [--work FOLDER] [--output FILE]

Makes up clips of one genre each, for every seed anew: a labelled set, and a target set of other
artists, whose clips go through an equaliser and get noise.  Both are prepared and learnt from as by
`zoneclf deep mood train --architecture mel-cnn`: without the target set, with its clips beside the
labelled ones but nothing asked of them (weight 0: only batch normalisation sees them), with DANN
and with CORAL.

Weights are chosen on a seed of their own, without a label of the target set: of those whose
balanced accuracy on the labelled set's validation clips is at most 0.03 below that without
adaptation, the one with which a fresh classifier tells the sets apart worst.  A work folder that is
named is kept, and a script that was stopped goes on there.
"""

import argparse
import os
import platform
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.signal
import scipy.stats
import soundfile
import torch
from report_section import write_section

from zoneclf.console import console
from zoneclf.deep.checkpoint import load_checkpoint
from zoneclf.deep.genre.prepared import PreparedSet, load_prepared
from zoneclf.deep.genre.preparing import PrepareOptions, prepare
from zoneclf.deep.genre.recipes import RECIPES
from zoneclf.deep.genre.synthesis import clip_sound
from zoneclf.deep.inference import logits_of
from zoneclf.deep.mood.learning import MOOD, balanced_accuracy, codes_of
from zoneclf.deep.mood.recipe import MoodRecipe
from zoneclf.deep.readers.listing import GenreTrack, Listing
from zoneclf.deep.recipe import changed
from zoneclf.deep.run_card import Run
from zoneclf.deep.runs import RunOptions, train
from zoneclf.deep.sets.splitting import Shares
from zoneclf.deep.spectrograms import SpectrogramSettings
from zoneclf.deep.studio.artists import artist_of, level_of
from zoneclf.deep.studio.voices import RATE_HZ, Wave

Way = tuple[str, float]
PILOT, FIRST_SEED = 900, 0
GENRES, ARTISTS, CLIPS, SECONDS = tuple(RECIPES)[:6], 12, 4, 2.0
# The equaliser: a tilt around 640 Hz, then a low pass; noise so much below the sound.
TILT_DB, LOW_PASS_HZ, SNR_DB = -4.0, 3000.0, 15.0
WEIGHTS = {"dann": (0.1, 0.3, 1.0), "coral": (10.0, 100.0, 1000.0)}
PUBLISHED: Way = ("dann", 1.0)
MAY_LOSE = 0.03
BASE: dict[str, Any] = {
    "architecture": "mel-cnn",
    "base_channels": 16,
    "features": 32,
    "batch_size": 16,
}
BASE |= {"lr": 2e-3, "crop_s": SECONDS, "dropout": 0.2}
SHARES = Shares(train=0.7, valid=0.15, calib=0.0, test=0.15)
SPECTROGRAM = SpectrogramSettings(mels=64)


@dataclass(frozen=True)
class Found:
    """What came of one run."""

    target: float
    target_last: float
    source: float
    valid: float
    epoch: int
    seconds: float
    domains: dict[str, Any]


def main() -> None:
    """Run everything and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/affect.md"))
    asked = parser.parse_args()
    console.quiet = True
    with tempfile.TemporaryDirectory() as folder:
        work = asked.work or Path(folder)
        pilot = {way: learnt(work, PILOT, way, asked.epochs) for way in all_ways()}
        chosen = {adapt: chosen_weight(adapt, pilot) for adapt in WEIGHTS}
        print("chosen", chosen, flush=True)
        # A dictionary, because the published strength may be the one that is chosen.
        ways = list(dict.fromkeys([("none", 1.0), ("coral", 0.0), *chosen.items(), PUBLISHED]))
        seeds = range(FIRST_SEED, FIRST_SEED + asked.seeds)
        found = {way: [learnt(work, seed, way, asked.epochs) for seed in seeds] for way in ways}
    text = text_of(found, pilot, chosen=chosen, asked=asked)
    write_section(asked.output, "adaptation", text)
    print(asked.output)


def all_ways() -> list[Way]:
    """Return everything that is tried on the pilot seed."""
    return [("none", 1.0), *((name, w) for name, weights in WEIGHTS.items() for w in weights)]


def chosen_weight(adapt: str, pilot: dict[Way, Found]) -> float:
    """Return a weight by the rule above; it sees no label of the target set."""
    least = pilot["none", 1.0].valid - MAY_LOSE
    fit = [w for w in WEIGHTS[adapt] if pilot[adapt, w].valid >= least] or [WEIGHTS[adapt][0]]
    return min(fit, key=lambda weight: pilot[adapt, weight].domains["after"])


def learnt(work: Path, seed: int, way: Way, epochs: int) -> Found:
    """Return what came of learning a seed's labelled set in one way."""
    adapt, weight = way
    source, target = sets_of(work / f"seed{seed}", seed)
    told: dict[str, Any] = (
        {} if adapt == "none" else {"adapt_weight": weight, "target": str(target.folder)}
    )
    told |= {"adapt": adapt, "epochs": epochs, "patience": epochs, "seed": seed}
    recipe = changed(MoodRecipe(), BASE | told)
    options = RunOptions(device="cpu", threads=1, has_bar=False)
    runs = work / f"seed{seed}" / "runs"
    run = train(MOOD, source.folder, recipe, name=f"{adapt}-{weight:g}", options=options, root=runs)
    result = run.card.result
    found = Found(
        target=accuracy(run, "best", target),
        target_last=accuracy(run, "last", target),
        source=accuracy(run, "best", source),
        valid=result["valid_balanced_accuracy"],
        epoch=result["best_epoch"],
        seconds=result["seconds"],
        domains=result.get("domain_classifier", {}),
    )
    print(seed, way, found, flush=True)
    return found


def accuracy(run: Run, which: str, prepared: PreparedSet) -> float:
    """Return the balanced accuracy on a set's test clips."""
    checkpoint, places = load_checkpoint(run.folder / which), prepared.places("test")
    logits = logits_of(checkpoint, prepared, places, "cpu")
    named = np.array([checkpoint.card.labels.index(name) for name in prepared.genres])
    return balanced_accuracy(logits, named[codes_of(prepared)[places]])


def sets_of(folder: Path, seed: int) -> tuple[PreparedSet, PreparedSet]:
    """Return a seed's labelled set and its target set, made unless they are there."""
    found = []
    for number, name in enumerate(("source", "target")):
        if not (folder / name / "set.json").exists():
            tracks = clips_of(folder / f"{name}-clips", [seed, number], changed=bool(number))
            options = PrepareOptions(spectrogram=SPECTROGRAM, splits="given", shares=SHARES, jobs=1)
            listing = Listing(tuple(tracks), ())
            prepare(listing, folder / name, options, source=name, voice=console)
        found.append(load_prepared(folder / name))
    return found[0], found[1]


def clips_of(folder: Path, seed: Sequence[int], *, changed: bool) -> list[GenreTrack]:
    """Write clips of one genre each: of six artists for train, two for valid, four for test."""
    rng = np.random.default_rng(seed)
    tracks = []
    folder.mkdir(parents=True, exist_ok=True)
    for genre in GENRES:
        for number in range(ARTISTS):
            artist = artist_of(f"{genre}-{seed[-1]}-{number}", rng)
            split = "train" if number < 6 else "valid" if number < 8 else "test"
            for clip in range(CLIPS):
                path = folder / f"{artist.name}-{clip}.wav"
                wave = clip_sound(artist, [genre], seconds=SECONDS, rng=rng)
                soundfile.write(path, elsewhere(wave, rng) if changed else wave, RATE_HZ)
                tracks.append(GenreTrack(path, (genre,), artist=artist.name, split=split))
    return tracks


def elsewhere(wave: Wave, rng: np.random.Generator) -> Wave:
    """Return a clip through the target set's equaliser, with its noise, as loud as before."""
    spectrum = np.fft.rfft(wave)
    hertz = np.fft.rfftfreq(wave.size, 1 / RATE_HZ)
    octaves = np.log2(np.maximum(hertz, 40) / 640)
    tilted = np.fft.irfft(spectrum * 10 ** (TILT_DB * octaves / 20), wave.size)
    low = scipy.signal.butter(4, LOW_PASS_HZ, fs=RATE_HZ, output="sos")
    heard = scipy.signal.sosfilt(low, tilted)
    noise = rng.standard_normal(wave.size) * level_of(heard) * 10 ** (-SNR_DB / 20)
    found = heard + noise
    return np.asarray(found * level_of(wave) / level_of(found), dtype=np.float32).clip(-1, 1)


def text_of(
    found: dict[Way, list[Found]],
    pilot: dict[Way, Found],
    *,
    chosen: dict[str, float],
    asked: argparse.Namespace,
) -> str:
    """Return the section."""
    trained = sum(one.seconds for some in (*found.values(), pilot.values()) for one in some)
    names = {("none", 1.0): "without", ("coral", 0.0): "target clips beside, weight 0"}
    names |= {(adapt, weight): f"{adapt.upper()}, {weight:g}" for adapt, weight in chosen.items()}
    names.setdefault(PUBLISHED, "DANN, 1: as published")
    # The network that learnt without was asked by a run that adapts, of which it is the twin.
    unadapted = [one.domains["without"] for one in found["coral", 0.0]]
    rows = [row(names[way], some, found, unadapted=unadapted) for way, some in found.items()]
    tried = [
        f"| {a} {w:g} | {one.valid:.3f} | {one.domains.get('after', float('nan')):.3f} |"
        for (a, w), one in pilot.items()
        if a != "none"
    ]
    train_clips, test_clips = (len(GENRES) * CLIPS * count for count in (6, 4))
    before = mean_sd([one.domains["start"] for one in found["coral", 0.0]])
    return f"""## Learning for other sound: DANN and CORAL

`python scripts/bench_adaptation.py --seeds {asked.seeds} --epochs {asked.epochs}`; {trained:.0f} s
of training on one thread of {platform.machine()} ({os.cpu_count()} cores, shared with other work),
torch {torch.__version__}.

Synthesised: {len(GENRES)} genres, one per clip of {SECONDS:g} s, {train_clips} labelled clips to
learn from, 48 to validate on, {test_clips} to test on, by different artists; as many clips of a
target set by yet other artists, tilted by {TILT_DB:g} dB per octave around 640 Hz, cut above
{LOW_PASS_HZ:g} Hz (4th order), with white noise {SNR_DB:g} dB below the sound.  Networks: mel-cnn
of 16 channels and 32 features, {asked.epochs} epochs without early stopping, the epoch that is best
on the labelled set's validation clips.  Each of {asked.seeds} seeds draws clips, artists and
weights anew.  Labels of target clips are read for the columns of the target's test clips alone.

{TABLE_HEAD}
{chr(10).join(rows)}

Balanced accuracy, mean +- standard deviation over seeds; chance is {1 / len(GENRES):.2f}.
Differences are paired by seed, with a 95 % interval of Student's t over {asked.seeds} seeds.
"Tells sets apart": balanced accuracy of a fresh logistic regression on what the last layer sees,
of the clips that nothing was learnt from (both sets' valid and test), fitted on half of the artists
and asked about the others; chance is 0.5.  Networks that have learnt nothing yet: {before}.  What
DANN and CORAL are to be compared with is the network that learnt the same without adapting, in the
first row.

Weights were chosen on a seed of its own ({PILOT}), whose validation accuracy without adapting was
{pilot["none", 1.0].valid:.3f}, by the rule at the top of the script, without a target label.
The epoch that is best on labelled validation clips, which `best` holds, may be one before DANN has
grown; the columns of the last epoch show what that costs.  DANN of strength 1, the published one
and the command's default, has a row in any case; it was added after the pilot had been seen.

| tried | labelled set's validation clips | tells sets apart |
|---|---|---|
{chr(10).join(tried)}

{verdict(found, names)}
"""


_LAST, _HIDDEN = "target_last", 0.6
HEAD = (
    "learnt",
    "target, test clips",
    "difference",
    "target, last epoch",
    "difference, last epoch",
    "labelled set, test clips",
    "tells sets apart",
    "s",
)
TABLE_HEAD = f"| {' | '.join(HEAD)} |\n{'|---' * len(HEAD)}|"


def row(
    name: str, some: list[Found], found: dict[Way, list[Found]], *, unadapted: list[float]
) -> str:
    """Return a row of the table."""
    plain = found["none", 1.0]
    gain, gain_last = (
        "" if some is plain else interval(gains(some, plain, key)) for key in ("target", _LAST)
    )
    apart = unadapted if some is plain else [one.domains["after"] for one in some]
    cells = [
        name,
        mean_sd([one.target for one in some]),
        gain,
        mean_sd([one.target_last for one in some]),
        gain_last,
        mean_sd([one.source for one in some]),
        mean_sd(apart),
        f"{np.mean([one.seconds for one in some]):.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def gains(some: list[Found], plain: list[Found], key: str = "target") -> npt.NDArray[np.float64]:
    """Return differences of the accuracy on target test clips, one per seed."""
    pairs = zip(some, plain, strict=True)
    return np.array([getattr(one, key) - getattr(two, key) for one, two in pairs])


def bounds(values: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Return a mean and its 95 % interval by Student's t."""
    half = scipy.stats.t.ppf(0.975, len(values) - 1) * scipy.stats.sem(values)
    return float(values.mean()), float(values.mean() - half), float(values.mean() + half)


def interval(values: npt.NDArray[np.float64]) -> str:
    """Return a mean difference with its interval."""
    mean, low, high = bounds(values)
    return f"{mean:+.3f} ({low:+.3f} to {high:+.3f})"


def mean_sd(values: Sequence[float]) -> str:
    """Return mean and standard deviation over seeds."""
    return f"{np.mean(values):.3f} +- {np.std(values, ddof=1):.3f}"


def verdict(found: dict[Way, list[Found]], names: dict[Way, str]) -> str:
    """Return what the differences say, and what they do not."""
    plain, beside = found["none", 1.0], found["coral", 0.0]
    said = compared(found, names, plain, [plain])
    more = compared(found, names, beside, [plain, beside])
    least = min(np.mean([o.domains["after"] for o in s]) for s in found.values() if s is not plain)
    hidden = "none of them hides" if least > _HIDDEN else "one of them nearly hides"
    return (
        f"Against learning without the target set, on its test clips:\n{said}.\n"
        "Against its clips beside with weight 0, which tells what is the loss's own doing:\n"
        f"{more}.\n"
        f"From a fresh linear classifier {hidden} which set a clip is of (at least {least:.2f}),\n"
        "so a gain does not mean that features of both sets look alike.  This is\n"
        "one kind of filter and noise on synthesised sound and a small network; it says nothing\n"
        "of how much would be gained between two collections of real music."
    )


def compared(
    found: dict[Way, list[Found]],
    names: dict[Way, str],
    plain: list[Found],
    but: Sequence[list[Found]],
) -> str:
    """Return in words how all ways but some differ from one."""
    said = []
    for way, some in found.items():
        if any(some is one for one in but):
            continue
        mean, low, high = bounds(gains(some, plain))
        words = ("better" if mean > 0 else "worse") if low > 0 or high < 0 else "not surely other"
        said.append(f"{names[way]}: {words} ({mean:+.3f}, {low:+.3f} to {high:+.3f})")
    return ";\n".join(said)


if __name__ == "__main__":
    main()
