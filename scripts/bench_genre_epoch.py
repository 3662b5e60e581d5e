"""Seconds per epoch of the genre network, on the processor and, where there is one, on a GPU.

Usage: python scripts/bench_genre_epoch.py [--batches N] [--threads 1 2] [--channels 128]

One epoch of 38 801 made-up spectrograms (the number of seed experiment 001), one crop of each, 24
genres, batches of 32, weighted BCE, AdamW, gradient clipping: the steps that `zoneclf deep genre
train` does, with its own classes.  Crops come out of a file of 256 stored spectrograms of 30 s
(float16, as prepared sets keep them).  So many batches are timed after two that are not, and the
median is multiplied by the batches of an epoch; validation is not in it.  Prints a Markdown table.
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from zoneclf.deep.batches import Inputs
from zoneclf.deep.learner import Learner, seed_batch
from zoneclf.deep.losses import pos_weights, weighted_bce
from zoneclf.deep.networks import build
from zoneclf.deep.spectrograms import SpectrogramSettings

CLIPS, GENRES, BATCH, STORED = 38_801, 24, 32, 256
CLIP_S, UNTIMED = 30.0, 2


class MadeUp:
    """So many clips, of which every 256th is the same one in a file."""

    def __init__(self, path: Path) -> None:
        self.spectrogram_settings = SpectrogramSettings()
        shape = (STORED, self.frames(CLIP_S), self.spectrogram_settings.mels)
        random = np.random.default_rng(0)
        held = np.lib.format.open_memmap(path, "w+", np.float16, shape)
        for place in range(STORED):
            held[place] = random.normal(-40, 12, shape[1:])
        held.flush()
        self._held = np.load(path, mmap_mode="r")

    def frames(self, seconds: float) -> int:
        """Return how many frames so many seconds have."""
        settings = self.spectrogram_settings
        return round(seconds * settings.rate_hz / settings.hop)

    def spectrogram(self, place: int) -> npt.NDArray[np.float32]:
        """Return shape (frames, mels)."""
        return np.asarray(self._held[place % STORED], dtype=np.float32)

    def embeddings(self) -> npt.NDArray[np.float32]:
        """Return none: the network reads spectrograms."""
        raise NotImplementedError


def step_times(
    clips: MadeUp, device: str, crop_s: float, options: argparse.Namespace
) -> npt.NDArray[np.float64]:
    """Return the seconds of every timed batch, and those of processors, shape (batches, 2)."""
    frames = clips.frames(crop_s)
    shape = {"labels": GENRES, "mels": clips.spectrogram_settings.mels, "frames": frames}
    network = build("mel-cnn", {**shape, "base_channels": options.channels})
    learner = Learner(network, weight_decay=1e-5, clip=1.0, device=device)
    inputs, random = Inputs(clips, frames), np.random.default_rng(1)
    targets = torch.from_numpy((random.random((CLIPS, GENRES)) < 0.08).astype(np.float32))
    weights = pos_weights(targets, 0.5, 50.0).to(device)
    order = random.permutation(CLIPS)
    network.train()
    found = []
    for number in range(UNTIMED + options.batches):
        places = order[number * BATCH : (number + 1) * BATCH].tolist()
        started, used = time.perf_counter(), time.process_time()
        batch = inputs.random_batch(places, seed_batch(0, 1, number))
        learner.step(
            batch,
            targets[places],
            loss=lambda logits, truth: weighted_bce(logits, truth, weights),
            rate=5e-4,
        )
        if device == "cuda":
            torch.cuda.synchronize()
        found.append((time.perf_counter() - started, time.process_time() - used))
    return np.array(found[UNTIMED:])


def row(device: str, threads: str, crop_s: float, found: npt.NDArray[np.float64]) -> str:
    """Return a row of the table."""
    batches = -(-CLIPS // BATCH)
    seconds, used = found.T
    median, low, high = np.median(seconds), np.min(seconds), np.max(seconds)
    whole_s, least_s = median * batches, low * batches
    return (
        f"| {device} | {threads} | {crop_s:g} s | {median:.3f} ({low:.3f} to {high:.3f}) | "
        f"{np.median(used):.3f} | {len(seconds)} of {batches} | "
        f"{whole_s:.0f} ({whole_s / 60:.0f} min) | {least_s:.0f} ({least_s / 60:.0f} min) |"
    )


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batches", type=int, default=20, help="batches that are timed")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="of the processor")
    parser.add_argument("--channels", type=int, default=128, help="base channels")
    parser.add_argument("--crops", type=float, nargs="+", default=[3.0, 30.0], help="seconds")
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}")
    print(f"{CLIPS} spectrograms of 128 mels, {options.channels} channels, batches of {BATCH}\n")
    print(
        "| device | threads | crop | seconds per batch, median | of processors | timed "
        "| seconds per epoch | by the fastest batch |"
    )
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        clips = MadeUp(Path(folder) / "made-up.npy")
        for crop_s in options.crops:
            for threads in options.threads:
                torch.set_num_threads(threads)
                found = step_times(clips, "cpu", crop_s, options)
                print(row("CPU", str(threads), crop_s, found), flush=True)
            if torch.cuda.is_available():
                found = step_times(clips, "cuda", crop_s, options)
                name = torch.cuda.get_device_name()
                print(row(f"GPU, {name}", "", crop_s, found), flush=True)
            else:
                print(f"| GPU | | {crop_s:g} s | none at hand | | 0 | not measured | |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
