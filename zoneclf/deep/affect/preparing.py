"""Rated tracks become a set: their rated stretches heard, and splits alike in both ratings.

Splits are drawn as those of genres are, the plane of ratings being divided into parts of equal
size, which take the place of genres: each split has its share of every part, and a group is in one
split only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zoneclf.deep.affect.affect_set import NAMES, save_affect
from zoneclf.deep.affect.listing import RATINGS_KEPT, AffectTrack, Ratings, join_ratings
from zoneclf.deep.affect.stretches import cut_to
from zoneclf.deep.listening import identify, one_per_sound
from zoneclf.deep.pace import Voice
from zoneclf.deep.readers.listing import SPLITS, Problem
from zoneclf.deep.sets.files import known_files, locked, open_cache, remember_files
from zoneclf.deep.sets.grouping import groups_of
from zoneclf.deep.sets.making import (
    SetOptions,
    card_of,
    judged,
    listen,
    sizes_of,
    split_rows,
    telling_changes,
)
from zoneclf.deep.sets.rows import Row, columns_of
from zoneclf.deep.sets.splitting import require_given
from zoneclf.deep.shards import SpectrogramCache

# Parts along each side of the plane, at most, and tracks in one part, about, at the least.
MOST_PARTS, LEAST_IN_PART = 4, 12


@dataclass(frozen=True)
class Prepared:
    """What `prepare` did: sizes and ratings of the splits, what went wrong.

    `ratings` holds, by split, tracks and each rating's mean and standard deviation; `courses`
    counts tracks whose ratings have a course; `failed` are tracks that cannot be used, `problems`
    these and all else that is odd.
    """

    folder: Path
    splits: dict[str, int]
    ratings: dict[str, dict[str, float]]
    courses: int
    licence: str
    failed: tuple[Problem, ...]
    problems: tuple[Problem, ...]


def prepare(
    ratings: Ratings, folder: Path, options: SetOptions, *, source: str, voice: Voice
) -> Prepared:
    """Write a set to `folder` and return what was done.

    Parameters
    ----------
    source
        What was read, in words; that of the folder must be the same.

    Raises
    ------
    TableError
        If the folder holds a set of another source or other settings, or no track can be used.
    """
    with locked(folder):
        return _prepare(ratings, folder, options, source=source, voice=voice)


def _prepare(
    ratings: Ratings, folder: Path, options: SetOptions, *, source: str, voice: Voice
) -> Prepared:
    listing = ratings.listing
    cache = open_cache(folder, options.spectrogram, source)
    voice.say(f"{source}: {len(listing.tracks)} tracks listed")
    tracks = [cut_to(track, options.spectrogram.excerpt_s) for track in listing.tracks]
    found, twice = one_per_sound(identify(tracks, known_files(folder)), join_ratings, RATINGS_KEPT)
    remember_files(folder, found, source)
    there = [file for file in found if file.track_id]
    if options.splits == "given":  # rather told now than after hours of decoding
        require_given([file.track.split for file in there])
    rows = listen(found, there, cache, options=options, voice=voice, why_skipped="not there")
    heard = judged(rows, (*listing.problems, *twice), folder, source=source)
    said = {"source": source, "problems": len(heard.problems), "licence": ratings.licence}
    with telling_changes(folder, voice):
        card = _write(folder, rows, cache, options=options, said={**said, "notes": ratings.notes})
    return Prepared(
        folder,
        card["splits"],
        card["ratings"],
        card["courses"],
        ratings.licence,
        heard.failed,
        heard.problems,
    )


def _write(
    folder: Path,
    rows: Sequence[Row[AffectTrack]],
    cache: SpectrogramCache,
    *,
    options: SetOptions,
    said: Mapping[str, Any],
) -> dict[str, Any]:
    """Write the set's own files; return what set.json says."""
    tracks = [row.file.track for row in rows]
    groups = groups_of(tracks, [row.file.track_id for row in rows], options.group)
    targets = np.array([[getattr(track, name) for name in NAMES] for track in tracks])
    used = np.array([row.frame_count > 0 for row in rows])
    splits = split_rows(rows, used.tolist(), parts_of(targets[used]), groups, options)
    courses = {
        row.file.track_id: row.file.track.course
        for row in rows
        if row.file.track.course is not None and row.frame_count
    }
    card = {
        **said,
        **card_of(rows, splits, cache, options=options),
        "splits": sizes_of(splits),
        "ratings": ratings_of(targets, splits),
        "courses": len(courses),
    }
    numbers = (*NAMES, "arousal_se", "valence_se", "start_s", "end_s")
    own = {name: [getattr(track, name) for track in tracks] for name in numbers}
    save_affect(folder, {**columns_of(rows, groups, splits), **own}, card, courses)
    return card


def parts_of(targets: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    """Return in which part of the plane of ratings tracks are, shape (tracks, parts).

    Parameters
    ----------
    targets
        Shape (tracks, 2).

    Returns
    -------
    Tracks in order of arousal make so many equal parts, and each of them as many in order of
    valence: 2 to `MOST_PARTS`, the more the more tracks there are.
    """
    count = int(np.clip(np.sqrt(len(targets) / LEAST_IN_PART), 2, MOST_PARTS))
    parts = np.empty(len(targets), dtype=np.int64)
    rows = _equal_parts(targets[:, 0], count)
    for row in range(count):
        own = rows == row
        parts[own] = row * count + _equal_parts(targets[own, 1], count)
    found = parts[:, np.newaxis] == np.arange(count**2)
    return np.asarray(found[:, found.any(axis=0)])


def _equal_parts(values: npt.NDArray[np.floating], count: int) -> npt.NDArray[np.int64]:
    """Return which of so many parts, equal in number, each value is in by its rank."""
    ranks = np.argsort(np.argsort(values, kind="stable"))
    return np.asarray(ranks * count // max(1, len(values)), dtype=np.int64)


def ratings_of(
    targets: npt.NDArray[np.floating], splits: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Return tracks, means and standard deviations of each split that has tracks."""
    told: dict[str, dict[str, float]] = {}
    for split in SPLITS:
        own = targets[np.array(splits) == split]
        if len(own):
            told[split] = {"tracks": len(own)}
            for name, values in zip(NAMES, own.T, strict=True):
                told[split][f"{name}_mean"] = float(values.mean())
                told[split][f"{name}_sd"] = float(values.std())
    return told
