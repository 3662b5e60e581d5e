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
from zoneclf.writing import write_text

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
    """The tracks that no model learns from, by sound and by path, and the sources they are of.

    A path keeps a track out whose file was replaced since, say by a better encoding of it.
    """

    drawn: str
    seed: int
    share: float
    sources: tuple[str, ...]
    track_ids: tuple[str, ...]
    paths: tuple[str, ...]
    checksum: str
    looks: tuple[Look, ...] = ()
    format: int = FORMAT

    def rows(self, table: LabelledTable) -> npt.NDArray[np.bool_]:
        """Return which rows of a table are held out, shape (tracks,)."""
        about = table.about
        held = about["track_id"].isin(self.track_ids) | about["path"].isin(self.paths)
        return (held & about["source"].isin(self.sources)).to_numpy()

    def learnable(self, table: LabelledTable) -> npt.NDArray[np.bool_]:
        """Return which rows may be learnt from: not held out, nor of a held-out track's group."""
        held = self.rows(table)
        return ~held & ~np.isin(table.group, np.unique(table.group[held]))


def load_or_draw(
    path: Path, table: LabelledTable, own: frozenset[str], settings: EvaluationSettings, seed: int
) -> Holdout:
    """Return the stored holdout, or draw it from the labelled tracks of the sources `own`.

    Raises
    ------
    TableError
        If too few tracks are labelled, or the stored one was drawn from other sources.
    """
    if path.is_file():
        return load_holdout(path, own)
    mine = table.take(np.isin(table.source, list(own)) & (table.codes >= 0))
    count = round(1 / settings.holdout_share)
    _, held_out = next(folds(mine.codes, mine.group, count=count, seed=seed))
    about = mine.about.iloc[held_out].sort_values("track_id")
    sources, track_ids, paths = tuple(sorted(own)), tuple(about["track_id"]), tuple(about["path"])
    holdout = Holdout(
        drawn=_now(),
        seed=seed,
        share=1 / count,
        sources=sources,
        track_ids=track_ids,
        paths=paths,
        checksum=_checksum(sources, track_ids, paths),
    )
    _save(holdout, path)
    return holdout


def load_holdout(path: Path, own: frozenset[str] | None = None) -> Holdout:
    """Read a stored holdout.

    Raises
    ------
    TableError
        If the file is missing, damaged, was edited, or was drawn from other sources than `own`.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        looks = tuple(Look(**look) for look in raw.pop("looks"))
        lists = {name: tuple(map(str, raw[name])) for name in ("sources", "track_ids", "paths")}
        holdout = Holdout(**{**raw, **lists, "looks": looks})
    except FileNotFoundError:
        raise TableError(f"{path}: not there; run zoneclf train, which draws it") from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise TableError(
            f"{path}: is damaged ({error}); restore it, or delete it to draw another"
        ) from error
    found = _checksum(holdout.sources, holdout.track_ids, holdout.paths)
    if holdout.format != FORMAT or holdout.checksum != found:
        raise TableError(
            f"{path}: was edited (its checksum does not fit); restore it, or delete it to draw "
            "another and train again"
        )
    if own is not None and set(holdout.sources) != own:
        raise TableError(
            f"{path}: was drawn from {', '.join(holdout.sources)}, labelled are now tracks of "
            f"{', '.join(sorted(own))}; delete it to draw another and train again"
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


def _checksum(*lists: tuple[str, ...]) -> str:
    return hashlib.sha256(json.dumps(lists).encode()).hexdigest()


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
