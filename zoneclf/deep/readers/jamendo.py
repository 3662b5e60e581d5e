"""MTG-Jamendo's tables (Bogdanov et al. 2019; github.com/MTG/mtg-jamendo-dataset).

    TRACK_ID  ARTIST_ID  ALBUM_ID  PATH  DURATION  TAGS
    track_0000948  artist_000087  album_000149  48/948.mp3  212.7  genre---rock  mood/theme---calm

Tab-separated; each further cell is a further tag, ``category---name``.  One table, or a folder of
a split: ``autotagging_genre-train.tsv``, ``-validation.tsv``, ``-test.tsv``.  The sound may also be
there as ``48/948.low.mp3`` or as a spectrogram ``48/948.npy``.
"""

from collections import Counter
from pathlib import Path, PurePosixPath

from zoneclf.audio.files import absolute
from zoneclf.deep.readers.listing import GenreTrack, Listing, Problem, listing_of
from zoneclf.deep.readers.tables import read_rows
from zoneclf.errors import LabelError, UsageError

HEADER = ("TRACK_ID", "ARTIST_ID", "ALBUM_ID", "PATH", "DURATION", "TAGS")
ALL = "all"
_SPLITS = {"train": "train", "validation": "valid", "test": "test"}
_VARIANTS = (".mp3", ".low.mp3", ".npy")


def read_jamendo(
    path: Path, *, audio: Path | None = None, category: str = ""
) -> Listing[GenreTrack]:
    """Return the tracks of a table, or of a folder with the three tables of a split.

    Parameters
    ----------
    audio
        Folder of the sound; default: ``audio`` beside the table, or its own folder.
    category
        Tags that are learnt: ``genre``, ``instrument``, ``mood/theme``, or ``all`` (with their
        categories in their names); default: ``genre`` where there are any, else the only one.

    Raises
    ------
    LabelError
        If there is no such table.
    UsageError
        If the category is not there.
    """
    tables = _tables(path)
    rows = [(table, split, line, row) for table, split in tables for line, row in _rows(table)]
    chosen = _category([row for *_, row in rows], category)
    tracks, problems = [], []
    for table, split, line, row in rows:
        where = f"{table}:{line}"
        said = _said(row)
        tags = [tag.strip() for tag in row[5:] if tag.strip()]
        names = tuple(name for tag in tags if (name := _name(tag, chosen)))
        for tag in tags:
            if "---" not in tag:
                problems.append(Problem(where, f"tag {tag!r} has no category; passed over"))
        if said is None:
            problems.append(Problem(where, "its cells are no track, or its path leads elsewhere"))
        elif names:
            sound = _file(audio or _beside(table), said)
            tracks.append(GenreTrack(sound, names, row[1].strip(), row[2].strip(), split))
    return listing_of(tracks, problems)


def is_table(path: Path) -> bool:
    """Return whether a file begins as MTG-Jamendo's tables do."""
    with path.open("rb") as stream:
        return stream.read(64).lstrip(b"\xef\xbb\xbf").startswith(b"TRACK_ID\tARTIST_ID\t")


def _tables(path: Path) -> list[tuple[Path, str]]:
    if not path.is_dir():
        return [(path, "")]
    found = []
    for table in sorted(path.glob("*.tsv")):
        split = _SPLITS.get(table.stem.rpartition("-")[2])
        if split and is_table(table):
            found.append((table, split))
    kinds = Counter(table.stem.rpartition("-")[0] for table, _ in found)
    if len(kinds) != 1:
        names = ", ".join(kinds) or "none"
        raise LabelError(
            f"{path}: must hold the -train, -validation and -test tables of one subset ({names}); "
            "name one table, or a folder with one subset"
        )
    return found


def _rows(table: Path) -> list[tuple[int, list[str]]]:
    rows = list(read_rows(table, "\t"))
    header = tuple(cell.strip().upper() for cell in rows[0][1]) if rows else ()
    if header[: len(HEADER)] != HEADER:
        raise LabelError(f"{table}: does not begin with {' '.join(HEADER)}; is it MTG-Jamendo's?")
    return rows[1:]


def _category(rows: list[list[str]], wanted: str) -> str:
    found = Counter(
        tag.strip().partition("---")[0] for row in rows for tag in row[5:] if "---" in tag
    )
    if wanted == ALL and found:
        return ALL
    if not wanted:
        wanted = "genre" if "genre" in found or len(found) != 1 else next(iter(found))
    if wanted not in found:
        raise UsageError(
            f"option --tags: no tag of category {wanted!r}; there are {', '.join(found) or 'none'}"
        )
    return wanted


def _name(tag: str, category: str) -> str:
    kind, _, name = tag.partition("---")
    if category == ALL:
        return tag if name else ""
    return name if kind == category else ""


def _said(row: list[str]) -> str | None:
    """Return a row's path, None if it has none or one that leads out of the folder."""
    if len(row) < len(HEADER):
        return None
    path = PurePosixPath(row[3].strip())
    outside = path.is_absolute() or ".." in path.parts or not path.suffix
    return None if outside else str(path)


def _beside(table: Path) -> Path:
    places = [table.parent / "audio", table.parent.parent / "audio"]
    return next((place for place in places if place.is_dir()), table.parent)


def _file(folder: Path, said: str) -> Path:
    """Return the variant of a track's file that is there; else what the table says."""
    stem = folder / PurePosixPath(said).with_suffix("")
    places = [stem.with_name(stem.name + variant) for variant in _VARIANTS]
    return absolute(next((place for place in places if place.is_file()), folder / said))
