"""Feature tables as Parquet files that know how they were made.

A file holds one table and a note in its Parquet metadata: the `TableSpec` (what the numbers
mean), the `Origin` (what made them), and further notes.  Two tables join only if their specs are
equal.  Writing is whole or not at all: temporary name, fsync, rename.
"""

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from zoneclf import __version__
from zoneclf.errors import OutputError, TableError

# Goes up when an older zoneclf could no longer read a table correctly.
FORMAT = 1
_KEY = b"zoneclf"


@dataclass(frozen=True, kw_only=True)
class TableSpec:
    """What the numbers of a feature table mean.

    `descriptors` names the definition of the columns and its version; extractors that reproduce
    the same definition share it.  `parameters` are settings that change a feature: the part of
    the name before the dot is the prefix of the features concerned.
    """

    level: str
    descriptors: str
    window_s: float
    hop_s: float
    rate_hz: int
    features: tuple[str, ...]
    parameters: tuple[tuple[str, float], ...] = ()

    def select(self, features: Iterable[str]) -> "TableSpec":
        """Return the spec of these columns alone.

        Raises
        ------
        TableError
            If a column is not among `features`.
        """
        chosen = tuple(features)
        missing = sorted(set(chosen) - set(self.features))
        if missing:
            raise TableError(f"{len(missing)} features are missing, first {missing[0]!r}")
        kept = tuple(
            (name, value)
            for name, value in self.parameters
            if any(feature.startswith(name.split(".")[0]) for feature in chosen)
        )
        return dataclasses.replace(self, features=chosen, parameters=kept)

    def difference(self, other: "TableSpec") -> str:
        """Return in words where two specs differ; empty if they are equal."""
        words = []
        for name in ("level", "descriptors", "window_s", "hop_s", "rate_hz", "parameters"):
            ours, theirs = getattr(self, name), getattr(other, name)
            if ours != theirs:
                words.append(f"{name} {ours} against {theirs}")
        if self.features != other.features:
            apart = sorted(set(self.features) ^ set(other.features))
            words.append(f"{len(apart)} columns, first {apart[0]}" if apart else "column order")
        return "; ".join(words)

    @property
    def digest(self) -> str:
        """The spec's hash, 12 hexadecimal digits."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What made a table.  `licence` is empty or ``non-commercial``."""

    extractor: str
    extractor_version: int
    licence: str = ""
    tool_version: str = __version__


@dataclass(frozen=True, kw_only=True)
class TableNote:
    """Everything a table file says about itself."""

    spec: TableSpec
    origins: tuple[Origin, ...]
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def licence(self) -> str:
        """``non-commercial`` if any part of the table is."""
        return max(origin.licence for origin in self.origins)


def write_table(table: pa.Table, note: TableNote, path: Path) -> None:
    """Write `table` and `note` to `path`, whole or not at all.

    Raises
    ------
    OutputError
        If the folder or file cannot be written; no partial file is left.
    """
    text = json.dumps({"format": FORMAT, **dataclasses.asdict(note)})
    labelled = table.replace_schema_metadata({**(table.schema.metadata or {}), _KEY: text.encode()})
    floats = [f.name for f in table.schema if pa.types.is_floating(f.type)]
    with replacing(path) as partial:
        pq.write_table(
            labelled,
            partial,
            compression="zstd",
            compression_level=3,
            use_dictionary=[name for name in table.column_names if name not in floats],
            use_byte_stream_split=floats,
        )


class replacing:  # noqa: N801  (used like a function)
    """Context: a temporary path beside `path` that takes its place if all goes well.

    Raises
    ------
    OutputError
        If the folder or file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.partial = path.with_name(f".{path.name}.{os.getpid()}.part")

    def __enter__(self) -> Path:
        make_folder(self.path.parent)
        return self.partial

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            if error is None:
                with self.partial.open("rb+") as written:
                    os.fsync(written.fileno())
                self.partial.replace(self.path)
        except OSError as failure:
            error = failure
        finally:
            self.partial.unlink(missing_ok=True)
        if isinstance(error, OSError):
            reason = error.strerror or error
            raise OutputError(
                f"{self.path}: cannot be written ({reason}); check space and permissions"
            ) from error


def make_folder(folder: Path) -> None:
    """Make `folder` and its parents.

    Raises
    ------
    OutputError
        If that is not possible.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made ({error.strerror}); check the path") from error


def write_text(text: str, path: Path) -> None:
    """Write UTF-8 text to `path`, whole or not at all."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def read_note(path: Path) -> TableNote:
    """Read only what a table file says about itself.

    Raises
    ------
    TableError
        If the file is not a feature table, is damaged, or was written by a newer zoneclf.
    """
    try:
        schema = pq.read_schema(path)
    except (OSError, pa.ArrowException) as error:
        raise TableError(
            f"{path}: cannot be read as Parquet ({error}); delete it and extract again"
        ) from error
    text = (schema.metadata or {}).get(_KEY)
    if text is None:
        raise TableError(f"{path}: not a zoneclf feature table; write it with `zoneclf extract`")
    note = _note_of(text, path)
    missing = [name for name in note.spec.features if name not in schema.names]
    if missing:
        raise TableError(f"{path}: column {missing[0]!r} is announced but not there")
    return note


def read_table(path: Path, columns: list[str] | None = None) -> tuple[pa.Table, TableNote]:
    """Read a table written by `write_table`, all of it or some columns.

    Raises
    ------
    TableError
        As `read_note`, or if the rows are damaged.
    """
    note = read_note(path)
    try:
        return pq.read_table(path, columns=columns, partitioning=None), note
    except (OSError, pa.ArrowException) as error:
        raise TableError(f"{path}: its rows are damaged ({error}); extract again") from error


def _note_of(text: bytes, path: Path) -> TableNote:
    try:
        raw = json.loads(text)
        found = raw["format"]
        if found != FORMAT:
            raise TableError(
                f"{path}: table format {found}, this zoneclf reads {FORMAT}; upgrade it"
            )
        origins = tuple(Origin(**origin) for origin in raw["origins"])
        if not origins:
            raise ValueError("it names no origin")
        return TableNote(spec=spec_from(raw["spec"]), origins=origins, notes=raw["notes"])
    except (ValueError, TypeError, KeyError) as error:
        raise TableError(f"{path}: its zoneclf note is damaged ({error})") from error


def spec_from(raw: dict[str, Any]) -> TableSpec:
    """Return the spec that `dataclasses.asdict` turned into plain values."""
    pairs = tuple((str(name), float(value)) for name, value in raw["parameters"])
    return TableSpec(**{**raw, "features": tuple(raw["features"]), "parameters": pairs})
