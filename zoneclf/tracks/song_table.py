"""A track-level table (CSV, TSV or Parquet) of means over frames, such as DEAM's song tables.

A column named as openSMILE names it (``pcm_zcr_sma_amean``) is the mean over frames of that frame
column; a column map renames others first.  Voicing deltas are left out, as everywhere.
"""

import csv
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.errors import ParserWarning

from zoneclf.errors import TableError
from zoneclf.frames.columns import DESCRIPTORS, FRAME_COLUMNS, VOICING_COLUMNS, column_of
from zoneclf.frames.extractor import RATE_HZ
from zoneclf.frames.grid import FrameGrid
from zoneclf.store import Origin, TableNote, TableSpec
from zoneclf.tracks.track_table import ABOUT, TrackTable

_KNOWN = frozenset((*FRAME_COLUMNS, *VOICING_COLUMNS))


def read_song_table(path: Path, *, id_column: str, renamed: Mapping[str, str]) -> TrackTable:
    """Return the tracks of a table of means.

    Parameters
    ----------
    path
        CSV, TSV or Parquet.
    id_column
        The column that names the track, such as ``song_id``.
    renamed
        The table's own column names and the openSMILE names they stand for.

    Raises
    ------
    TableError
        If the file cannot be read, the id column is missing or not unique, no column is known, or
        a value is not a finite number.
    """
    raw = _read(path)
    names = _names(raw, id_column, path)
    columns = {name: column_of(renamed.get(str(name), str(name))) for name in raw.columns}
    chosen = {name: column for name, column in columns.items() if column in _KNOWN}
    if not chosen:
        raise TableError(
            f"{path}: no column has an openSMILE name; map them under sources.<name>.columns"
        )
    if len(set(chosen.values())) < len(chosen):
        raise TableError(f"{path}: two columns stand for the same feature; map each to its own")
    _require_numbers(raw[list(chosen)], path)
    features = raw[list(chosen)].rename(columns={n: f"{c}_mean" for n, c in chosen.items()})
    about = _about(path, names)
    note = TableNote(spec=_spec(tuple(features.columns)), origins=(_ORIGIN,))
    return TrackTable(pd.concat([about, features.astype(np.float32)], axis=1), note)


_ORIGIN = Origin(extractor="table", extractor_version=1, licence="non-commercial")


def _names(raw: pd.DataFrame, id_column: str, path: Path) -> "pd.Series[str]":
    if id_column not in raw.columns:
        have = ", ".join(map(str, raw.columns[:3]))
        raise TableError(
            f"{path}: no column {id_column!r} (it begins with {have}); name it with --id-column"
        )
    if raw[id_column].isna().any():
        raise TableError(f"{path}: a row has no {id_column}; give it one or delete it")
    names = raw[id_column].astype(str)
    if names.duplicated().any():
        raise TableError(f"{path}: {id_column} {names[names.duplicated()].iloc[0]} stands twice")
    return names


def _read(path: Path) -> pd.DataFrame:
    try:
        if path.suffix.lower() == ".parquet":
            return pd.read_parquet(path)
        with warnings.catch_warnings():
            warnings.simplefilter("error", ParserWarning)
            # index_col: else a separator at the end of each row would shift all columns by one.
            return pd.read_csv(
                path, sep=None, engine="python", encoding="utf-8-sig", index_col=False
            )
    except ParserWarning as error:
        raise TableError(f"{path}: rows have more fields than the header names") from error
    except (OSError, ValueError, UnicodeError, csv.Error) as error:
        raise TableError(f"{path}: cannot be read as a table ({error})") from error


def _require_numbers(values: pd.DataFrame, path: Path) -> None:
    for name in values.columns:
        column = values[name].to_numpy()
        if column.dtype.kind not in "fi" or not np.isfinite(column).all():
            raise TableError(f"{path}: column {name!r} holds values that are not numbers")


def _about(path: Path, names: pd.Series) -> pd.DataFrame:
    filled = {
        "track_id": [f"{path.stem}:{name}" for name in names],
        "path": [f"{path}#{name}" for name in names],
        "name": list(names),
        "status": "ok",
        "duration_s": 0.0,
        "size_bytes": 0,
        "mtime_ns": 0,
    }
    return pd.DataFrame({name: filled.get(name, "") for name in ABOUT}, index=names.index)


def _spec(features: tuple[str, ...]) -> TableSpec:
    grid = FrameGrid()
    return TableSpec(
        level="tracks",
        descriptors=DESCRIPTORS,
        window_s=grid.window_s,
        hop_s=grid.hop_s,
        rate_hz=RATE_HZ,
        features=features,
    )
