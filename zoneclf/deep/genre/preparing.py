"""A listing of labelled music becomes a prepared set: index, spectrograms, filter, splits.

Tracks whose files are not there, or whose genres are all left out, are not decoded.  What was
done is kept, so that the same call goes on where it was stopped.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from zoneclf.deep.genre.filtering import GenreCounts, count_genres, filter_genres, kept_genres
from zoneclf.deep.genre.prepared import save_prepared, targets_of
from zoneclf.deep.listening import Found, Listener, identify, one_per_sound
from zoneclf.deep.pace import Pace, Voice
from zoneclf.deep.readers.listing import SPLITS, Listing, Problem
from zoneclf.deep.sets.files import (
    known_files,
    locked,
    open_cache,
    remember_files,
    write_problems,
)
from zoneclf.deep.sets.grouping import Group, groups_of
from zoneclf.deep.sets.rows import SKIPPED, Row, columns_of, row_of
from zoneclf.deep.sets.splitting import Shares, draw_splits, given_splits, require_given
from zoneclf.deep.sets.storing import stored_sha256
from zoneclf.deep.sets.track_set import UNUSED
from zoneclf.deep.shards import SpectrogramCache
from zoneclf.deep.spectrograms import SpectrogramSettings
from zoneclf.deep.statistics import statistics_of
from zoneclf.errors import TableError

Splitting = Literal["drawn", "given"]
SPLITTING = ("drawn", "given")


@dataclass(frozen=True, kw_only=True)
class PrepareOptions:
    """How a set is prepared.

    `min_samples` and `max_genres` are those of `filter_genres`; `splits` are drawn by `shares` or
    those that the data set gives; `group` tells which tracks stay together.
    """

    spectrogram: SpectrogramSettings = field(default_factory=SpectrogramSettings)
    min_samples: int = 1
    max_genres: int = 0
    shares: Shares = field(default_factory=Shares)
    splits: Splitting = "drawn"
    group: Group = "artist"
    seed: int = 0
    jobs: int = 0
    time_limit_s: float = 120.0

    def as_json(self) -> dict[str, Any]:
        """Return what decides over genres and splits, as plain values."""
        names = ("min_samples", "max_genres", "splits", "group", "seed")
        shares = dict(zip(SPLITS, self.shares.in_order, strict=True))
        return {**{name: getattr(self, name) for name in names}, "shares": shares}


@dataclass(frozen=True)
class Prepared:
    """What `prepare` did: genre counts before and after the filter, splits, what went wrong.

    `failed` are tracks that cannot be used; `problems` are these and all else that is odd.
    """

    folder: Path
    before: GenreCounts
    after: GenreCounts
    splits: dict[str, int]
    failed: tuple[Problem, ...]
    problems: tuple[Problem, ...]


def prepare(
    listing: Listing, folder: Path, options: PrepareOptions, *, source: str, voice: Voice
) -> Prepared:
    """Write a set to `folder` and return what was done.

    Parameters
    ----------
    listing
        Tracks with genres, as a reader returned them.
    source
        What was read, in words; that of the folder must be the same.

    Raises
    ------
    TableError
        If the folder holds a set of another source or other settings, or no track can be used.
    UsageError
        If no genre is left.
    """
    with locked(folder):
        return _prepare(listing, folder, options, source=source, voice=voice)


def _prepare(
    listing: Listing, folder: Path, options: PrepareOptions, *, source: str, voice: Voice
) -> Prepared:
    cache = open_cache(folder, options.spectrogram, source)
    voice.say(f"{source}: {len(listing.tracks)} tracks listed")
    found, twice = one_per_sound(identify(listing.tracks, known_files(folder)))
    remember_files(folder, found, source)
    if options.splits == "given":  # rather told now than after hours of decoding
        require_given([file.track.split for file in found if file.track_id])
    before = count_genres([file.track.genres for file in found if file.track_id])
    rows = _listen(found, cache, options, voice)
    failed = tuple(row.problem for row in rows if not row.frame_count and row.status != SKIPPED)
    marked = tuple(row.problem for row in rows if row.frame_count and row.status != "ok")
    problems = (*listing.problems, *twice, *failed, *marked)
    write_problems(folder, problems)
    if not any(row.frame_count for row in rows):
        raise TableError(
            f"{source}: none of its {len(rows)} tracks can be used; see {folder / 'problems.csv'}"
        )
    former = stored_sha256(folder)
    after, splits = _write(folder, rows, cache, options, (source, before, len(problems)))
    if former not in ("", stored_sha256(folder)):
        voice.warn(
            f"{folder}: tracks, genres or splits are others than before; what was trained on the "
            "former set must not be judged on this one"
        )
    return Prepared(folder, before, after, splits, failed, problems)


def _kept(rows: Sequence[Sequence[str]], options: PrepareOptions) -> tuple[str, ...]:
    return filter_genres(rows, min_samples=options.min_samples, max_genres=options.max_genres)


def _listen(
    found: Sequence[Found], cache: SpectrogramCache, options: PrepareOptions, voice: Voice
) -> list[Row]:
    """Return a row per track; those whose genres are all left out are not decoded."""
    there = [file for file in found if file.track_id]
    wanted = set(_kept([file.track.genres for file in there], options)) if there else set()
    chosen = [file for file in there if wanted.intersection(file.track.genres)]
    pace = Pace("spectrograms", voice)
    heard = Listener(cache, options.jobs, options.time_limit_s).run(chosen, pace)
    pace.close()
    return [row_of(file, heard, "none of its genres is kept") for file in found]


def _write(
    folder: Path,
    rows: Sequence[Row],
    cache: SpectrogramCache,
    options: PrepareOptions,
    said: tuple[str, GenreCounts, int],
) -> tuple[GenreCounts, dict[str, int]]:
    """Write the set's own files; return genre counts after the filter and sizes of splits."""
    source, before, problem_count = said
    genres = _kept([row.file.track.genres for row in rows if row.frame_count], options)
    kept = kept_genres([row.file.track.genres for row in rows], genres)
    used = [bool(row.frame_count and names) for row, names in zip(rows, kept, strict=True)]
    after = count_genres([names for names, use in zip(kept, used, strict=True) if use])
    groups = groups_of(
        [row.file.track for row in rows], [row.file.track_id for row in rows], options.group
    )
    splits = _split(rows, kept, used, groups, tuple(after.counts), options)
    trained = [row for row, split in zip(rows, splits, strict=True) if split == "train"]
    statistics = statistics_of(
        (cache.read(row.file.track_id) for row in trained),
        sum(row.frame_count for row in trained),
    )
    sizes = {name: splits.count(name) for name in (*SPLITS, UNUSED)}
    card = {
        "source": source,
        "genres": list(after.counts),
        "filter": {"before": before.as_json(), "after": after.as_json()},
        "splits": sizes,
        "problems": problem_count,
        "settings": options.as_json(),
        "spectrogram": options.spectrogram.as_json(),
        "spectrogram_digest": options.spectrogram.digest,
        "statistics": statistics,
    }
    listed = [list(row.file.track.genres) for row in rows]
    save_prepared(folder, {**columns_of(rows, groups, splits), "genres": listed}, card)
    return after, sizes


def _split(
    rows: Sequence[Row],
    kept: Sequence[tuple[str, ...]],
    used: Sequence[bool],
    groups: Sequence[str],
    genres: tuple[str, ...],
    options: PrepareOptions,
) -> list[str]:
    """Return each track's split, `UNUSED` for those without sound or genre."""
    places = np.flatnonzero(used).tolist()
    targets = targets_of([kept[place] for place in places], genres)
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
