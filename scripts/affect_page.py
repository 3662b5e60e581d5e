"""The section that `bench_affect.py` writes."""

import argparse
import os
import platform
from typing import Any

import torch

from zoneclf.deep.affect.comparison_table import COLUMNS, remedy_markdown
from zoneclf.deep.seed_table import as_markdown

HEARD_SEED = 1000


def text_of(
    asked: argparse.Namespace,
    told: dict[str, Any],
    courses: dict[str, Any],
    *,
    made: dict[str, Any],
    times: dict[str, dict[str, float]],
) -> str:
    """Return the section."""
    mood, pretraining = made["mood"], made["pretraining"]
    return f"""## Arousal and valence: four backbones, and what undoes regression to the mean

Command: `python scripts/bench_affect.py --seeds {asked.seeds} --clips {asked.clips} --epochs
{asked.epochs}`. {platform.machine()}, {os.cpu_count()} cores that others used as well, one thread
per run, torch {torch.__version__}, no GPU; making sets and stand-ins took
{times["making"]["wall_s"] / 60:.0f} min, comparing {times["comparing"]["wall_s"] / 60:.0f} min.

Data: **synthesised**, {asked.clips} clips of {asked.seconds:g} s (`zoneclf deep affect synthesise`,
seed 0), split by artist; {told["n"]} test tracks. Ratings are means of ten raters who err, so not
even a perfect ear reaches an R2 of 1. The mood network learnt eight moods of {asked.heard} other
clips by other artists (seed {HEARD_SEED}; validation balanced accuracy
{mood["valid_balanced_accuracy"]:.2f}). Its moods are regions of what those clips meant, closer to
arousal and valence than tags of listeners are: its transfer looks better here than it would on
real tags. `mert` is a network of MERT's architecture with {pretraining["weights"]:,} weights that
heard the same {pretraining["clips"]} clips {pretraining["epochs"]} times, without labels;
`wav2vec2` one of wav2vec 2.0's architecture with **random weights**: a
floor, no statement about wav2vec 2.0.

Mean of {asked.seeds} seeds, ± their standard deviation. Seconds per epoch were taken while two runs
shared the cores; those of `wav2vec2` and `mert` are without making embeddings.

{as_markdown(told["table"], "run", COLUMNS)}
Remedies, first seed: change of the mean over both dimensions, with 95 % intervals over artists of
the {told["n"]} test tracks (1000 resamples of the same artists for both sides).

{remedy_markdown(told["remedies"])}
{words_of(told)}

{of_courses(courses)}
"""


def words_of(told: dict[str, Any]) -> str:
    """Return in sentences what the tables show, from their numbers."""
    rows = {row["run"]: row for row in told["table"]}
    plain = {name: row for name, row in rows.items() if name.endswith(", mse")}
    best = max(plain, key=lambda name: plain[name]["ccc_arousal"] + plain[name]["ccc_valence"])
    timid = [name for name, row in plain.items() if row["slope"] < 0.9]
    parts = {"rescaled": "rescaling", "loss ccc": "concordance as loss"}
    first = (
        f"Best by concordance without a remedy: {best}. Trained by squared error, {len(timid)} of "
        f"{len(plain)} pull extremes inwards (slope below 0.9)."
    )
    lines = [first]
    for remedy, words in parts.items():
        changes = [row for row in told["remedies"] if row["remedy"] == remedy]
        for name, title in (("spread_ratio", "spread"), ("ccc", "CCC"), ("r2", "R2")):
            up = sum((row[f"{name}_low"] or 0) > 0 for row in changes)
            down = sum((row[f"{name}_high"] or 0) < 0 for row in changes)
            lines.append(
                f"{words.capitalize()}: {title} goes up in {up} of {len(changes)} (the interval is "
                f"above 0), down in {down}."
            )
    return " ".join([*lines, *_of_stand_ins(plain)])


def _of_stand_ins(plain: dict[str, dict[str, Any]]) -> list[str]:
    """Return what must be said where the encoder that heard music is not the better one."""
    heard, random = (
        sum(plain[f"{name}, mse"][f"ccc_{part}"] for part in ("arousal", "valence"))
        for name in ("mert", "wav2vec2")
    )
    if heard > random:
        return []
    words = (
        "The small encoder that heard music is not better than the one with random weights: so "
        "little pretraining teaches it nothing that helps here, which says nothing about MERT."
    )
    return [words]


def of_courses(courses: dict[str, Any]) -> str:
    """Return a table of learning from means and from courses."""
    words = (
        "Targets in time (B6), `mel-cnn`, squared error, seed 0: windows of 3 s judged one by one "
        "against the mean of the course inside, and whole tracks against their ratings."
    )
    lines = [
        words,
        "",
        "| learnt from | windows | CCC of windows | R2 of windows | CCC of tracks | R2 of tracks |",
        "|---|---|---|---|---|---|",
    ]
    for targets, one in courses.items():
        windows = one["windows"]
        cells = [windows["n"]]
        for scores in (windows["mean"], one["mean"]):
            for name in ("ccc", "r2"):
                low, high = scores[f"{name}_ci95"]
                cells.append(f"{scores[name]:.3f} ({low:.3f} to {high:.3f})")
        lines.append("| " + " | ".join(map(str, [targets, *cells])) + " |")
    return "\n".join(lines)
