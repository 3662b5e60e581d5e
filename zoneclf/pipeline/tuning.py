"""A search for a strategy's settings, kept in the workspace so that it can be gone on with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from zoneclf.errors import LockedError
from zoneclf.model.task import Task
from zoneclf.model.trials import TrialLog
from zoneclf.model.tuning import Tuned, search, search_key
from zoneclf.pipeline.workspace import Voice, Workspace
from zoneclf.report.tuning import tuning_line
from zoneclf.writing import make_folder


def tuned(workspace: Workspace, task: Task, trials: int, voice: Voice) -> tuple[Task, Tuned]:
    """Return the task with the settings that a search of so many trials recommends, and its word.

    Trials of the same tracks and settings are in ``results/tuning``; those that are there count.

    Raises
    ------
    TableError
        If the user's tracks are too few for folds.
    LockedError
        If another zoneclf is searching the same.
    """
    path = workspace.results / "tuning" / f"{search_key(task)}.jsonl"
    make_folder(path.parent)
    with _locked(path):
        log = TrialLog(path)
        before = len(log.read())
        if before:
            voice.say(f"going on after {before} trials in {path}")

        def tell(done: int, best: float) -> None:
            said = f"best log loss {best:.3f}" if done else ""
            voice.progress("tune", done, trials, said)

        found = search(task, log, trials, tell)
    voice.say(tuning_line(found.as_json()))
    return replace(task, settings=found.settings), found


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = FileLock(path.with_suffix(".lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise LockedError(f"{path}: locked by another zoneclf; wait for it to end") from None
    try:
        yield
    finally:
        lock.release()
