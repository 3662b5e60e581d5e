"""The page that bench_genre.py writes: results/benchmarks/genre.md."""

# ruff: noqa: E501  (lines of the page)

import argparse
import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from log_of_seed import verdicts

PRESETS = ("fusion", "weighted", "soft", "focal", "trust-mert")
MELS, LEAST, CLIP_S = 64, 20, 3.0
HEAD = """# Multi-label genre: five presets side by side

    python scripts/bench_genre.py --seeds {seeds} --clips {clips} --epochs {epochs} --patience {patience}

{machine}, {cores} cores that others used at the same time, Python {python}, {packages}. No GPU.
`zoneclf deep genre compare`, one seed: five presets trained, calibrated, tuned and judged in {compare_min:.1f} minutes
({compare_cpu_min:.1f} minutes of processor time, on two cores). Before that, both sets, spectrograms, the stand-in for MERT and its
embeddings: {making_min:.1f} minutes ({making_cpu_min:.1f} of processor time). {spread}
"""
SPREAD = "± is the standard deviation over {seeds} seeds of training;\nset and splits are the same."
NO_SPREAD = "One seed of training: nothing\nbelow has a spread; `--seeds 3` gives one."
OF_SET = """## The set

{tracks} clips of 3 s that are made up, {genres} genres, one to three per clip: {counts}.
Splits: {splits}; no artist is on two sides. {mels} mel bands.

| genre filter | genres | tracks | most against least frequent |
|---|---|---|---|
| none (the presets below learn from this) | {genres} | {tracks} | {imbalance:.1f}x |
| `--min-samples-per-genre {least}` | {kept} | {kept_tracks} | {kept_imbalance:.1f}x |
"""
OF_STAND_IN = """## What stands in for MERT

No published weights: a network of MERT's architecture with {weights:,} weights, pretrained here on the sound of {clips} other clips
(the same synthesis, other artists), without their labels. It learnt to say the log-mel spectrum where half of the sound is masked:
after {epochs} epochs {percent:.0f} % of the spectrum's variance there is unexplained, on clips it did not learn from. Its embeddings (mean of all
layers, mean over time) are made, stored and read by the code that MERT's are. It has heard {hours:.1f} hours of such music, MERT 160 000
of real music: how much MERT knows cannot show here.
"""
OF_PRESETS = """## Presets

At most {epochs} epochs, stopped after {patience} without a better PR-AUC on valid; everything else as the presets say. Judged on {n} test
clips with {true:.2f} genres each. Thresholds are tuned on valid, after calibration on calib; "at 0.5" is what the network says by
itself. Rare is the third of genres with the fewest training tracks: {rare}.

{table}
{about}
"""
OF_BRANCHES = """## Each branch alone

As fusion, without the other branch.

{table}"""
OF_GENRES = """## Over- and under-prediction by genre

First seed, tuned thresholds: tracks that are said to have a genre / that have it, and the recall.

{table}"""
OF_LOG = """## Against the log of seed 000

Each statement as a quantity that it says is above zero: with several seeds, repeated if its mean over them is above its standard
deviation, not repeated if it is below minus that. Data, presets and statements were fixed before this ran.

{table}"""
SCORES = {
    "pr_auc_macro": ("PR-AUC", 3),
    "f1_macro": ("macro F1", 3),
    "rare_recall": ("recall of rare genres", 3),
    "predicted_to_true": ("predicted / true", 2),
    "untuned_predicted_to_true": ("predicted / true at 0.5", 2),
    "untuned_rare_recall": ("recall of rare at 0.5", 3),
    "ece_before": ("calibration error before", 3),
    "ece_after": ("after", 3),
    "valid_loss_risen": ("last / lowest validation loss", 2),
    "best_epoch": ("best epoch", 0),
}


def head(
    asked: argparse.Namespace, making: Mapping[str, float], comparing: Mapping[str, float]
) -> str:
    """Return the title, what was run, where, and how long it took."""
    return HEAD.format(
        **vars(asked),
        machine=platform.machine(),
        cores=os.cpu_count(),
        python=platform.python_version(),
        packages=", ".join(f"{name} {version(name)}" for name in ("torch", "transformers")),
        compare_min=comparing["wall_s"] / 60,
        compare_cpu_min=comparing["processor_s"] / 60,
        making_min=making["wall_s"] / 60,
        making_cpu_min=making["processor_s"] / 60,
        spread=SPREAD.format(seeds=asked.seeds) if asked.seeds > 1 else NO_SPREAD,
    )


