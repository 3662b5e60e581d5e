"""DEAM's annotations, read from wherever they lie below a root, and repaired where shipped wrong.

Static annotations: one arousal and one valence per song on the scale 1 to 9, the mean of about
ten raters (Aljanaki, Yang, Soleymani, PLOS ONE 2017, doi 10.1371/journal.pone.0173392).  Dynamic
annotations: a value every 0.5 s from 15 s on, on the scale -1 to 1.

As shipped, the static columns of songs up to id 1000 are swapped.  That is not assumed but found:
within each block of ids the static columns are correlated with the means of the dynamic ones, and
a block whose crossed correlations are clearly the larger is swapped back.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from zoneclf.errors import LabelError
from zoneclf.labels.deam_tables import numbers, read_csv, require_even_lines
from zoneclf.settings import DeamLabels

Values = npt.NDArray[np.float64]

# The three campaigns: 2013 (emoMusic), 2014, 2015.
BLOCKS = ((1, 1000), (1001, 2000), (2001, 2058))
# Crossed minus direct correlation, summed over both columns: 0.75 in the swapped block, -0.8 and
# -0.7 in the others.  Between the limits nothing is decided.
_CLEAR = 0.2
_FEWEST_SONGS = 8
_STATIC = "static_annotations_averaged_songs_*.csv"
_COLUMNS = ("arousal_mean", "arousal_std", "valence_mean", "valence_std")


@dataclass(frozen=True)
class BlockCheck:
    """What was found about one block of ids; the correlations sum both columns'."""

    first_id: int
    last_id: int
    songs: int
    direct: float
    crossed: float

    @property
    def verdict(self) -> str:
        """``swapped``, ``as labelled``, or ``undecided``."""
        if self.songs < _FEWEST_SONGS or not abs(self.crossed - self.direct) >= _CLEAR:
            return "undecided"
        return "swapped" if self.crossed > self.direct else "as labelled"


@dataclass(frozen=True)
class DeamAnnotations:
    """Annotations by song id: `songs` is indexed by id with arousal and valence mean and std.

    `statements` say in words what was found and done; `repair` is kept in the table's note.
    """

    songs: pd.DataFrame
    artists: dict[int, str]
    checks: tuple[BlockCheck, ...]
    statements: tuple[str, ...]
    repair: str


def load_deam(root: Path, policy: DeamLabels) -> DeamAnnotations:
    """Read DEAM's annotations below `root`.

    Parameters
    ----------
    root
        Any folder above the annotation files.
    policy
        ``repaired`` swaps back what is found swapped, ``as-shipped`` keeps the files' columns,
        ``dynamic-mean`` takes the means of the dynamic annotations, rescaled.

    Raises
    ------
    LabelError
        If files are missing, hold values off the scale, or the policy needs dynamic annotations
        that are not there.
    """
    static = read_static(root)
    dynamic = _dynamic_means(root)
    checks = () if dynamic is None else tuple(_check(static, dynamic, block) for block in BLOCKS)
    if policy != "as-shipped" and dynamic is None:
        raise LabelError(
            f"{root}: no dynamic annotations (arousal.csv, valence.csv) below it, so it cannot be "
            "told whether the static ones are swapped; add them, or use --deam-labels as-shipped"
        )
    if policy == "dynamic-mean":
        assert dynamic is not None
        songs = _from_dynamic(static, dynamic)
    else:
        songs = _repaired(static, checks) if policy == "repaired" else static
    statements = _statements(checks, policy)
    return DeamAnnotations(songs, read_artists(root), checks, statements, policy)


def annotation_files(root: Path) -> list[Path]:
    """Return every file below `root` that DEAM's labels and artists are read from."""
    names = (_STATIC, "arousal.csv", "valence.csv", "metadata_201[345].csv")
    return sorted(path for name in names for path in root.rglob(name))


def read_static(root: Path) -> pd.DataFrame:
    """Return the static annotations as shipped, indexed by song id.

    Raises
    ------
    LabelError
        If no file is below `root`, one lacks a column, or a value is off the scale 1 to 9.
    """
    paths = {path.name: path for path in sorted(root.rglob(_STATIC), reverse=True)}
    if not paths:
        raise LabelError(f"{root}: no {_STATIC} below it; check sources.deam.root")
    songs = pd.concat([_static_file(path) for path in paths.values()])
    if songs.index.has_duplicates:
        twice = songs.index[songs.index.duplicated()][0]
        raise LabelError(f"{root}: song {twice} is annotated twice; keep one copy of DEAM there")
    return songs.sort_index()


