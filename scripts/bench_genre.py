"""Five presets of multi-label genre side by side on a set that is made up.

Usage: python scripts/bench_genre.py [--seeds N] [--clips N] [--epochs N] [--work FOLDER]
                                     [--output FILE]

Makes clips of 12 genres with a tail of 100x, and a second set of the same size, by other artists,
whose labels nobody reads: on its sound alone a small network of MERT's architecture is pretrained
(see tiny_mert.py), which stands in for MERT, because nothing is downloaded here.  Then, as a user
would: `prepare` (with the genre filter and without), `embed`, `compare`.  Each branch is also
trained alone.  The first seed's five presets are timed; more seeds tell the spread.  A work folder
that is named is kept, and a script that was stopped goes on there.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import genre_page as page

ALONE = {
    "cnn-alone": "about: the CNN of fusion alone\narchitecture: mel-cnn\n",
    "mert-alone": "about: MERT's branch of fusion alone\narchitecture: mert-mlp\n",
}
UNWEIGHTED = "loss: bce\npos_weight_power: 0.0\npos_weight_cap: null\ndropout: 0.3\n"
SET, HEARD, MERT = "set", "heard", "tiny-mert"
HEARD_SEED, PRETRAINING_EPOCHS = 1000, 4
PRETRAINING = "pretraining.json"


def main() -> None:
    """Run everything and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--clips", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--patience", type=int, default=6)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/genre.md"))
    asked = parser.parse_args()
    output = asked.output.resolve()
    with tempfile.TemporaryDirectory() as folder:
        work = (asked.work or Path(folder)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        os.chdir(work)
        text = measured(asked)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, encoding="utf-8")
    print(output)


def measured(asked: argparse.Namespace) -> str:
    """Do everything in the current folder and return the page."""
    making = timed_once("making.json", lambda: make_all(asked.clips))
    for name, text in ALONE.items():
        Path(f"{name}.yaml").write_text(text + UNWEIGHTED, encoding="utf-8")
    told = ["--epochs", str(asked.epochs), "--patience", str(asked.patience)]
    comparing = timed_once("comparing.json", lambda: compare("all", *told))
    told += ["--seeds", str(asked.seeds)]
    compare("all", *told)
    compare("alone", *told, "--presets", ",".join(f"{name}.yaml" for name in ALONE))
    table, alone = results("all"), results("alone")
    sections = [
        page.head(asked, making, comparing),
        page.of_set(read("filtered.json"), read("prepared.json")),
        page.of_stand_in(read(PRETRAINING)),
        page.of_presets(table, asked),
        page.of_branches(alone),
        page.of_genres(table),
        page.of_log(table, alone),
    ]
    return "\n".join(sections)


def make_all(clips: int) -> None:
    """Make both sets, the stand-in for MERT, and its embeddings."""
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(synthesise, [(SET, clips, 0), (HEARD, clips, HEARD_SEED)]))
    write("filtered.json", prepare("--min-samples-per-genre", str(page.LEAST)))
    write("prepared.json", prepare())
    if not Path(PRETRAINING).exists():
        from tiny_mert import pretrain

        heard = sorted(Path(HEARD, "raw").rglob("*.flac"))
        write(PRETRAINING, pretrain(heard, Path(MERT), epochs=PRETRAINING_EPOCHS))
    zoneclf("deep", "embed", "--set", SET, "--model", MERT, "--chunk", "3", "--offline")


def compare(name: str, *options: str) -> None:
    """Compare presets under a name."""
    zoneclf("deep", "genre", "compare", SET, "--name", name, *options)


def synthesise(job: tuple[str, int, int]) -> None:
    """Make clips, unless they are there."""
    name, clips, seed = job
    if not Path(name, "raw", "clips.csv").exists():
        options = ["--clips", str(clips), "--seed", str(seed)]
        zoneclf("deep", "genre", "synthesise", f"{name}/raw", *options)


def prepare(*options: str) -> dict[str, Any]:
    """Prepare the set and return what the command tells."""
    table = f"{SET}/raw/clips.csv"
    told = zoneclf(
        *("deep", "genre", "prepare", table, "--output", SET, "--mels", str(page.MELS), "--json"),
        *options,
    )
    return dict(json.loads(told))


def timed_once(name: str, work: Callable[[], None]) -> dict[str, float]:
    """Return how long `work` takes and how long processors work on it, in seconds.

    Of a script that goes on, what was measured when it was done.
    """
    if not Path(name).exists():
        before, start = processor_s(), time.monotonic()
        work()
        taken = {"wall_s": time.monotonic() - start, "processor_s": processor_s() - before}
        write(name, taken)
    return read(name)


def processor_s() -> float:
    """Return for how long processors have worked for this process and those it has waited for."""
    users = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(found.ru_utime + found.ru_stime for found in map(resource.getrusage, users))


def read(name: str) -> dict[str, Any]:
    """Return what a JSON file of the work folder holds."""
    return dict(json.loads(Path(name).read_text(encoding="utf-8")))


def write(name: str, content: dict[str, Any]) -> None:
    """Keep something in the work folder."""
    Path(name).write_text(json.dumps(content), encoding="utf-8")


def zoneclf(*arguments: str) -> str:
    """Run a command as a user would; return what it prints."""
    print("zoneclf", *arguments, file=sys.stderr)
    done = subprocess.run(  # noqa: PLW1510  (told below)
        [sys.executable, "-m", "zoneclf", *arguments], stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        sys.exit(f"zoneclf {' '.join(arguments)}: ended with {done.returncode}")
    return done.stdout


def results(name: str) -> dict[str, Any]:
    """Return what `compare` wrote, with each run's losses and tuning beside it."""
    told = json.loads(Path("results/genre", name, "comparison.json").read_text(encoding="utf-8"))
    for run in told["runs"]:
        folder = Path("models/genre", run["name"])
        rows = (folder / "history.csv").read_text(encoding="utf-8").splitlines()
        losses = [float(row.split(",")[rows[0].split(",").index("valid_loss")]) for row in rows[1:]]
        run["valid_loss_risen"] = losses[-1] / min(losses)
        tuning = (folder / "threshold_tuning_results.json").read_text(encoding="utf-8")
        run["reported"] = json.loads(tuning)["reported"]
    return dict(told)


if __name__ == "__main__":
    main()
