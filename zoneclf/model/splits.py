"""Folds and the holdout: what a model may learn from and what it is judged on.

Groups (artists, copies) are never on both sides.  The holdout is a share of the user's labelled
tracks, drawn once and stored by track id with a checksum; every look at it is counted and dated.
"""

import datetime
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import StratifiedGroupKFold

from zoneclf.errors import TableError
from zoneclf.labels.table import LabelledTable
from zoneclf.settings import EvaluationSettings
from zoneclf.store import write_text

Rows = npt.NDArray[np.intp]
FORMAT = 1


def folds(
    codes: npt.NDArray[np.int64], groups: npt.NDArray[np.str_], *, count: int, seed: int
) -> Iterator[tuple[Rows, Rows]]:
    """Yield `count` pairs of row numbers, training and held out, stratified by zone.

    Raises
    ------
    TableError
        If there are fewer groups than folds, or a zone has fewer tracks than folds.
    """
    group_count = np.unique(groups).size
    if group_count < count:
        raise TableError(
            f"{group_count} groups (artists) cannot be split into {count} folds; label tracks of "
            "more artists"
        )
    fewest = np.unique(codes, return_counts=True)[1].min()
    if fewest < count:
        raise TableError(
            f"a zone has only {fewest} labelled tracks, {count} folds need {count}; label more"
        )
    splitter = StratifiedGroupKFold(n_splits=count, shuffle=True, random_state=seed)
    for train, held_out in splitter.split(np.zeros(codes.size), codes, groups):
        yield np.asarray(train, dtype=np.intp), np.asarray(held_out, dtype=np.intp)


@dataclass(frozen=True)
class Look:
    """One evaluation on the holdout."""

    when: str
    model: str


@dataclass(frozen=True, kw_only=True)
class Holdout:
    """The tracks that no model learns from."""

    drawn: str
    seed: int
    share: float
    track_ids: tuple[str, ...]
    checksum: str
    looks: tuple[Look, ...] = ()
    format: int = FORMAT

    def rows(self, table: LabelledTable) -> npt.NDArray[np.bool_]:
        """Return which rows of a table are held out, shape (tracks,)."""
        return table.about["track_id"].isin(self.track_ids).to_numpy()


def load_or_draw(
    path: Path, table: LabelledTable, own: frozenset[str], settings: EvaluationSettings, seed: int
) -> Holdout:
    """Return the stored holdout, or draw it from the labelled tracks of the sources `own`."""
    if path.is_file():
        return load_holdout(path)
    mine = table.take(np.isin(table.source, list(own)) & (table.codes >= 0))
    count = round(1 / settings.holdout_share)
    _, held_out = next(folds(mine.codes, mine.group, count=count, seed=seed))
    track_ids = tuple(sorted(mine.about["track_id"].to_numpy()[held_out]))
    holdout = Holdout(
        drawn=_now(),
        seed=seed,
        share=settings.holdout_share,
        track_ids=track_ids,
        checksum=_checksum(track_ids),
    )
    _save(holdout, path)
    return holdout


def load_holdout(path: Path) -> Holdout:
    """Read a stored holdout.

    Raises
    ------
    TableError
        If the file is missing, damaged, or was edited.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        looks = tuple(Look(**look) for look in raw.pop("looks"))
        track_ids = tuple(map(str, raw["track_ids"]))
        holdout = Holdout(**{**raw, "track_ids": track_ids, "looks": looks})
    except FileNotFoundError:
        raise TableError(f"{path}: not there; run zoneclf train, which draws it") from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise TableError(
            f"{path}: is damaged ({error}); restore it, or delete it to draw another"
        ) from error
    if holdout.format != FORMAT or holdout.checksum != _checksum(holdout.track_ids):
        raise TableError(
            f"{path}: was edited (its checksum does not fit); restore it, or delete it to draw "
            "another and train again"
        )
    return holdout


def record_look(path: Path, model: str) -> int:
    """Add a look at the holdout and return how many there have been."""
    holdout = load_holdout(path)
    looks = (*holdout.looks, Look(_now(), model))
    _save(Holdout(**{**vars(holdout), "looks": looks}), path)
    return len(looks)


def _save(holdout: Holdout, path: Path) -> None:
    write_text(json.dumps(asdict(holdout), indent=2) + "\n", path)


def _checksum(track_ids: tuple[str, ...]) -> str:
    return hashlib.sha256("\n".join(track_ids).encode()).hexdigest()


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
