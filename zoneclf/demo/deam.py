"""A folder in the layout of the DEAM download, synthesised: annotations, metadata, features.

In: a folder, a seed, and a function that turns sound into rows of features.  Out: the files that
DEAM's users have on disk, with their quirks: padded names, static tables of two widths,
valence and arousal exchanged for ids up to 1000, and features of the whole song where only 45 s
of it were annotated.  Static values are on the scale 1..9, dynamic ones on -1..1, times in
seconds.  There is no audio: DEAM's is a separate download.

Source of the layout: the files themselves (Aljanaki, Yang, Soleymani, PLOS ONE 2017,
doi:10.1371/journal.pone.0173392).
"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from zoneclf.demo.deam_tables import Song, write_annotations, write_metadata
from zoneclf.demo.library import WORKER_COUNT, mood_in
from zoneclf.demo.sound import RATE_HZ, render, style_of
from zoneclf.frames.columns import DEAM_COLUMNS, opensmile_of

RowsOf = Callable[[npt.NDArray[np.float32]], pd.DataFrame]

SEGMENT_S: Final = 45
# Share of zones; the rest is GREEN.
_ZONE_SHARE: Final = {"YELLOW": 0.26, "PURPLE": 0.23}
# Far enough that rows from outside the segment pull a song out of its zone.
_OUTSIDE_AROUSAL: Final = 3.2
# Rendered and cut away at both ends, so that a clip starts in the middle of the music.
_MARGIN_S: Final = 4.0


@dataclass(frozen=True)
class _FeatureJob:
    """What a worker needs to write one song's features."""

    song: Song
    folder: Path
    rows_of: RowsOf


def write_deam(folder: Path, *, seed: int, count: int = 60, rows_of: RowsOf) -> Path:
    """Write `count` songs in DEAM's layout into `folder` and return it.

    `rows_of` gets the sound of a whole song, shape (samples, channels=2), 44 100 Hz, and returns
    one row per frame: `start_s` and any of the 260 features, with ``()`` for ``[]``.  It runs in
    worker processes, so it must be a function of a module.  Features that it does not give are
    written as 0; DEAM's 24 voicing columns, for instance, need openSMILE.

    Raises
    ------
    ValueError
        If `count` is not in 10..500, or `rows_of` returns a column that DEAM does not have.
    """
    songs = plan_songs(seed, count)
    write_annotations(folder / "annotations", songs, seed)
    write_metadata(folder / "metadata", songs, seed)
    features = folder / "features"
    features.mkdir(parents=True, exist_ok=True)
    jobs = map(_FeatureJob, songs, repeat(features), repeat(rows_of))
    with ProcessPoolExecutor(WORKER_COUNT, mp_context=get_context("spawn")) as pool:
        list(pool.map(_write_features, jobs))
    return folder


def plan_songs(seed: int, count: int) -> list[Song]:
    """Return the songs in the order of their ids, with their true arousal and valence."""
    if not 10 <= count <= 500:
        raise ValueError(f"count is {count}; the folder has 10 to 500 songs")
    rng = np.random.default_rng([seed, 0])
    shares = [(zone, round(share * count)) for zone, share in _ZONE_SHARE.items()]
    zones = [zone for zone, number in shares for _ in range(number)]
    zones += ["GREEN"] * (count - len(zones))
    order = rng.permutation(count)
    ids = _song_ids(count, rng)
    return [_song(song_id, zones[place], seed) for song_id, place in zip(ids, order, strict=True)]


def song_sound(song: Song) -> npt.NDArray[np.float32]:
    """Return the whole song, shape (samples, channels=2), 44 100 Hz.

    Only the annotated segment has the song's arousal; what surrounds it is clearly calmer or
    livelier.
    """
    rng = np.random.default_rng(song.seed)
    if song.is_full:
        return render(style_of(song.arousal, song.valence, rng), song.duration_s, rng)
    segment = _excerpt((song.arousal, song.valence), song.end_s - song.start_s, rng)
    if not song.has_surroundings:
        return segment
    step = -_OUTSIDE_AROUSAL if song.arousal > 5 else _OUTSIDE_AROUSAL
    outside = (song.arousal + step, song.valence)
    before = _excerpt(outside, song.start_s, rng)
    after = _excerpt(outside, song.duration_s - song.end_s, rng)
    return np.concatenate([before, segment, after])


def _excerpt(
    mood: tuple[float, float], duration_s: float, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Return sound from the middle of a track, without its first and last seconds."""
    sound = render(style_of(*mood, rng), duration_s + 2 * _MARGIN_S, rng)
    start = round(_MARGIN_S * RATE_HZ)
    return sound[start : start + round(duration_s * RATE_HZ)]


def _song_ids(count: int, rng: np.random.Generator) -> list[int]:
    """Return sorted ids: 60 % are cut songs, 10 % full ones, the others 45 s clips."""
    cut, full = round(0.6 * count), min(58, round(0.1 * count))
    blocks = [(2, 1000, cut), (1001, 2000, count - cut - full), (2001, 2058, full)]
    picked = [
        first + rng.choice(last - first + 1, number, replace=False)
        for first, last, number in blocks
    ]
    return sorted(int(song_id) for song_id in np.concatenate(picked))


def _song(song_id: int, zone: str, seed: int) -> Song:
    rng = np.random.default_rng([seed, song_id, 0])
    arousal, valence = mood_in(zone, rng)
    start_s, duration_s = 0, SEGMENT_S
    if song_id <= 1000:
        duration_s = int(rng.integers(64, 81))
        start_s = int(rng.integers(5, duration_s - SEGMENT_S - 2))
        if song_id % 3 == 0:
            # Whole tens of seconds are the ones whose zero gets lost in the metadata.
            start_s = max(10, start_s // 10 * 10)
    elif song_id > 2000:
        duration_s = int(rng.integers(55, 71))
    return Song(
        song_id=song_id,
        arousal=arousal,
        valence=valence,
        duration_s=duration_s,
        start_s=start_s,
        end_s=duration_s if song_id > 2000 else start_s + SEGMENT_S,
        seed=(seed, song_id, 1),
    )


def _write_features(job: _FeatureJob) -> None:
    """Write one feature file; runs in a worker process."""
    rows = job.rows_of(song_sound(job.song))
    table = rows.drop(columns="start_s").rename(columns=opensmile_of)
    foreign = table.columns.difference(pd.Index(DEAM_COLUMNS))
    if len(foreign):
        raise ValueError(f"rows_of returned {foreign[0]!r}, which is not a feature of DEAM")
    table = table.reindex(columns=list(DEAM_COLUMNS), fill_value=0.0)
    table.insert(0, "frameTime", [f"{start_s:.1f}" for start_s in rows["start_s"]])
    table.to_csv(job.folder / f"{job.song.song_id}.csv", sep=";", index=False, float_format="%.6g")
