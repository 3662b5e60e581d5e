"""Runs and checkpoints by name: what a user calls them, or their folders."""

from pathlib import Path

from zoneclf.deep.checkpoint import CARD, WEIGHTS, checkpoint_folder
from zoneclf.deep.run_card import MODELS, TRAIN, runs_folder
from zoneclf.errors import ModelError


def run_folder(name: str, task: str) -> Path:
    """Return the folder of a task's run that is named, or whose folder is.

    Raises
    ------
    ModelError
        If there is none.
    """
    runs = runs_folder(task)
    for folder in (Path(name), runs / name):
        if name and (folder / TRAIN).is_file():
            return folder
    known = ", ".join(sorted(path.parent.name for path in runs.glob(f"*/{TRAIN}"))) or "none"
    raise ModelError(f"{name}: is no run (there: {known}); train one: zoneclf deep {task} train")


def checkpoint_folder_of(name: str, task: str = "*") -> Path:
    """Return the folder of a run or checkpoint that is named, or whose folder is.

    Of several tasks' runs with this name it is the one whose weights were written last.

    Raises
    ------
    ModelError
        If there is none.
    """
    if name:
        places = [
            checkpoint_folder(place) for place in (Path(name), *MODELS.glob(f"{task}/{name}"))
        ]
        found = [place for place in places if (place / CARD).is_file()]
        if found:
            return found[0] if found[0] == places[0] else _newest(found)
    known = sorted(path.parent.parent.name for path in MODELS.glob(f"{task}/*/best/{CARD}"))
    command = f"zoneclf deep {'genre' if task == '*' else task} train"
    raise ModelError(
        f"{name}: is no run and no checkpoint (there: {', '.join(known) or 'none'}); train one: "
        f"{command}"
    )


def newest_checkpoint() -> Path:
    """Return the best checkpoint of the run, of any task, whose weights were written last.

    Raises
    ------
    ModelError
        If there is none.
    """
    found = [path.parent for path in MODELS.glob(f"*/*/best/{CARD}")]
    found = [folder for folder in found if (folder / WEIGHTS).is_file()]
    if not found:
        raise ModelError(
            f"{MODELS}: holds no trained network; train one (zoneclf deep genre train), or name "
            "one with --model"
        )
    return _newest(found)


def _newest(folders: list[Path]) -> Path:
    times = {folder: (folder / WEIGHTS).stat().st_mtime_ns for folder in folders}
    return max(folders, key=lambda folder: (times[folder], str(folder)))
