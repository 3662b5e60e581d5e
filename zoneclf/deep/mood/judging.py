"""A mood run on its prepared set, or on another of the same moods."""

from pathlib import Path

from zoneclf.deep.genre.evaluation import read_history
from zoneclf.deep.genre.prepared import PreparedSet
from zoneclf.deep.mood.evaluation import Judged
from zoneclf.deep.mood.learning import MOOD, codes_of
from zoneclf.deep.opening import Opened, open_run_of


def open_mood(
    folder: Path, *, set_folder: Path | None = None, device: str = "auto"
) -> Opened[PreparedSet]:
    """Return a run ready to be judged; errors are those of `zoneclf.deep.opening.open_run_of`."""

    def labels(prepared: PreparedSet) -> tuple[str, ...]:
        return prepared.genres

    return open_run_of(MOOD, folder, labels, set_folder=set_folder, device=device)


def judge(opened: Opened[PreparedSet], split: str = "test") -> Judged:
    """Return a run judged on a split of its set."""
    prepared, places = opened.prepared, opened.places(split)
    counts = prepared.targets[prepared.places("train")].sum(axis=0)
    return Judged(
        name=opened.name,
        split=split,
        moods=prepared.genres,
        track_ids=prepared.track_ids[places],
        paths=prepared.paths[places],
        groups=prepared.groups[places],
        true=codes_of(prepared)[places],
        logits=opened.logits(split),
        training_counts=tuple(int(count) for count in counts) if opened.is_own else (),
        history=read_history(opened.run.folder / "history.csv"),
        facts=opened.facts,
    )
