"""Which reader a path is for, by what lies there."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zoneclf.deep.readers.arrays import read_arrays
from zoneclf.deep.readers.fma import LEVELS, SUBSETS, Level, read_fma
from zoneclf.deep.readers.gtzan import read_gtzan
from zoneclf.deep.readers.jamendo import is_table, read_jamendo
from zoneclf.deep.readers.listing import GenreTrack, Listing
from zoneclf.deep.readers.plain import read_plain
from zoneclf.errors import LabelError, UsageError

Reader = Literal["fma", "jamendo", "gtzan", "plain", "arrays"]
READERS = ("fma", "jamendo", "gtzan", "plain", "arrays")
_TABLES = {".csv", ".tsv", ".txt"}


@dataclass(frozen=True, kw_only=True)
class ReaderOptions:
    """What readers may be told; each takes what is its own.

    `audio` is the folder of the sound (fma, jamendo, plain); `level` and `subset` are FMA's,
    `tags` is MTG-Jamendo's category; `labels` and `names` belong to arrays.
    """

    audio: Path | None = None
    level: Level = "top"
    subset: str = ""
    tags: str = ""
    labels: Path | None = None
    names: Path | None = None

    def __post_init__(self) -> None:
        for option, value, known in (
            ("--genre-level", self.level, LEVELS),
            ("--subset", self.subset, ("", *SUBSETS)),
        ):
            if value not in known:
                raise UsageError(f"option {option}: {value!r} must be one of {', '.join(known)}")
        if self.audio is not None and not self.audio.is_dir():
            raise UsageError(f"option --audio: {self.audio} is no folder")


def reader_of(path: Path) -> Reader:
    """Return the reader that what lies at `path` is for.

    Raises
    ------
    LabelError
        If it is none that is known.
    """
    if path.is_dir():
        return _reader_of_folder(path)
    if path.suffix.lower() == ".npy" and path.is_file():
        return "arrays"
    if path.suffix.lower() in _TABLES and path.is_file():
        return "jamendo" if is_table(path) else "plain"
    what = "a table (.csv, .tsv, .txt), an array (.npy) or a folder"
    there = "is not there" if not path.exists() else f"is not {what}"
    raise LabelError(f"{path}: {there}; name {what}")


def _reader_of_folder(folder: Path) -> Reader:
    if any((folder / name).is_file() for name in ("fma_metadata/tracks.csv", "tracks.csv")):
        return "fma"
    if any(is_table(table) for table in folder.glob("*.tsv") if table.is_file()):
        return "jamendo"
    if any(folder.glob("*.npy")):
        return "arrays"
    if any(path.is_dir() for path in folder.iterdir()):
        return "gtzan"
    raise LabelError(
        f"{folder}: holds nothing that is known; name a table, or say the layout with --reader"
    )


def read_source(path: Path, reader: Reader, options: ReaderOptions) -> Listing[GenreTrack]:
    """Return the tracks that a reader finds at `path`; errors are those of the readers."""
    if reader == "fma":
        return read_fma(path, audio=options.audio, level=options.level, subset=options.subset)
    if reader == "jamendo":
        return read_jamendo(path, audio=options.audio, category=options.tags)
    if reader == "gtzan":
        return read_gtzan(path)
    if reader == "arrays":
        return read_arrays(path, labels=options.labels, names=options.names)
    return read_plain(path, options.audio)
