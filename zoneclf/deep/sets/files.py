"""Files beside a prepared set that let the next run go on: sources, known files, problems."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from zoneclf.deep.csv_cells import cell
from zoneclf.deep.listening import FileState, Found
from zoneclf.deep.readers.listing import Problem
from zoneclf.deep.sets.track_set import spectrogram_folder
from zoneclf.deep.shards import SpectrogramCache
from zoneclf.deep.spectrograms import SpectrogramSettings
from zoneclf.errors import LockedError, TableError
from zoneclf.writing import make_folder, replacing, write_text

_STATE = ("path", "size_bytes", "mtime_ns")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from writing to a set's folder meanwhile.

    Raises
    ------
    LockedError
        If one is at it.
    """
    make_folder(folder)
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise LockedError(f"{folder}: locked by another zoneclf; wait for it to end") from None
    try:
        for left_over in folder.rglob(".*.part"):  # of a run that was killed
            left_over.unlink(missing_ok=True)
        yield
    finally:
        lock.release()


def open_cache(folder: Path, settings: SpectrogramSettings, source: str) -> SpectrogramCache:
    """Return the cache of a set's folder.

    Raises
    ------
    TableError
        If the folder belongs to another source or holds spectrograms of other settings.
    """
    wanted = spectrogram_folder(folder, settings)
    others = [path for path in sorted(folder.glob("spectrograms-*")) if path != wanted]
    if others:
        raise TableError(
            f"{folder}: holds {others[0].name}, made with other spectrogram settings (now "
            f"{settings.digest}); never mix two in one set, take another --name or delete it"
        )
    path = folder / "source.json"
    if path.exists():
        try:
            known = json.loads(path.read_text(encoding="utf-8"))["source"]
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise TableError(f"{path}: cannot be read ({error}); delete the folder") from error
        if known != source:
            raise TableError(
                f"{folder}: holds a set of {known}, not of {source}; take another --name"
            )
    return SpectrogramCache(wanted, settings)


def known_files(folder: Path) -> dict[FileState, str]:
    """Return the ids of files that earlier runs looked at; empty where that is not known."""
    try:
        rows = pq.read_table(folder / "files.parquet").to_pydict()
        states = zip(*(rows[name] for name in _STATE), strict=True)
        return dict(zip(states, rows["track_id"], strict=True))
    except (OSError, pa.ArrowException, KeyError, ValueError):
        return {}  # they are looked at again


def remember_files(folder: Path, found: Sequence[Found[Any]], source: str) -> None:
    """Write what was found where, before the long work begins."""
    states = {file.state: file.file_id for file in found if file.track_id}
    columns = list(zip(*states, strict=True)) or [(), (), ()]
    table = pa.table(
        {
            "path": pa.array(columns[0], pa.string()),
            "size_bytes": pa.array(columns[1], pa.int64()),
            "mtime_ns": pa.array(columns[2], pa.int64()),
            "track_id": pa.array(states.values(), pa.string()),
        }
    )
    write_text(json.dumps({"source": source}, indent=2) + "\n", folder / "source.json")
    with replacing(folder / "files.parquet") as partial:
        pq.write_table(table, partial, compression="zstd")


def write_problems(folder: Path, problems: Sequence[Problem]) -> None:
    """Write problems.csv: where, what; safe to be opened in a spreadsheet."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("where", "what"))
    writer.writerows((cell(problem.where), cell(problem.what)) for problem in problems)
    write_text(text.getvalue(), folder / "problems.csv")
