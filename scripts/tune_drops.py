"""Search thresholds for drops on training folds and say what they are worth on held-out tracks.

Usage: python scripts/tune_drops.py [--labels FILE | --zones] [--tries N] [--seed N]

--labels FILE  a CSV with the columns path and time_s, a line per drop; a track known to have none
               stands there once with a blank time.  Score: F1, one frame is tolerated.
--zones        the labelled tracks of the workspace it is run in, by the frames extracted there.
               Score: accuracy of zones told from the four drop rates alone.
neither        tracks that are synthesised; they show that the search works, not what your music
               needs.

Nested: outer folds give the score, thresholds are chosen anew on the rest of each.  Tracks of
dataset/holdout.json are left out.  Prints the outer scores of the settings in force and of those
tuned, then the block for config/default.yaml that is best on all these tracks.
"""

import argparse
import dataclasses
import sys
from pathlib import Path

import numpy as np

from zoneclf.console import Console
from zoneclf.demo.drop_tracks import CALM, calm_track, track_with_drops
from zoneclf.errors import ZoneclfError
from zoneclf.frames.extractor import extract
from zoneclf.pipeline.drop_cases import Case, times_case, zones_case
from zoneclf.pipeline.planning import sound_reader
from zoneclf.pipeline.workspace import Workspace
from zoneclf.report.drop_tuning import FoldScore, OnTimes, best, candidates, group_folds, nested
from zoneclf.settings import DropSettings, Settings
from zoneclf.settings_reader import resolve
from zoneclf.tracks.pooling import rms_of

WITH_DROPS, CALM_OF_EACH = 24, 2


def made_up(settings: Settings) -> Case:
    """Return synthesised tracks with known drops, and calm ones without any."""
    extractor, seed = sound_reader(settings, "frames").extractor, settings.train.seed
    tracks = [track_with_drops(100 * seed + number) for number in range(WITH_DROPS)]
    for kind in CALM:
        tracks += [calm_track(kind, 100 * seed + number) for number in range(CALM_OF_EACH)]
    curves = [rms_of(extract(extractor, one.blocks(), {}), extractor.features) for one in tracks]
    target = OnTimes(curves, [one.drop_s for one in tracks], extractor.grid)
    names = np.array([one.name for one in tracks])
    return target, list(group_folds(names, count=settings.evaluation.folds, seed=seed))


def line_of(values: DropSettings) -> str:
    """Return thresholds in one table cell."""
    return ", ".join(f"{name} {value:g}" for name, value in vars(values).items())


def print_scores(found: list[FoldScore], what: str) -> None:
    """Print the held-out score of each outer fold, then mean and standard deviation."""
    print(f"| fold | in force: {what} | tuned: {what} | chosen inside the fold |")
    print("|---|---|---|---|")
    for number, one in enumerate(found, 1):
        print(f"| {number} | {one.in_force:.3f} | {one.tuned:.3f} | {line_of(one.chosen)} |")
    pairs = np.array([(one.in_force, one.tuned) for one in found])
    mean, spread = pairs.mean(axis=0), pairs.std(axis=0, ddof=1)
    cells = " | ".join(f"{m:.3f} ± {s:.3f}" for m, s in zip(mean, spread, strict=True))
    print(f"| mean ± standard deviation | {cells} | |")
    gain = pairs[:, 1] - pairs[:, 0]
    print(f"\ntuned less in force, fold by fold: {gain.mean():+.3f} ± {gain.std(ddof=1):.3f}")


def whole(text: str) -> int:
    """Return a whole number of at least 0 from the command line."""
    value = int(text)
    if value < 0:
        raise ValueError
    return value


def tune(asked: argparse.Namespace) -> None:
    """Search, judge, and print."""
    settings = resolve(None, {"train.seed": asked.seed})[0]
    workspace, console = Workspace(), Console()
    if asked.labels:
        what, (target, pairs) = "F1", times_case(workspace, settings, asked.labels, console)
    elif asked.zones:
        what, (target, pairs) = "accuracy", zones_case(workspace, settings, console)
    else:
        what, (target, pairs) = "F1", made_up(settings)
    tried = candidates(settings.drops, asked.tries, asked.seed)
    rows = np.sort(np.concatenate([held_out for _, held_out in pairs]))
    print(f"{rows.size} tracks, {len(pairs)} outer folds, {len(tried)} tries, seed {asked.seed}\n")
    print_scores(list(nested(target, tried, pairs)), what)
    print("\ndrops:  # best on all of these tracks; the table says what to expect of it")
    for name, value in dataclasses.asdict(best(target, tried, rows)).items():
        print(f"  {name}: {value:g}")


def main() -> int:
    """Read the options and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--labels", type=Path, help="CSV with path,time_s")
    chosen.add_argument("--zones", action="store_true", help="zones of this workspace's tracks")
    parser.add_argument("--tries", type=whole, default=60, help="how many thresholds to try")
    parser.add_argument("--seed", type=whole, default=0, help="of what is tried")
    try:
        tune(parser.parse_args())
    except ZoneclfError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
