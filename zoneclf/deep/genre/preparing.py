"""A listing of labelled music becomes a prepared set: index, spectrograms, filter, splits.

Tracks whose files are not there, or whose genres are all left out, are not decoded.  What was
done is kept, so that the same call goes on where it was stopped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoneclf.deep.genre.filtering import GenreCounts, count_genres, filter_genres, kept_genres
from zoneclf.deep.genre.prepared import save_prepared, targets_of
from zoneclf.deep.listening import identify, one_per_sound
from zoneclf.deep.pace import Voice
from zoneclf.deep.readers.listing import (
    GENRES_JOINED,
    GenreTrack,
    Listing,
    Problem,
    join_genres,
)
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


@dataclass(frozen=True, kw_only=True)
class PrepareOptions(SetOptions):
    """How a set is prepared; `min_samples` and `max_genres` are those of `filter_genres`.

    `single`: that tracks left with several genres, as one sound listed twice, are not used.
    """

    min_samples: int = 1
    max_genres: int = 0
    single: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return what decides over genres and splits, as plain values."""
        own = {"min_samples": self.min_samples, "max_genres": self.max_genres}
        own |= {"single": True} if self.single else {}
        return {**own, **super().as_json()}


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
    listing: Listing[GenreTrack],
    folder: Path,
    options: PrepareOptions,
    *,
    source: str,
    voice: Voice,
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
    listing: Listing[GenreTrack],
    folder: Path,
    options: PrepareOptions,
    *,
    source: str,
    voice: Voice,
) -> Prepared:
    cache = open_cache(folder, options.spectrogram, source)
    voice.say(f"{source}: {len(listing.tracks)} tracks listed")
    looked = identify(listing.tracks, known_files(folder))
    found, twice = one_per_sound(looked, join_genres, GENRES_JOINED)
    remember_files(folder, found, source)
    if options.splits == "given":  # rather told now than after hours of decoding
        require_given([file.track.split for file in found if file.track_id])
    there = [file for file in found if file.track_id]
    before = count_genres([file.track.genres for file in there])
    wanted = set(_kept([file.track.genres for file in there], options)) if there else set()
    rows = listen(
        found,
        [file for file in there if wanted.intersection(file.track.genres)],
        cache,
        options=options,
        voice=voice,
        why_skipped="none of its genres is kept",
    )
    heard = judged(rows, (*listing.problems, *twice), folder, source=source)
    said = {"source": source, "problems": len(heard.problems)}
    with telling_changes(folder, voice):
        after, splits = _write(folder, rows, cache, options=options, before=before, said=said)
    return Prepared(folder, before, after, splits, heard.failed, heard.problems)


def _kept(rows: Sequence[Sequence[str]], options: PrepareOptions) -> tuple[str, ...]:
    return filter_genres(rows, min_samples=options.min_samples, max_genres=options.max_genres)


def _write(
    folder: Path,
    rows: Sequence[Row[GenreTrack]],
    cache: SpectrogramCache,
    *,
    options: PrepareOptions,
    before: GenreCounts,
    said: Mapping[str, Any],
) -> tuple[GenreCounts, dict[str, int]]:
    """Write the set's own files; return genre counts after the filter and sizes of splits."""
    genres = _kept([row.file.track.genres for row in rows if row.frame_count], options)
    kept = kept_genres([row.file.track.genres for row in rows], genres)
    most = 1 if options.single else len(genres)
    counts = [len(names) if row.frame_count else 0 for row, names in zip(rows, kept, strict=True)]
    used = [1 <= count <= most for count in counts]
    after = count_genres([names for names, use in zip(kept, used, strict=True) if use])
    groups = groups_of(
        [row.file.track for row in rows], [row.file.track_id for row in rows], options.group
    )
    own = [names for names, use in zip(kept, used, strict=True) if use]
    splits = split_rows(rows, used, targets_of(own, tuple(after.counts)), groups, options)
    card = {
        **said,
        "genres": list(after.counts),
        "filter": {"before": before.as_json(), "after": after.as_json()},
        **card_of(rows, splits, cache, options=options),
    }
    listed = [list(row.file.track.genres) for row in rows]
    save_prepared(folder, {**columns_of(rows, groups, splits), "genres": listed}, card)
    return after, sizes_of(splits)
