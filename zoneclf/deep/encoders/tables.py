"""Embeddings on disk: a table per source or set, and what a run that was stopped had done.

The table is a feature table of `zoneclf.store`: track_id, path, status, reason, duration_s, then
features, which are null where there is no sound.  Its spec names checkpoint, revision, layer and
pooling, so that embeddings made otherwise are never mixed.  While a run goes on, every track is a
file of its own in a hidden folder beside the table, written whole; a later run takes them up.
"""

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from filelock import FileLock, Timeout

from zoneclf.audio.sound import WORTH_RETRYING
from zoneclf.deep.encoders import VERSION
from zoneclf.deep.encoders.config import EncoderConfig, Preprocessor
from zoneclf.deep.encoders.embedding import Embedded, EmbeddingSettings
from zoneclf.deep.encoders.snapshots import Snapshot, licence_of
from zoneclf.deep.encoders.weights import weights_file
from zoneclf.errors import LockedError, TableError
from zoneclf.store import Origin, TableNote, TableSpec, read_table, write_table
from zoneclf.writing import make_folder, replacing

ABOUT = ("track_id", "path", "status", "reason", "duration_s")
_STATISTICS = {"mean": ("mean",), "mean-std": ("mean", "std")}


@dataclass(frozen=True)
class Row:
    """One track of a table."""

    track_id: str
    path: str
    found: Embedded


def note_of(
    snapshot: Snapshot,
    config: EncoderConfig,
    preprocessor: Preprocessor,
    settings: EmbeddingSettings,
    *,
    foreign: bool,
) -> TableNote:
    """Return what a table says of itself; `foreign`: made by the code beside the weights."""
    kind = config.kind.name
    by = f"{kind}-remote" if foreign else kind
    made = f"{by}/{snapshot.name}@{snapshot.revision}/layer{settings.layer}/{settings.pooling}"
    features = tuple(
        f"{kind}_{number:04}_{statistic}"
        for statistic in _STATISTICS[settings.pooling]
        for number in range(config.hidden_size)
    )
    spec = TableSpec(
        level="tracks",
        descriptors=made,
        window_s=settings.chunk_s,
        hop_s=settings.chunk_s,
        rate_hz=preprocessor.rate_hz,
        features=features,
        parameters=(
            (f"{kind}_.chunk_s", settings.chunk_s),
            (f"{kind}_.rate_hz", float(preprocessor.rate_hz)),
        ),
    )
    origin = Origin(extractor=kind, extractor_version=VERSION, licence=licence_of(snapshot))
    notes = _notes(snapshot, settings, foreign=foreign)
    return TableNote(spec=spec, origins=(origin,), notes=notes)


def _notes(snapshot: Snapshot, settings: EmbeddingSettings, *, foreign: bool) -> dict[str, Any]:
    return {
        "model": snapshot.name,
        "revision": snapshot.revision,
        "weights_sha256": snapshot.weights_sha256,
        "weights_bytes": weights_file(snapshot.folder).stat().st_size,
        "layer": str(settings.layer),
        "pooling": settings.pooling,
        "chunk_s": settings.chunk_s,
        "foreign_code": foreign,
    }


class EmbeddingTable:
    """The table at `path`, made as `note` says; `force` does away with one made otherwise."""

    def __init__(self, path: Path, note: TableNote, *, force: bool = False) -> None:
        self.path, self.note = path, note
        self._parts = path.with_name(f".{path.stem}-{note.spec.digest}.parts")
        self._force = force

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep a second writer out; the kernel frees the lock if we die.

        Raises
        ------
        LockedError
            If another process holds it.
        """
        make_folder(self.path.parent)
        lock = FileLock(self.path.with_name(f".{self.path.name}.lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise LockedError(
                f"{self.path}: locked by another zoneclf; wait for it to end"
            ) from None
        try:
            yield
        finally:
            lock.release()

    def rows(self) -> dict[str, Row]:
        """Return what is done, by track id: the table's rows and those of a run that was stopped.

        Raises
        ------
        TableError
            If the table holds embeddings made otherwise, and `force` was not given.
        """
        return {**self._stored(), **dict(self._staged())}

    def stage(self, row: Row) -> None:
        """Keep one track; one whose status a later run may cure is not kept."""
        if row.found.status in WORTH_RETRYING:
            return
        vector = row.found.vector
        about = [row.track_id, row.path, row.found.status, row.found.reason, row.found.duration_s]
        text = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
        none = np.empty(0, np.float32)
        make_folder(self._parts)
        with (
            replacing(self._parts / f"{row.track_id}.npz") as partial,
            partial.open("wb") as stream,
        ):
            np.savez(stream, about=text, vector=none if vector is None else vector)

    def join(self) -> dict[str, Row]:
        """Write everything into the table, do away with the parts, and return the rows."""
        rows = dict(sorted(self.rows().items(), key=lambda one: (one[1].path, one[0])))
        if rows:
            write_table(self._as_arrow(list(rows.values())), self.note, self.path)
        shutil.rmtree(self._parts, ignore_errors=True)
        return rows

    def _as_arrow(self, rows: list[Row]) -> pa.Table:
        count = len(self.note.spec.features)
        blank = np.full(count, np.nan, np.float32)
        values = np.stack([blank if r.found.vector is None else r.found.vector for r in rows])
        about = [
            (r.track_id, r.path, r.found.status, r.found.reason, r.found.duration_s) for r in rows
        ]
        columns = [pa.array(column) for column in zip(*about, strict=True)]
        columns += [pa.array(column, from_pandas=True) for column in np.ascontiguousarray(values.T)]
        return pa.table(columns, names=[*ABOUT, *self.note.spec.features])

    def _stored(self) -> dict[str, Row]:
        if not self.path.is_file():
            return {}
        table, note = read_table(self.path)
        apart = note.spec.difference(self.note.spec) or _changed(note.notes, self.note.notes)
        if apart and not self._force:
            raise TableError(
                f"{self.path}: was made otherwise ({apart}); ask for the same, name another "
                "--source, or make it anew with --force"
            )
        if apart:
            return {}
        values = np.stack([table[name].to_numpy() for name in note.spec.features], axis=1)
        return {
            about["track_id"]: Row(
                about["track_id"],
                about["path"],
                Embedded(
                    about["status"],
                    about["reason"],
                    about["duration_s"],
                    None if np.isnan(vector).all() else vector.astype(np.float32),
                ),
            )
            for about, vector in zip(table.select(list(ABOUT)).to_pylist(), values, strict=True)
        }

    def _staged(self) -> Iterator[tuple[str, Row]]:
        for path in sorted(self._parts.glob("*.npz")):
            try:
                with np.load(path, allow_pickle=False) as held:
                    track_id, place, status, reason, length_s = json.loads(held["about"].tobytes())
                    vector = held["vector"] if held["vector"].size else None
                    yield track_id, Row(track_id, place, Embedded(status, reason, length_s, vector))
            except (OSError, ValueError, LookupError, EOFError):
                path.unlink()  # made anew


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Return in words whether weights have changed under the same revision."""
    ours, theirs = str(new["weights_sha256"]), str(old.get("weights_sha256"))
    if ours == theirs:
        return ""
    return f"weights with SHA-256 {theirs[:12]}... against {ours[:12]}... of the same revision"
