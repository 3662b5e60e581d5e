"""Whether planted clusters of tags are found again; a section of results/benchmarks/affect.md.

Usage: python scripts/bench_mood_clusters.py [--seeds N] [--rows N] [--output FILE]

Makes tables of 56 tags in MTG-Jamendo's mood/theme layout (`zoneclf.deep.mood.planted`: 11 clusters
and 8 noise tags, overlapping and unequal), reads each again through the reader, and clusters it.
The settings were chosen on seeds below 200, what is told is of seeds from 200 on.
"""

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import sklearn
from report_section import write_section
from sklearn.metrics import adjusted_rand_score

from zoneclf.deep.mood.clustering import (
    NOISE,
    ClusterSettings,
    Labels,
    cluster_tags,
    clusters_in,
    search,
)
from zoneclf.deep.mood.planted import plant, write_planted
from zoneclf.deep.mood.tag_table import TagTable, tag_table
from zoneclf.deep.readers.jamendo import read_jamendo

FIRST_SEED, TAGS, CLUSTERS, NOISE_TAGS = 200, 56, 11, 8
ENOUGH = 0.8
_EXPLAINED = f"""ARI: adjusted Rand index against what was planted, mean +- standard deviation over
seeds (95 % interval of the mean by bootstrap; smallest).  All tags: noise is one class on both
sides; planted tags: without the {NOISE_TAGS} noise tags, one that was lost to noise counting as a
cluster of its own.  Seeds >= {ENOUGH}: in both."""


@dataclass(frozen=True)
class Found:
    """How one table was clustered."""

    whole: float
    clustered: float
    clusters: int
    noise: int
    right_noise: int
    kept: float
    noise_only: float


def main() -> None:
    """Run everything and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/affect.md"))
    asked = parser.parse_args()
    started = time.perf_counter()
    usual = ClusterSettings()
    ways = {
        "as it is": usual,
        "`--clusters 11`": None,
        "`--association ppmi`": replace(usual, association="ppmi"),
        "`--min-cluster-size 3`": replace(usual, min_cluster_size=3),
        "`--strength 0` (no check against chance)": replace(usual, strength=0.0),
    }
    tables = [planted_table(FIRST_SEED + n, asked.rows) for n in range(asked.seeds)]
    rows = [(asked.rows, way, [judged(t, way_of) for t in tables]) for way, way_of in ways.items()]
    larger = [planted_table(FIRST_SEED + n, 4 * asked.rows) for n in range(asked.seeds)]
    rows.append((4 * asked.rows, "as it is", [judged(table, usual) for table in larger]))
    seconds = time.perf_counter() - started
    write_section(asked.output, "mood clusters", text_of(rows, asked, seconds))
    print(asked.output)


def planted_table(seed: int, rows: int) -> tuple[TagTable, Labels]:
    """Return a table as a user's is read, and the planted cluster of each of its tags."""
    planted = plant(rows=rows, tags=TAGS, clusters=CLUSTERS, noise=NOISE_TAGS, seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "moods.tsv"
        write_planted(planted, path)
        listing = read_jamendo(path, category="mood/theme")
    table = tag_table([track.genres for track in listing.tracks])
    return table, np.array([planted.truth[tag] for tag in table.tags])


def judged(made: tuple[TagTable, Labels], settings: ClusterSettings | None) -> Found:
    """Return how a table is clustered; without settings 11 clusters are asked for."""
    table, truth = made
    labels = cluster_tags(table, settings or search(table, ClusterSettings(), CLUSTERS))
    # In how many clusters a track has tags; tags of noise count for none.
    numbers = clusters_in(labels)
    moods = np.stack([table.has[:, labels == one].any(axis=1) for one in numbers]).sum(axis=0)
    noise = labels == NOISE
    planted = truth != NOISE
    return Found(
        whole=adjusted_rand_score(truth, labels),
        clustered=adjusted_rand_score(truth[planted], alone(labels)[planted]),
        clusters=len(numbers),
        noise=int(noise.sum()),
        right_noise=int((noise & ~planted).sum()),
        kept=float((moods == 1).mean()),
        noise_only=float((moods == 0).mean()),
    )


def alone(labels: Labels) -> Labels:
    """Return labels in which every noise tag is a cluster of its own, so that a lost tag costs."""
    out = labels.copy()
    lost = np.flatnonzero(labels == NOISE)
    out[lost] = labels.max() + 1 + np.arange(len(lost))
    return out


def text_of(
    rows: Sequence[tuple[int, str, list[Found]]], asked: argparse.Namespace, seconds: float
) -> str:
    """Return the section."""
    command = f"python scripts/bench_mood_clusters.py --seeds {asked.seeds} --rows {asked.rows}"
    machine = f"{platform.machine()}, {os.cpu_count()} cores, scikit-learn {sklearn.__version__}"
    data = (
        f"**Synthesised**: {asked.seeds} tables (seeds {FIRST_SEED} to "
        f"{FIRST_SEED + asked.seeds - 1}) of {TAGS} tags in MTG-Jamendo's mood/theme layout, "
        f"{CLUSTERS} planted clusters of 2 tags and more with a 12-fold difference in use, a "
        f"quarter of further tags from neighbouring clusters, and {NOISE_TAGS} tags of no cluster."
    )
    usual, searched = rows[0][2], rows[1][2]
    shown = (
        f"The planted clusters are found again (ARI {mean('whole', usual):.2f} and "
        f"{mean('clustered', usual):.2f}, with the number of clusters given "
        f"{mean('whole', searched):.2f} and {mean('clustered', searched):.2f}), from 5000 tracks "
        "not in every table.  The check against chance is what tells noise.  That real mood tags "
        "form such clusters is not shown here: look through the file that is written."
    )
    head = [
        "tracks | settings | ARI, all tags | ARI, planted tags | seeds >= 0.8 | clusters",
        "noise tags (right ones of 8) | tracks kept | of noise alone",
    ]
    lines = [
        "## 56 mood tags to 11 clusters (B1)",
        f"`{command}` ({machine}, {seconds:.0f} s).  {data}",
        "\n".join(
            (f"| {' | '.join(head)} |", "|---" * 9 + "|", *(_line(*row) for row in rows)),
        ),
        _EXPLAINED,
        shown,
    ]
    return "\n\n".join(lines)


def mean(name: str, found: Sequence[Found]) -> float:
    """Return the mean of one number."""
    return float(np.mean([getattr(one, name) for one in found]))


def _line(tracks: int, way: str, found: list[Found]) -> str:
    good = sum(min(one.whole, one.clustered) >= ENOUGH for one in found)
    counts = [one.clusters for one in found]
    noise = f"{mean('noise', found):.1f} ({mean('right_noise', found):.1f})"
    cells = (
        f"{tracks}",
        way,
        _spread([one.whole for one in found]),
        _spread([one.clustered for one in found]),
        f"{good} of {len(found)}",
        f"{np.mean(counts):.1f} ({min(counts)} to {max(counts)})",
        noise,
        f"{mean('kept', found):.0%}",
        f"{mean('noise_only', found):.0%}",
    )
    return f"| {' | '.join(cells)} |"


def _spread(values: list[float]) -> str:
    random = np.random.default_rng(0)
    means = random.choice(values, (2000, len(values))).mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return (
        f"{np.mean(values):.2f} +- {np.std(values, ddof=1):.2f} "
        f"({low:.2f} to {high:.2f}; {min(values):.2f})"
    )


if __name__ == "__main__":
    main()
