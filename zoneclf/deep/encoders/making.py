"""Many files -> their embeddings in a table: what is done is not done again."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from zoneclf.audio.files import absolute, path_text
from zoneclf.audio.sound import WITH_ROWS
from zoneclf.deep.encoders.embedding import Embedded
from zoneclf.deep.encoders.tables import EmbeddingTable, Row
from zoneclf.deep.excerpts import WHOLE, Stretch
from zoneclf.deep.pace import seconds_text
from zoneclf.deep.source_tracks import Wanted


class Maker(Protocol):
    """What makes an embedding of a file, or of a stretch of it."""

    def embed(self, path: Path, stretch: Stretch = WHOLE) -> Embedded:
        """Return the embedding, or why there is none."""
        ...


class Voice(Protocol):
    """How the work tells what it does."""

    def say(self, text: str) -> None:
        """Tell one line."""
        ...

    def progress(self, what: str, done: int, total: int, detail: str = "") -> None:
        """Tell how far it is."""
        ...


@dataclass
class Made:
    """What a run did: tracks by status, how many were there before, and what has no embedding."""

    tracks: int
    before: int
    statuses: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[str, str, str]] = field(default_factory=list)

    def tell(self, path: str, status: str, reason: str) -> None:
        """Count one track."""
        self.statuses[status] += 1
        if status not in WITH_ROWS:
            self.failed.append((path, status, reason))


def make_table(
    table: EmbeddingTable, wanted: Sequence[Wanted], maker: Callable[[], Maker], voice: Voice
) -> Made:
    """Embed what the table does not hold, and join it; `maker` is called if there is any.

    Raises
    ------
    LockedError
        If another process writes the table.
    TableError
        If the table was made otherwise.
    """
    with table.lock():
        rows = table.rows()
        unique = {one.track_id: one for one in reversed(wanted) if one.problem is None}
        todo = [one for one in unique.values() if one.track_id not in rows][::-1]
        if len(unique) > len(todo):
            voice.say(f"{len(unique) - len(todo)} of {len(unique)} tracks are embedded already")
        for one in unique.values():
            if one.track_id in rows and rows[one.track_id].path != path_text(one.path):
                table.stage(Row(one.track_id, path_text(one.path), rows[one.track_id].found))
        fresh = _embed_all(table, todo, maker, voice) if todo else {}
        rows = table.join()
    made = Made(len(wanted), len(unique) - len(todo))
    for one in wanted:
        text = path_text(absolute(one.path))
        row = rows.get(one.track_id)
        found = fresh.get(one.track_id) or (row.found if row is not None else None)
        if found is not None:
            made.tell(text, found.status, found.reason)
        elif one.problem is not None:
            made.tell(text, one.problem.status, one.problem.reason)
    return made


def _embed_all(
    table: EmbeddingTable, todo: Sequence[Wanted], maker: Callable[[], Maker], voice: Voice
) -> dict[str, Embedded]:
    embedder = maker()
    found: dict[str, Embedded] = {}
    began = time.monotonic()
    voice.progress("embed", 0, len(todo))
    for done, one in enumerate(todo, 1):
        found[one.track_id] = embedder.embed(one.path, one.stretch)
        table.stage(Row(one.track_id, path_text(one.path), found[one.track_id]))
        left_s = (time.monotonic() - began) / done * (len(todo) - done)
        voice.progress("embed", done, len(todo), f"{one.path.name}, {seconds_text(left_s)} left")
    return found
