"""set.json and tracks.parquet of a set: written together, and refused where they do not fit.

set.json                   kind, labels in order, settings, statistics, hash
tracks.parquet             a row per track: `TEXTS`, frame_count, and the columns of the kind
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zoneclf.deep.spectrograms import settings_from
from zoneclf.errors import SettingsError, TableError
from zoneclf.writing import replacing, write_text

SCHEMA_VERSION = 1
TEXTS = ("track_id", "path", "artist", "album", "group", "split", "status", "reason")
CARD, TRACKS = "set.json", "tracks.parquet"
# Sets of the first kind were written before there were others, and say nothing.
FIRST_KIND = "genre"
# All columns that every set is learnt from, the kind's own stand after the group.
_DIGESTED = ("track_id", "group", "split", "status")


@dataclass(frozen=True)
class SetKind:
    """How sets of one kind are stored.

    Attributes
    ----------
    name
        Of the kind, and of its commands: ``zoneclf deep NAME prepare`` makes one.
    labels
        The key of set.json that names what is learnt, in order.
    columns
        Of tracks.parquet beside those of all sets, with their types.
    """

    name: str
    labels: str
    columns: Mapping[str, pa.DataType]

    @property
    def command(self) -> str:
        """What makes such a set."""
        return f"`zoneclf deep {self.name} prepare`"

    @property
    def schema(self) -> pa.Schema:
        """All columns of tracks.parquet."""
        texts = [(name, pa.string()) for name in TEXTS]
        return pa.schema([*texts, *self.columns.items(), ("frame_count", pa.int32())])

    def save(
        self,
        folder: Path,
        rows: Mapping[str, Sequence[Any]],
        card: Mapping[str, Any],
        *,
        beside: str = "",
    ) -> None:
        """Write tracks.parquet, then set.json, each whole or not at all.

        Parameters
        ----------
        rows
            The columns of tracks.parquet.
        card
            Holds at least the labels and ``spectrogram`` (`SpectrogramSettings.as_json`).
        beside
            Hash of what else a set of this kind is learnt from.
        """
        schema = self.schema
        table = pa.table({name: rows[name] for name in schema.names}, schema=schema)
        with replacing(folder / TRACKS) as partial:
            pq.write_table(table, partial, compression="zstd")
        whole = {"schema_version": SCHEMA_VERSION, **card}
        if self.name != FIRST_KIND:
            whole["kind"] = self.name
        whole["sha256"] = self._digest(table, whole, beside)
        write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", folder / CARD)

    def load(
        self, folder: Path, *, beside: str = ""
    ) -> tuple[dict[str, Any], pa.Table, tuple[str, ...]]:
        """Return the fields of a `TrackSet`, the table, and the labels in order.

        Raises
        ------
        TableError
            If there is none, it is damaged, was changed by hand, is of another kind, or was
            written by a newer zoneclf.
        """
        card = self._read_card(folder / CARD)
        table = self._read_tracks(folder / TRACKS)
        try:
            settings = settings_from(card["spectrogram"])
            labels = tuple(str(label) for label in card[self.labels])
            statistics = dict(card.get("statistics", {}))
            same = card["sha256"] == self._digest(table, card, beside)
        except (KeyError, TypeError, ValueError, SettingsError) as error:
            raise TableError(
                f"{folder / CARD}: is damaged ({error}); run {self.command} again"
            ) from error
        if not same:
            raise TableError(
                f"{folder}: {CARD} and {TRACKS} do not belong together; run {self.command} again"
            )
        text = {name: np.array(table[name].to_pylist(), dtype=np.str_) for name in TEXTS}
        fields = {
            "folder": folder,
            "track_ids": text["track_id"],
            "paths": text["path"],
            "groups": text["group"],
            "splits": text["split"],
            "statuses": text["status"],
            "frame_counts": table["frame_count"].to_numpy().astype(np.int64),
            "spectrogram_settings": settings,
            "statistics": statistics,
            "card": card,
        }
        return fields, table, labels

    def _read_card(self, path: Path) -> dict[str, Any]:
        try:
            card = json.loads(path.read_text(encoding="utf-8"))
            version, kind = card["schema_version"], card.get("kind", FIRST_KIND)
        except FileNotFoundError as error:
            raise TableError(
                f"{path.parent}: holds no prepared set; run {self.command} first"
            ) from error
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise TableError(
                f"{path}: cannot be read ({error}); run {self.command} again"
            ) from error
        if version != SCHEMA_VERSION:
            raise TableError(
                f"{path}: schema {version}, this zoneclf reads {SCHEMA_VERSION}; "
                f"run {self.command} again"
            )
        if kind != self.name:
            raise TableError(
                f"{path.parent}: is a set of the kind {kind!r}, not {self.name}; name another "
                f"folder, or make one by {self.command}"
            )
        return dict(card)

    def _read_tracks(self, path: Path) -> pa.Table:
        try:
            return pq.read_table(path, columns=self.schema.names).cast(self.schema)
        except (OSError, pa.ArrowException, ValueError) as error:
            reason = " ".join(str(error).split())
            raise TableError(
                f"{path}: cannot be read ({reason}); run {self.command} again"
            ) from error

    def _digest(self, table: pa.Table, card: Mapping[str, Any], beside: str) -> str:
        """Return the hash of what a set is learnt from."""
        names = (*_DIGESTED[:2], *self.columns, *_DIGESTED[2:])
        rows = [table[name].to_pylist() for name in names]
        said = [list(card[self.labels]), dict(card["spectrogram"]), rows]
        said += [table["frame_count"].to_pylist(), *([beside] if beside else [])]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def stored_sha256(folder: Path) -> str:
    """Return the hash that a folder's set.json tells; empty if there is none to be read."""
    return stored(folder, "sha256")


def stored_kind(folder: Path) -> str:
    """Return the kind of a folder's set; empty if there is none to be read."""
    return stored(folder, "kind", FIRST_KIND)


def stored(folder: Path, key: str, default: str = "") -> str:
    """Return what a folder's set.json says under a key; empty if there is none to be read."""
    try:
        return str(json.loads((folder / CARD).read_text(encoding="utf-8")).get(key, default))
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return ""
