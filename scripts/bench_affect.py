"""Backbones of arousal and valence side by side on a made-up set; a section of affect.md.

Usage: python scripts/bench_affect.py [--seeds N] [--clips N] [--epochs N] [--work FOLDER]
                                      [--output FILE]

Makes rated clips, and a second set by other artists: on its sound a small network of MERT's
architecture is pretrained (see tiny_mert.py), and a mood network learns eight moods, which are
regions of what its clips meant.  wav2vec 2.0 is stood in for by a network of its architecture with
random weights, because nothing is downloaded here.  Then, as a user would: `prepare`, `embed`,
`compare`, and one run on courses in time.  A work folder that is named is kept, and a script that
was stopped goes on there.
"""

import argparse
import csv
import json
import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import torch
from affect_page import HEARD_SEED, text_of
from bench_genre import read, timed_once, write, zoneclf
from report_section import write_section

SET, HEARD, MOODS, MERT, WAV2VEC2 = "set", "heard", "moods", "tiny-mert", "tiny-wav2vec2"
MELS, PRETRAINING_EPOCHS = 64, 3
SHAPE = ("--base-channels", "16", "--batch-size", "16", "--lr", "0.001", "--dropout", "0.2")
# Of the plane, around which moods are sectors of 45 degrees.
MIDDLE = 5.0


def main() -> None:
    """Run everything and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--clips", type=int, default=600)
    parser.add_argument("--heard", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/affect.md"))
    asked = parser.parse_args()
    output = asked.output.resolve()
    with tempfile.TemporaryDirectory() as folder:
        work = (asked.work or Path(folder)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        os.chdir(work)
        write_section(output, "arousal and valence", measured(asked))
    print(output)


def measured(asked: argparse.Namespace) -> str:
    """Do everything in the current folder and return the section."""
    making = timed_once("making.json", lambda: make_all(asked))
    epochs = ("--epochs", str(asked.epochs), "--patience", "8")
    comparing = timed_once("comparing.json", lambda: compare(asked, epochs))
    told = json.loads(Path("results/affect/all/comparison.json").read_text(encoding="utf-8"))
    courses = {targets: on_courses(targets, epochs) for targets in ("static", "dynamic")}
    made = {name: read(f"{name}.json") for name in ("mood", "pretraining")}
    times = {"making": making, "comparing": comparing}
    return text_of(asked, told, courses, made=made, times=times)


def make_all(asked: argparse.Namespace) -> None:
    """Make both sets, the mood network and both stand-ins, and embed the rated set."""
    length = ("--seconds", str(asked.seconds))
    jobs = [(SET, asked.clips, 0, length), (HEARD, asked.heard, HEARD_SEED, length)]
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(synthesise, jobs))
    mels = ("--mels", str(MELS), "--max-seconds", str(asked.seconds), "--json")
    write("prepared.json", json.loads(prepare("affect", f"{SET}/raw/targets.parquet", SET, *mels)))
    table = moods_of(Path(HEARD, "raw"))
    write("moods.json", json.loads(prepare("genre", str(table), MOODS, *mels)))
    shape = [*SHAPE, "--epochs", str(asked.epochs), "--patience", "8", "--name", "moods"]
    write("mood.json", json.loads(zoneclf("deep", "mood", "train", MOODS, *shape, "--json")))
    pretrained()
    for model in (MERT, WAV2VEC2):
        zoneclf("deep", "embed", "--set", SET, "--model", model, "--offline")


def synthesise(job: tuple[str, int, int, tuple[str, ...]]) -> None:
    """Make rated clips, unless they are there."""
    name, clips, seed, length = job
    if not Path(name, "raw", "ratings.csv").exists():
        told = ("--clips", str(clips), "--seed", str(seed), *length)
        zoneclf("deep", "affect", "synthesise", f"{name}/raw", *told)


def prepare(kind: str, table: str, folder: str, *options: str) -> str:
    """Prepare a set and return what the command tells."""
    return zoneclf("deep", kind, "prepare", table, "--output", folder, *options)


def moods_of(folder: Path) -> Path:
    """Write a table of clips with one of eight moods each, beside them; return its path."""
    with (folder / "ratings.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    table = folder / "moods.csv"
    with table.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["path", "label", "artist"])
        for row in rows:
            meant = float(row["arousal_meant"]) - MIDDLE, float(row["valence_meant"]) - MIDDLE
            writer.writerow([row["path"], mood_of(*meant), row["artist"]])
    return table


def mood_of(arousal: float, valence: float) -> str:
    """Return which of eight sectors around the middle of the plane a clip is in."""
    if abs(arousal) > abs(valence):
        names = ("elated", "tense") if arousal > 0 else ("relaxed", "tired")
    else:
        names = ("happy", "cheerful") if valence > 0 else ("angry", "sad")
        return names[0] if arousal > 0 else names[1]
    return names[0] if valence > 0 else names[1]


def pretrained() -> None:
    """Write both stand-ins, unless they are there."""
    from tiny_mert import pretrain

    if not Path("pretraining.json").exists():
        heard = sorted(Path(HEARD, "raw").rglob("*.flac"))
        write("pretraining.json", pretrain(heard, Path(MERT), epochs=PRETRAINING_EPOCHS))
    if not Path(WAV2VEC2, "model.safetensors").exists():
        write_random(Path(WAV2VEC2))


def write_random(folder: Path) -> None:
    """Write a small wav2vec 2.0 with random weights, as published ones are."""
    import transformers

    torch.manual_seed(0)
    config = transformers.Wav2Vec2Config(
        hidden_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=128,
        conv_dim=(32, 32, 64),
        conv_stride=(10, 8, 4),
        conv_kernel=(20, 16, 8),
        num_conv_pos_embeddings=31,
        num_conv_pos_embedding_groups=8,
    )
    transformers.Wav2Vec2Model(config).save_pretrained(folder)
    told = {"feature_size": 1, "sampling_rate": 16_000, "do_normalize": True}
    (folder / "preprocessor_config.json").write_text(json.dumps(told) + "\n", encoding="utf-8")


def compare(asked: argparse.Namespace, epochs: tuple[str, ...]) -> None:
    """Train and judge every backbone with both losses."""
    told = (*SHAPE, *epochs, "--mood", "moods", "--freezes", "all,part", "--name", "all")
    zoneclf("deep", "affect", "compare", SET, *told, "--seeds", str(asked.seeds), "--threads", "1")


def on_courses(targets: str, epochs: tuple[str, ...]) -> dict[str, Any]:
    """Return how a CNN that learnt from means, or from courses, does on both."""
    name = f"courses-{targets}"
    told = (*SHAPE, *epochs, "--targets", targets, "--name", name, "--threads", "1")
    zoneclf("deep", "affect", "train", SET, *told)
    return dict(json.loads(zoneclf("deep", "affect", "evaluate", name, "--json")))


if __name__ == "__main__":
    main()
