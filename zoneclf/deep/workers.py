"""Runs of training side by side, each in a process of its own."""

import dataclasses
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, as_completed
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool

from zoneclf.console import console
from zoneclf.deep.batches import device_of
from zoneclf.deep.isolation import end_with_parent
from zoneclf.deep.runs import RunOptions
from zoneclf.errors import ModelError

T = TypeVar("T")


def shared_out(count: int, jobs: int, run: RunOptions) -> tuple[int, RunOptions]:
    """Return how many of `count` runs go at once, and each one's options.

    `jobs` 0 is one per core, or a single one on a GPU, whose memory they would share.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    usual = 1 if device_of(run.device) == "cuda" else cores or 1
    jobs = min(jobs or usual, count)
    threads = run.threads or max(1, (cores or 1) // jobs)
    return jobs, dataclasses.replace(run, threads=threads, has_bar=jobs == 1)


def in_workers(
    work: Callable[..., T],
    arguments: Sequence[tuple[Any, ...]],
    names: Sequence[str],
    *,
    jobs: int,
) -> list[T]:
    """Return what `work` makes of each of `arguments`, in order; one job works right here.

    Errors are those of `work`, and ModelError where a worker's process was ended, with its name.
    """
    if jobs == 1:
        return [work(*one) for one in arguments]
    found: dict[int, T] = {}
    context = multiprocessing.get_context("spawn")
    flags = console.quiet, console.verbose
    with ProcessPool(jobs, context=context, initializer=_prepare, initargs=flags) as pool:
        waiting = {pool.schedule(work, args=one): place for place, one in enumerate(arguments)}
        try:
            for future in as_completed(waiting):
                place = waiting[future]
                found[place] = _outcome(future, names[place])
                console.progress("runs", len(found), len(arguments))
        except BaseException:
            pool.stop()
            raise
    return [found[place] for place in range(len(arguments))]


def _outcome(future: "Future[T]", name: str) -> T:
    try:
        return future.result()
    except ProcessExpired as error:
        raise ModelError(
            f"{name}: its process was ended (code {error.exitcode}), as happens where memory runs "
            "out; run the same command with --jobs 1, finished runs are kept"
        ) from error


def _prepare(quiet: bool, verbose: bool) -> None:
    """Make a worker ready: Ctrl-C is left to its parent, with which it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    console.quiet, console.verbose = quiet, verbose
    threading.Thread(target=end_with_parent, daemon=True).start()