def of_set(filtered: Mapping[str, Any], whole: Mapping[str, Any]) -> str:
    """Return what was learnt from, and what the genre filter does to its imbalance."""
    before, after = filtered["filter"]["before"], filtered["filter"]["after"]
    return OF_SET.format(
        **{name: before[name] for name in ("tracks", "genres", "imbalance")},
        counts=", ".join(f"{name} {count}" for name, count in before["counts"].items()),
        splits=", ".join(f"{name} {count}" for name, count in whole["splits"].items() if count),
        mels=MELS,
        least=LEAST,
        kept=after["genres"],
        kept_tracks=after["tracks"],
        kept_imbalance=after["imbalance"],
    )


def of_stand_in(told: Mapping[str, Any]) -> str:
    """Return what stands in for MERT."""
    hours = told["clips"] * CLIP_S / 3600
    return OF_STAND_IN.format(**told, percent=100 * told["unexplained"], hours=hours)


def of_presets(told: Mapping[str, Any], asked: argparse.Namespace) -> str:
    """Return the table of presets."""
    rows = told["presets"]
    return OF_PRESETS.format(
        epochs=asked.epochs,
        patience=asked.patience,
        n=told["n"],
        true=told["labels_true"],
        rare=", ".join(told["rare_genres"]),
        table=table_of(rows, SCORES),
        about="\n".join(f"- {row['preset']}: {row['about']}" for row in rows),
    )


def of_branches(told: Mapping[str, Any]) -> str:
    """Return what each branch is worth alone."""
    names = ("pr_auc_macro", "f1_macro", "rare_recall", "predicted_to_true")
    columns = {name: SCORES[name] for name in names} | {"seconds": ("seconds of training", 0)}
    return OF_BRANCHES.format(table=table_of(told["presets"], columns))


def of_genres(told: Mapping[str, Any]) -> str:
    """Return predicted against true tracks by genre, of the first seed."""
    firsts = {run["preset"]: run for run in reversed(told["runs"])}
    lines = ["| genre | training tracks | " + " | ".join(PRESETS) + " |"]
    lines.append("|---" * (2 + len(PRESETS)) + "|")
    for place, genre in enumerate(told["genres"]):
        rows = [firsts[preset]["metrics"]["per_genre"][place] for preset in PRESETS]
        cells = [f"{row['predicted']} / {row['tracks']}, {row['recall'] or 0:.2f}" for row in rows]
        lines.append(f"| {genre} | {rows[0]['training_tracks']} | {' | '.join(cells)} |")
    return OF_GENRES.format(table="\n".join(lines) + "\n")


def of_log(told: Mapping[str, Any], alone: Mapping[str, Any]) -> str:
    """Return where the outcome repeats the log of seed 000, and where it does not."""
    runs = [*told["runs"], *alone["runs"]]
    seeds: dict[int, dict[str, Any]] = {}
    for run in runs:
        seeds.setdefault(run["recipe"]["seed"], {})[run["preset"]] = run
    lines = ["| stage | the log says | looked at | by how much | |", "|---|---|---|---|---|"]
    for one, mean, spread, verdict in verdicts(list(seeds.values())):
        much = f"{mean:+.3f}" + (f" ± {spread:.3f}" if len(seeds) > 1 else "")
        lines.append(f"| {one.stage} | {one.says} | {one.looks_at} | {much} | {verdict} |")
    return OF_LOG.format(table="\n".join(lines) + "\n")


def table_of(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, tuple[str, int]]) -> str:
    """Return rows as a Markdown table; spreads where there are several seeds."""
    lines = ["| preset | " + " | ".join(title for title, _ in columns.values()) + " |"]
    lines.append("|---" * (1 + len(columns)) + "|")
    for row in rows:
        cells = []
        for name, (_, digits) in columns.items():
            spread = row.get(f"{name}_sd")
            beside = f" ± {spread:.{digits}f}" if spread is not None else ""
            cells.append("" if row[name] is None else f"{row[name]:.{digits}f}{beside}")
        lines.append(f"| {row['preset']} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