def read_dynamic(root: Path, name: str) -> pd.DataFrame | None:
    """Return dynamic annotations, shape (songs, samples), scale -1 to 1; None if not there.

    Columns are seconds from the start of the annotated part; samples a song lacks are NaN.
    """
    for path in sorted(root.rglob(f"{name}.csv")):
        table = read_csv(path)
        samples = [column for column in table.columns if column.startswith("sample_")]
        if "song_id" in table.columns and samples:
            values = numbers(table.set_index("song_id")[samples], path)
            if (values.abs() > 1).any(axis=None):
                raise LabelError(f"{path}: holds values outside -1 to 1; rescale it")
            times_s = [int(column.removeprefix("sample_").removesuffix("ms")) for column in samples]
            return values.set_axis([time / 1000 for time in times_s], axis=1)
    return None


def read_artists(root: Path) -> dict[int, str]:
    """Return each song's artist by id, from whatever metadata files are below `root`."""
    artists: dict[int, str] = {}
    for path in sorted(root.rglob("metadata_201[345].csv")):
        table = read_csv(path)
        names = {column.lower(): column for column in table.columns}
        ids = names.get("song_id") or names.get("id")
        if ids and "artist" in names:
            for song, artist in zip(table[ids], table[names["artist"]].fillna(""), strict=True):
                if str(artist).strip() and str(song).strip().isdigit():
                    artists[int(song)] = str(artist).strip()
    return artists


def _static_file(path: Path) -> pd.DataFrame:
    require_even_lines(path)
    table = read_csv(path)
    missing = [name for name in ("song_id", *_COLUMNS) if name not in table.columns]
    if missing:
        raise LabelError(f"{path}: column {missing[0]!r} is missing; is it DEAM's file?")
    songs = numbers(table.set_index("song_id")[list(_COLUMNS)], path)
    means = songs[["arousal_mean", "valence_mean"]].to_numpy()
    off = ~((means >= 1) & (means <= 9)).all(axis=1)
    if off.any():
        first = int(np.argmax(off))
        song, values = songs.index[first], means[first]
        raise LabelError(f"{path}: song {song} has {values.tolist()}, outside 1 to 9; rescale it")
    return songs


def _dynamic_means(root: Path) -> pd.DataFrame | None:
    arousal, valence = read_dynamic(root, "arousal"), read_dynamic(root, "valence")
    if arousal is None or valence is None:
        return None
    return pd.DataFrame({"arousal": arousal.mean(axis=1), "valence": valence.mean(axis=1)})


def _check(static: pd.DataFrame, dynamic: pd.DataFrame, block: tuple[int, int]) -> BlockCheck:
    both = static.join(dynamic, how="inner").dropna()
    part = both[(both.index >= block[0]) & (both.index <= block[1])]
    if len(part) < _FEWEST_SONGS:
        return BlockCheck(*block, len(part), 0.0, 0.0)
    direct = _r(part, "arousal", "arousal") + _r(part, "valence", "valence")
    crossed = _r(part, "arousal", "valence") + _r(part, "valence", "arousal")
    return BlockCheck(*block, len(part), direct, crossed)


def _r(part: pd.DataFrame, static: str, dynamic: str) -> float:
    """Return a correlation, NaN where one side is constant."""
    ours, theirs = part[f"{static}_mean"], part[dynamic]
    if ours.nunique() < 2 or theirs.nunique() < 2:
        return float("nan")
    return float(np.corrcoef(ours, theirs)[0, 1])


def _repaired(static: pd.DataFrame, checks: tuple[BlockCheck, ...]) -> pd.DataFrame:
    songs = static.copy()
    mirrored = ["valence_mean", "valence_std", "arousal_mean", "arousal_std"]
    for check in checks:
        if check.verdict == "swapped":
            rows = songs.index.slice_indexer(check.first_id, check.last_id)
            songs.iloc[rows] = static[mirrored].iloc[rows].to_numpy()
    return songs


def _from_dynamic(static: pd.DataFrame, dynamic: pd.DataFrame) -> pd.DataFrame:
    """Return dynamic means on the scale 1 to 9; spreads are not the raters' and left empty."""
    songs = pd.DataFrame(np.nan, index=static.index, columns=list(_COLUMNS))
    for name in ("arousal", "valence"):
        songs[f"{name}_mean"] = 5 + 4 * dynamic[name].reindex(static.index)
    return songs.dropna(subset=["arousal_mean", "valence_mean"])


def _statements(checks: tuple[BlockCheck, ...], policy: DeamLabels) -> tuple[str, ...]:
    done = {"repaired": "repaired", "as-shipped": "left as shipped", "dynamic-mean": "not used"}
    said = []
    for check in checks:
        ids = f"ids {check.first_id}-{check.last_id}"
        if check.verdict == "swapped":
            said.append(f"{ids}: valence and arousal swapped, {done[policy]}")
        elif check.verdict == "undecided" and check.songs:
            said.append(f"{ids}: {check.songs} songs, too alike to tell a swap; left as shipped")
        elif check.songs:
            said.append(f"{ids}: valence and arousal as labelled")
    if policy == "as-shipped" and not checks:
        said.append("no dynamic annotations: whether labels are swapped cannot be told")
    return tuple(said)
