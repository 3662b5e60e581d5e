"""A genre run, its best checkpoint and the prepared set that it is judged on."""

from dataclasses import dataclass
from pathlib import Path

from zoneclf.deep.genre.evaluation import Scored
from zoneclf.deep.genre.learning import GENRE
from zoneclf.deep.genre.prepared import PreparedSet
from zoneclf.deep.opening import Opened as OpenedRun
from zoneclf.deep.opening import open_run_of

TASK = GENRE.name


@dataclass(frozen=True)
class Opened(OpenedRun[PreparedSet]):
    """A run of genre; logits are computed once a split."""

    def scored(self, split: str) -> Scored:
        """Return the tracks of a split and what the network says of them.

        Raises
        ------
        TableError
            If the set has none.
        """
        prepared, places = self.prepared, self.places(split)
        return Scored(
            split=split,
            track_ids=prepared.track_ids[places],
            paths=prepared.paths[places],
            groups=prepared.groups[places],
            targets=prepared.targets[places],
            logits=self.logits(split),
        )


def open_run(folder: Path, *, set_folder: Path | None = None, device: str = "auto") -> Opened:
    """Return a run ready to be judged, on its own set or on another of the same genres.

    Errors are those of `zoneclf.deep.opening.open_run_of`.
    """

    def labels(prepared: PreparedSet) -> tuple[str, ...]:
        return prepared.genres

    found = open_run_of(GENRE, folder, labels, set_folder=set_folder, device=device)
    return Opened(**vars(found))
