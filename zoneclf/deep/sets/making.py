"""What preparing a set does whatever its labels are: listen, tell what went wrong, draw splits."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from zoneclf.deep.listening import Found, Listener
from zoneclf.deep.pace import Pace, Voice
from zoneclf.deep.readers.listing import SPLITS, Listed, Problem
from zoneclf.deep.sets.files import write_problems
from zoneclf.deep.sets.grouping import Group
from zoneclf.deep.sets.rows import SKIPPED, Row, row_of
from zoneclf.deep.sets.splitting import Shares, draw_splits, given_splits
from zoneclf.deep.sets.storing import stored_sha256
from zoneclf.deep.sets.track_set import UNUSED
from zoneclf.deep.shards import SpectrogramCache
from zoneclf.deep.spectrograms import SpectrogramSettings
from zoneclf.deep.statistics import statistics_of
from zoneclf.errors import TableError

Splitting = Literal["drawn", "given"]
SPLITTING = ("drawn", "given")
T = TypeVar("T", bound=Listed)


@dataclass(frozen=True, kw_only=True)
class SetOptions:
    """How a set is prepared.

    `splits` are drawn by `shares` or those that the data set gives; `group` tells which tracks
    stay together.
    """

    spectrogram: SpectrogramSettings = field(default_factory=SpectrogramSettings)
    shares: Shares = field(default_factory=Shares)
    splits: Splitting = "drawn"
    group: Group = "artist"
    seed: int = 0
    jobs: int = 0
    time_limit_s: float = 120.0

    def as_json(self) -> dict[str, Any]:
        """Return what decides over labels and splits, as plain values."""
        shares = dict(zip(SPLITS, self.shares.in_order, strict=True))
        return {"splits": self.splits, "group": self.group, "seed": self.seed, "shares": shares}


@dataclass(frozen=True)
class Heard:
    """A set's tracks after their sound was asked for.

    `failed` are tracks that cannot be used; `problems` are these and all else that is odd.
    """

    rows: list[Row[Any]]
    failed: tuple[Problem, ...]
    problems: tuple[Problem, ...]


def listen(
    found: Sequence[Found[T]],
    chosen: Sequence[Found[T]],
    cache: SpectrogramCache,
    *,
    options: SetOptions,
    voice: Voice,
    why_skipped: str,
) -> list[Row[T]]:
    """Return a row per track; those that are not `chosen` are not decoded."""
    pace = Pace("spectrograms", voice)
    heard = Listener(cache, options.jobs, options.time_limit_s).run(chosen, pace)
    pace.close()
    return [row_of(file, heard, why_skipped) for file in found]


def judged(rows: list[Row[T]], odd: Sequence[Problem], folder: Path, *, source: str) -> Heard:
    """Return the tracks with their problems, `odd` before those of the sound; write problems.csv.

    Raises
    ------
    TableError
        If no track can be used.
    """
    failed = tuple(row.problem for row in rows if not row.frame_count and row.status != SKIPPED)
    marked = tuple(row.problem for row in rows if row.frame_count and row.status != "ok")
    problems = (*odd, *failed, *marked)
    write_problems(folder, problems)
    if not any(row.frame_count for row in rows):
        raise TableError(
            f"{source}: none of its {len(rows)} tracks can be used; see {folder / 'problems.csv'}"
        )
    return Heard(rows, failed, problems)


def split_rows(
    rows: Sequence[Row[Any]],
    used: Sequence[bool],
    targets: npt.NDArray[np.bool_],
    groups: Sequence[str],
    options: SetOptions,
) -> list[str]:
    """Return each track's split, `UNUSED` for those that are not used.

    `targets` are of the used tracks alone, shape (used tracks, labels): what splits are to have
    their shares of.
    """
    places = np.flatnonzero(used).tolist()
    own = [groups[place] for place in places]
    if options.splits == "given":
        given = [rows[place].file.track.split for place in places]
        drawn = given_splits(given, targets, own, options.shares, seed=options.seed)
    else:
        drawn = draw_splits(targets, own, options.shares, seed=options.seed)
    splits = [UNUSED] * len(rows)
    for place, split in zip(places, drawn, strict=True):
        splits[place] = str(split)
    return splits


def sizes_of(splits: Sequence[str]) -> dict[str, int]:
    """Return how many tracks each split has."""
    return {name: splits.count(name) for name in (*SPLITS, UNUSED)}


def card_of(
    rows: Sequence[Row[Any]], splits: Sequence[str], cache: SpectrogramCache, *, options: SetOptions
) -> dict[str, Any]:
    """Return what set.json says of every set: splits, settings, what is trained on."""
    trained = [row for row, split in zip(rows, splits, strict=True) if split == "train"]
    statistics = statistics_of(
        (cache.read(row.file.track_id) for row in trained),
        sum(row.frame_count for row in trained),
    )
    return {
        "splits": sizes_of(splits),
        "settings": options.as_json(),
        "spectrogram": options.spectrogram.as_json(),
        "spectrogram_digest": options.spectrogram.digest,
        "statistics": statistics,
    }


@contextmanager
def telling_changes(folder: Path, voice: Voice) -> Iterator[None]:
    """Warn if a set that was there is another one afterwards."""
    former = stored_sha256(folder)
    yield
    if former not in ("", stored_sha256(folder)):
        voice.warn(
            f"{folder}: tracks, labels or splits are others than before; what was trained on the "
            "former set must not be judged on this one"
        )
