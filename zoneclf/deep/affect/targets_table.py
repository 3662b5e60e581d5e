"""A table as ``zoneclf targets`` writes it, for music whose ratings are made up here."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from zoneclf.audio.files import path_text
from zoneclf.deep.affect.affect_set import NAMES
from zoneclf.deep.affect.listing import LEVEL, LISTS, AffectTrack
from zoneclf.store import Origin, TableNote, TableSpec, write_table


def write_targets(tracks: Sequence[AffectTrack], path: Path, *, extractor: str) -> None:
    """Write rated tracks; `extractor` says what made them."""
    numbers = (*NAMES, "arousal_se", "valence_se", "start_s", "end_s")
    columns = {
        "path": [path_text(track.path) for track in tracks],
        "artist": [track.artist for track in tracks],
        **{name: [getattr(track, name) for track in tracks] for name in numbers},
    }
    none: list[float] = []
    for place, name in enumerate(LISTS):
        columns[name] = [
            none
            if track.course is None
            else (track.course[0] if not place else track.course[1][:, place - 1]).tolist()
            for track in tracks
        ]
    spec = TableSpec(
        level=LEVEL, descriptors=extractor, window_s=0.0, hop_s=0.5, rate_hz=0, features=NAMES
    )
    note = TableNote(spec=spec, origins=(Origin(extractor=extractor, extractor_version=1),))
    write_table(pa.table(columns), note, path)
