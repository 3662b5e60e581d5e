"""Feature tables as Parquet files that know how they were made.

A file holds one table and a note: the `TableSpec` (what the numbers mean), the `Origin` (what made
them), and further notes.  Two tables join only if their specs are equal.
"""

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from zoneclf import __version__
from zoneclf.errors import TableError
from zoneclf.writing import replacing

# Goes up when an older zoneclf could no longer read a table correctly.
FORMAT = 1
_KEY = "zoneclf"


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
    write_groups([table], note, path)


def write_groups(
    groups: Iterable[pa.Table], note: TableNote, path: Path, *, passing: bool = False
) -> None:
    """Write a table that comes piece by piece, at least one, each a row group of its own.

    A `passing` table, soon to be joined with others, is not compressed: half of the time.

    Errors are those of `write_table`.
    """
    remaining = iter(groups)
    first = next(remaining)
    schema = first.schema
    floats = [field.name for field in schema if pa.types.is_floating(field.type)]
    others = [name for name in schema.names if name not in floats]
    with (
        replacing(path) as partial,
        pq.ParquetWriter(
            partial,
            schema,
            compression="none" if passing else "zstd",
            compression_level=None if passing else 3,
            use_dictionary=others,
            use_byte_stream_split=[] if passing else floats,
            write_statistics=others,
            write_page_checksum=True,
            store_schema=False,
        ) as writer,
    ):
        for group in itertools.chain([first], remaining):
            writer.write_table(group.cast(schema), row_group_size=max(1, group.num_rows))
        text = json.dumps({"format": FORMAT, **dataclasses.asdict(note)})
        writer.add_key_value_metadata({_KEY: text})


def read_note(path: Path) -> TableNote:
    """Read only what a table file says about itself.

    Raises
    ------
    TableError
        If the file is not a feature table, is damaged, or was written by a newer zoneclf.
    """
    return TableFile(path).note


def read_table(path: Path, columns: list[str] | None = None) -> tuple[pa.Table, TableNote]:
    """Read all of a table or some columns; errors are those of `TableFile`."""
    file = TableFile(path)
    return file.read(columns), file.note


class TableFile:
    """A table that may be read row group by row group.

    Raises
    ------
    TableError
        As `read_note`; while rows are read, if they are damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = pq.ParquetFile(path, page_checksum_verification=True)
        except (OSError, pa.ArrowException) as error:
            raise TableError(
                f"{path}: cannot be read as Parquet ({error}); delete it and extract again"
            ) from error
        # The file's Arrow schema: its metadata's own one refers back to it, and 64 footers that
        # wait for the cycle collector are 50 MB.
        self.note = _note_in(self._file.metadata.metadata, self._file.schema_arrow.names, path)

    @property
    def group_sizes(self) -> list[int]:
        """Rows in each row group."""
        whole = self._file.metadata
        return [whole.row_group(group).num_rows for group in range(whole.num_row_groups)]

    def read(self, columns: list[str] | None = None) -> pa.Table:
        """Return all rows, all columns or some."""
        return self._checked(lambda: self._file.read(columns))

    def read_group(self, group: int) -> pa.Table:
        """Return the rows of one row group."""
        return self._checked(lambda: self._file.read_row_group(group, use_threads=False))

    def groups(self) -> Iterator[pa.Table]:
        """Yield the rows of every row group; one without rows if there is none."""
        for group in range(self._file.num_row_groups):
            yield self.read_group(group)
        if not self._file.num_row_groups:
            yield self._file.schema_arrow.empty_table()

    def _checked(self, read: Callable[[], pa.Table]) -> pa.Table:
        try:
            return read()
        except (OSError, pa.ArrowException) as error:
            message = f"{self._path}: its rows are damaged ({error}); extract again"
            raise TableError(message) from error


def _note_in(raw: dict[bytes, bytes] | None, there: list[str], path: Path) -> TableNote:
    text = (raw or {}).get(_KEY.encode())
    if text is None:
        raise TableError(f"{path}: not a zoneclf feature table; write it with `zoneclf extract`")
    note = _note_of(text, path)
    known = set(there)
    missing = [name for name in note.spec.features if name not in known]
    if missing:
        raise TableError(f"{path}: column {missing[0]!r} is announced but not there")
    return note


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
