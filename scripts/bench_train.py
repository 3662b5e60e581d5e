"""Time and memory of training with each strategy, at the size of a real library beside DEAM.

Usage: python scripts/bench_train.py [--rounds N]

Made-up features: 1802 annotated songs and 400 of the user, 700 columns of which some follow
arousal and valence.  Each fit runs in a process of its own; prints median seconds over rounds and
the highest resident memory over that of the imports alone.
"""

import argparse
import os
import platform
import resource
import sys
import time
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd

from zoneclf.labels.regions import regions_of
from zoneclf.labels.table import LabelledTable
from zoneclf.labels.zones import load_zones
from zoneclf.model.strategies import FIXED, fit
from zoneclf.model.task import Task
from zoneclf.settings import TrainSettings
from zoneclf.store import TableSpec

ZONES = load_zones(Path(__file__).parents[1] / "config" / "zone_mapping.yaml")
SONGS, OWN, COLUMNS = 1802, 400, 700
WAYS: dict[str, TrainSettings] = {
    **{name: TrainSettings(strategy=name) for name in FIXED},
    "finetune continue": TrainSettings(strategy="finetune", finetune="continue"),
    "finetune stack": TrainSettings(strategy="finetune", finetune="stack"),
    "weighted blend": TrainSettings(strategy="weighted", learner="blend"),
    "weighted coral": TrainSettings(strategy="weighted", domain_adapt="coral"),
}


def made_up() -> LabelledTable:
    """Return the table: features are mixtures of arousal, valence and noise."""
    rng = np.random.default_rng(0)
    count = SONGS + OWN
    values = np.clip(rng.normal(4.9, 1.3, (count, 2)), 1, 9)
    mix = rng.normal(size=(2, COLUMNS)) * (rng.random(COLUMNS) < 0.5)
    features = values @ mix + rng.normal(0, 4, (count, COLUMNS))
    names = tuple(f"feature {place}" for place in range(COLUMNS))
    source = np.where(np.arange(count) < SONGS, "deam", "user")
    rated = np.where((source == "deam")[:, None], values, np.nan)
    about = pd.DataFrame({"track_id": [str(place) for place in range(count)], "source": source})
    about[["arousal", "valence"]] = rated
    spec = TableSpec(
        level="tracks",
        descriptors="made-up",
        window_s=1.0,
        hop_s=0.5,
        rate_hz=44_100,
        features=names,
    )
    codes = ZONES.codes(values[:, 0], values[:, 1])
    table = pd.DataFrame(features.astype(np.float32), columns=list(names))
    groups = (np.arange(count) // 3).astype(str)
    return LabelledTable(table, codes, source, groups, about, ZONES.names, spec)


def one_fit(settings: TrainSettings) -> tuple[float, float]:
    """Return seconds and MB of one fit, over what was resident before it."""
    task = Task(made_up(), frozenset({"user"}), settings, regions_of(ZONES))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    fit(task)
    took = time.perf_counter() - started
    return took, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="fits of each strategy")
    parser.add_argument("--threads", type=int, default=2, help="threads of the trees")
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{SONGS} songs + {OWN} tracks x {COLUMNS} columns, {options.threads} threads\n")
    print("| strategy | seconds, median (least to most) | memory |\n|---|---|---|")
    context = get_context("spawn")
    for name, settings in WAYS.items():
        found = []
        for _ in range(options.rounds):
            with context.Pool(1) as pool:
                found.append(pool.apply(one_fit, (replace(settings, threads=options.threads),)))
        seconds, memory = np.array(found).T
        span = f"{np.median(seconds):.1f} ({seconds.min():.1f} to {seconds.max():.1f})"
        print(f"| {name} | {span} | {np.median(memory):.0f} MB |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
