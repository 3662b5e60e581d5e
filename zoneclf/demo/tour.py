"""The tour of ``zoneclf demo``: a made-up library, then the commands that a user would type."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import typer

from zoneclf.demo.deam import write_deam
from zoneclf.demo.library import write_library
from zoneclf.errors import OutputError, ZoneclfError
from zoneclf.frames.extractor import extract
from zoneclf.frames.grid import FrameGrid
from zoneclf.frames.native import NativeExtractor
from zoneclf.pipeline.starting import start_workspace
from zoneclf.writing import write_text

# Says that a folder may be made anew by scripts/demo.sh.
MARK = ".zoneclf-demo"
COMMANDS = (
    ("extract", "--method", "frames"),
    ("label",),
    ("train", "--user-weight", "3"),
    ("analyze", "--holdout"),
    ("analyze", "--cv"),
    ("visualize-2d",),
)


def frame_rows(samples: npt.NDArray[np.float32]) -> pd.DataFrame:
    """Return the frames of a sound, shape (samples, channels), as DEAM's files hold them."""
    mono = samples.mean(axis=1) if samples.ndim == 2 else samples
    extractor = NativeExtractor(FrameGrid())
    frames = extract(extractor, [mono.astype(np.float32)], {})
    table = pd.DataFrame(frames.rows, columns=list(extractor.features))
    table.insert(0, "start_s", frames.start_s)
    return table


def run_tour(folder: Path, *, seed: int) -> None:
    """Make a workspace with made-up music and run the whole pipeline on it.

    Raises
    ------
    OutputError
        If the folder is not empty.
    ZoneclfError
        If a command fails.
    """
    what = "not empty" if folder.is_dir() else "a file"
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"{folder}: is {what}; name a new folder: zoneclf demo OTHER")
    started = time.monotonic()
    start_workspace(folder)
    write_text("made by `zoneclf demo`\n", folder / MARK)
    typer.echo(f"making up 48 tracks of a DJ's library in {folder}/dataset ...")
    write_library(folder / "dataset", seed=seed)
    typer.echo("making up 60 songs in DEAM's layout (labels swapped as in the real one) ...")
    write_deam(folder / "dataset" / "DEAM", seed=seed, rows_of=frame_rows)
    for command in COMMANDS:
        _run(folder, command)
    _run(folder, ("predict", "dataset/music", "--csv"), shown=6)
    _conclude(folder, time.monotonic() - started)


def _run(folder: Path, command: tuple[str, ...], shown: int = 1000) -> None:
    typer.echo(f"\n$ zoneclf {' '.join(command)}")
    sys.stdout.flush()
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "zoneclf", *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    typer.echo("\n".join(lines[:shown]) + ("\n..." if len(lines) > shown else ""))
    if done.returncode:
        raise ZoneclfError(f"zoneclf {' '.join(command)}: exit code {done.returncode}; see above")


def _conclude(folder: Path, seconds: float) -> None:
    typer.echo(f"\ndone in {seconds:.0f} s.  Scores on the made-up library:")
    for path in sorted((folder / "results").glob("*/metrics.json")):
        found = json.loads(path.read_text())
        low, high = found["accuracy_ci95"]
        typer.echo(
            f"  {found['split']:8} n = {found['n']:3}  accuracy {found['accuracy']:.2f} "
            f"({low:.2f} to {high:.2f}), weighted F1 {found['f1_weighted']:.2f}"
        )
    typer.echo("pages and pictures:")
    for pattern in ("*/report.html", "*/zone_map_2d.html", "*/*.png"):
        for path in sorted((folder / "results").glob(pattern)):
            typer.echo(f"  {path}")
